//! What the organization pays for and what it uses of it: subscribing, managing, cancelling.
//!
//! Stripe's own pages do what has to do with money; this page leads there and shows what Stripe has.

mod webhook;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use billing::{Account, Billing, InvoiceStatus};
use domain::{Action, Limits, Money, Subscription, Tier};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Metered, Waiting};
use url::Url;
use uuid::Uuid;

pub(crate) use self::webhook::webhook;
use crate::{
    body::Form,
    error::WebError,
    page::{Page, Section, go, html, html_with},
    session::SignedIn,
    show::standing::Standing,
    state::State,
    usage::Usage,
};

/// How many months of use are told.
const MONTHS: usize = 12;

#[derive(Template)]
#[template(path = "billing.html")]
struct BillingPage {
    page: Page,
    tier: Tier,
    /// The limits of every tier, for comparing.
    tiers: Vec<(Tier, Limits)>,
    usage: Usage,
    months: Vec<Metered>,
    /// None if nothing is sold here.
    sale: Option<Sale>,
    /// Why what was asked for was not done.
    problem: Option<String>,
}

/// What there is where subscriptions are sold.
struct Sale {
    subscription: Option<Subscription>,
    standing: Option<Standing>,
    /// Where Stripe sends receipts.
    email: Option<String>,
    /// None if Stripe did not answer in time.
    account: Option<Account>,
    /// Names this page, so that a form that is sent twice has one effect.
    once: String,
}

impl Sale {
    /// Whether there is a subscription that can be managed.
    fn is_alive(&self) -> bool {
        self.subscription.as_ref().is_some_and(|subscription| !subscription.status.is_over())
    }

    fn may_cancel(&self) -> bool {
        self.subscription.as_ref().is_some_and(Subscription::goes_on)
    }

    fn may_resume(&self) -> bool {
        self.subscription.as_ref().is_some_and(|one| !one.status.is_over() && one.cancel_at.is_some())
    }

    /// What the tier pro costs a month, if Stripe has said so.
    fn offer(&self) -> Option<&Money> {
        self.account.as_ref()?.offer.as_ref()
    }

    /// Stripe's page of the invoice that is open, if there is one.
    fn open_invoice(&self) -> Option<&str> {
        self.subscription.as_ref()?.open_invoice.as_ref()?.url.as_deref()
    }
}

impl BillingPage {
    fn is_free(&self) -> bool {
        self.tier == Tier::Free
    }

    /// Whether the schedules ask for more than the tier allows.
    fn is_too_much(&self) -> bool {
        self.usage.limits.runs_a_month.is_some_and(|limit| self.usage.forecast.total() > u64::from(limit))
    }

    fn is_current(&self, tier: &Tier) -> bool {
        *tier == self.tier
    }
}

/// How an invoice's state is drawn, and its word.
fn invoice_state(status: &InvoiceStatus) -> (&'static str, &'static str) {
    match status {
        InvoiceStatus::Paid => ("passed", "paid"),
        InvoiceStatus::Open => ("slow", "open"),
        InvoiceStatus::Uncollectible => ("failed", "not paid"),
        InvoiceStatus::Void => ("skipped", "void"),
    }
}

#[derive(Template)]
#[template(path = "billing/cancel.html")]
struct CancelPage {
    page: Page,
    subscription: Subscription,
    end: Timestamp,
    waiting: Waiting,
    free: Limits,
}

/// A page that sends the browser on to Stripe's. An answer that redirects would not do: after a form browsers
/// follow it only to the sites that the page's policy names, and Stripe's may have an address of the
/// account's own.
#[derive(Template)]
#[template(path = "billing/leave.html")]
struct LeavePage {
    page: Page,
    to: Url,
}

/// `GET /billing`
pub(crate) async fn page(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    html(&read(&request, member, &state).await?)
}

async fn read(request: &HttpRequest, member: SignedIn, state: &State) -> Result<BillingPage, WebError> {
    let tenant = *member.tenant();
    let tiers = state.store.tiers();
    let tier = tiers.in_force.unwrap_or(member.tier);
    let sale = async {
        let Some(billing) = &state.billing else { return Ok(None) };
        sale(billing, &member, state).await.map(Some)
    };
    let (usage, months, sale) = tokio::try_join!(
        async { Usage::read(&state.store, &tenant, tiers.limits(tier).clone()).await.map_err(WebError::from) },
        async { state.store.metered(&tenant, MONTHS).await.map_err(WebError::from) },
        sale,
    )?;
    Ok(BillingPage {
        tier,
        tiers: [Tier::Free, Tier::Pro, Tier::Enterprise].map(|tier| (tier, tiers.limits(tier).clone())).into(),
        page: Page::of(request, Section::Billing, member),
        usage,
        months,
        sale,
        problem: None,
    })
}

async fn sale(billing: &Billing, member: &SignedIn, state: &State) -> Result<Sale, WebError> {
    let (customer, account) = tokio::join!(state.store.customer(member.tenant()), billing.account(member.tenant()));
    let customer = customer?;
    let account = match account {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the billing page is shown without invoices");
            None
        }
    };
    let email = customer.as_ref().and_then(|customer| customer.email.clone());
    let subscription = customer.and_then(|customer| customer.subscription);
    let now = state.store.now().await?;
    Ok(Sale {
        standing: subscription.as_ref().and_then(|subscription| Standing::of(subscription, now)),
        subscription,
        email,
        account,
        once: Uuid::new_v4().simple().to_string(),
    })
}

/// What subscriptions are sold through; there is no such page where none are.
fn sold(state: &State) -> Result<&Billing, WebError> {
    state.billing.as_ref().ok_or(WebError::NotFound)
}

/// The page again, with why it was not done.
async fn not_done(
    request: &HttpRequest,
    member: SignedIn,
    state: &State,
    error: &billing::Error,
) -> Result<HttpResponse, WebError> {
    let status = match error {
        billing::Error::Store(error) => return Err(WebError::internal(error.to_string())),
        billing::Error::Unreachable(_) | billing::Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        billing::Error::Subscribed | billing::Error::NotSubscribed | billing::Error::Outdated => StatusCode::CONFLICT,
        _ => StatusCode::BAD_GATEWAY,
    };
    tracing::warn!(error = error as &dyn std::error::Error, "something was not done at Stripe");
    let page = read(request, member, state).await?;
    html_with(status, &BillingPage { problem: Some(error.to_string()), ..page })
}

/// A token of the page that a form was on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Once {
    once: String,
}

/// `POST /billing/checkout`: on to Stripe's page for subscribing.
pub(crate) async fn checkout(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(Once { once }): Form<Once>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    let billing = sold(&state)?;
    match billing.checkout(member.tenant(), &member.email, &member.organization_name, &once).await {
        Ok(to) => leave(&request, member, to),
        Err(error) => not_done(&request, member, &state, &error).await,
    }
}

/// `POST /billing/portal`: on to Stripe's page for cards and invoices.
pub(crate) async fn portal(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    match sold(&state)?.portal(member.tenant()).await {
        Ok(to) => leave(&request, member, to),
        Err(error) => not_done(&request, member, &state, &error).await,
    }
}

fn leave(request: &HttpRequest, member: SignedIn, to: Url) -> Result<HttpResponse, WebError> {
    html(&LeavePage { page: Page::of(request, Section::Billing, member), to })
}

/// `GET /billing/done`: back from Stripe's page for subscribing. What was bought holds at once, whether
/// Stripe's webhook has come or not.
pub(crate) async fn done(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    match sold(&state)?.refresh(member.tenant()).await {
        Ok(_) => {
            state.sessions.forget(&member.hash);
            Ok(go("/billing"))
        }
        Err(error) => not_done(&request, member, &state, &error).await,
    }
}

/// `GET /billing/cancel`: what cancelling would change.
pub(crate) async fn ask_to_cancel(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    sold(&state)?;
    let customer = state.store.customer(member.tenant()).await?;
    let Some(subscription) = customer.and_then(|customer| customer.subscription).filter(Subscription::goes_on) else {
        return Ok(go("/billing"));
    };
    let waiting = state.store.would_wait(member.tenant(), Tier::Free).await?;
    let end = match subscription.current_period_end {
        Some(end) => end,
        None => state.store.now().await?,
    };
    let free = state.store.tiers().limits(Tier::Free).clone();
    html(&CancelPage { page: Page::of(&request, Section::Billing, member), subscription, end, waiting, free })
}

/// `POST /billing/cancel`: at the end of what is paid.
pub(crate) async fn cancel(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    match sold(&state)?.cancel(member.tenant()).await {
        Ok(()) => Ok(go("/billing")),
        Err(error) => not_done(&request, member, &state, &error).await,
    }
}

/// `POST /billing/resume`: it goes on after all.
pub(crate) async fn resume(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Bill)?;
    match sold(&state)?.resume(member.tenant()).await {
        Ok(()) => Ok(go("/billing")),
        Err(error) => not_done(&request, member, &state, &error).await,
    }
}
