//! What was paid and what is to be paid next, for the billing page. Nothing of it is kept here.

use std::time::Duration;

use domain::{Money, Subscription};
use jiff::Timestamp;
use store::Tenant;
use stripe_billing::invoice::{CreatePreviewInvoice, ListInvoice};
use stripe_shared::{Invoice as Theirs, InvoiceStatus as Status};
use url::Url;

use crate::{
    Billing, Error,
    api::{Errand, fresh_key},
    checkout::price,
    translate::{money, time},
};

/// How long a page waits for it.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many invoices there are at most.
const MOST: usize = 12;

/// How the tenant stands with Stripe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is paid next; none if nothing is, or nobody knows.
    pub next_invoice: Option<NextInvoice>,
    /// The last invoices, newest first; at most 12.
    pub invoices: Vec<Invoice>,
    /// What the tier pro costs a month; none if the tenant has it, or it has no single price.
    pub offer: Option<Money>,
}

/// What is paid next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextInvoice {
    /// How much.
    pub amount: Money,
    /// When it is charged.
    pub at: Timestamp,
}

/// An invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// What it is called in bookkeeping.
    pub number: Option<String>,
    /// When it was made final.
    pub at: Timestamp,
    /// What it is about in all.
    pub amount: Money,
    /// What became of it.
    pub status: InvoiceStatus,
    /// Stripe's page about it, on which it can be paid.
    pub url: Option<Url>,
    /// The document.
    pub pdf: Option<Url>,
}

/// What became of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// It waits to be paid.
    Open,
    /// It is paid.
    Paid,
    /// Nobody expects any more that it is paid.
    Uncollectible,
    /// It was a mistake.
    Void,
}

impl Billing {
    /// How the tenant stands with Stripe, within four seconds; nothing but the offer if the tenant never was
    /// about to pay.
    ///
    /// # Errors
    /// If Stripe or the database fails, or does not answer in time.
    pub async fn account(&self, tenant: &Tenant) -> Result<Account, Error> {
        let customer = self.store.customer(tenant).await?;
        let errand = self.api.errand_within(PATIENCE.min(self.api.patience.errand));
        let is_alive = customer.as_ref().and_then(|customer| customer.subscription.as_ref());
        let offer = async {
            match is_alive.is_some_and(|subscription| !subscription.status.is_over()) {
                true => Ok(None),
                false => offer(&errand).await,
            }
        };
        let Some(customer) = &customer else {
            return Ok(Account { offer: offer.await?, ..Account::default() });
        };
        let (next_invoice, invoices, offer) = tokio::try_join!(
            next_invoice(&errand, &customer.id, customer.subscription.as_ref()),
            invoices(&errand, &customer.id),
            offer,
        )?;
        Ok(Account { next_invoice, invoices, offer })
    }
}

async fn offer(errand: &Errand<'_>) -> Result<Option<Money>, Error> {
    match price(errand).await {
        Ok(price) => Ok(price.unit_amount.map(|amount| money(amount, &price.currency))),
        Err(Error::NoPrice) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn next_invoice(
    errand: &Errand<'_>,
    customer: &str,
    subscription: Option<&Subscription>,
) -> Result<Option<NextInvoice>, Error> {
    let Some(subscription) = subscription.filter(|one| one.goes_on()) else { return Ok(None) };
    let preview = CreatePreviewInvoice::new().customer(customer).subscription(subscription.id.as_str());
    let preview = match errand.write(&preview, fresh_key()).await {
        Ok(preview) => preview,
        // Nothing is to come (any more), whatever we knew.
        Err(Error::Missing(_) | Error::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let at = preview.next_payment_attempt.map(time).or(subscription.current_period_end);
    Ok(at.map(|at| NextInvoice { amount: money(preview.amount_due, &preview.currency), at }))
}

async fn invoices(errand: &Errand<'_>, customer: &str) -> Result<Vec<Invoice>, Error> {
    // Some more, for drafts are no invoices yet.
    let list = ListInvoice::new().customer(customer).limit(2 * i64::try_from(MOST).unwrap_or_default());
    Ok(errand.read(&list).await?.data.iter().filter_map(invoice).take(MOST).collect())
}

fn invoice(theirs: &Theirs) -> Option<Invoice> {
    let status = match theirs.status.as_ref()? {
        Status::Open => InvoiceStatus::Open,
        Status::Paid => InvoiceStatus::Paid,
        Status::Uncollectible => InvoiceStatus::Uncollectible,
        Status::Void => InvoiceStatus::Void,
        _ => return None,
    };
    let url = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    Some(Invoice {
        number: theirs.number.clone(),
        at: time(theirs.status_transitions.finalized_at.unwrap_or(theirs.created)),
        amount: money(theirs.total, &theirs.currency),
        status,
        url: url(&theirs.hosted_invoice_url),
        pdf: url(&theirs.invoice_pdf),
    })
}
