//! A server that sells through a fake Stripe, and members who buy.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use billing::{Billing, Patience, SetUp};
use domain::{Money, Subscription, Tier};
use jiff::{SignedDuration, Timestamp, ToSpan};
use runtime::config::{BillingConfig, Environment};
use secrecy::ExposeSecret;
use serde_json::Value;
use store::{Member, NewSession, Store};
use testkit::{
    TestDatabase, factory,
    stripe::{Card, Event, FakeStripe},
};
use tokio::net::TcpListener;
use url::Url;

use crate::post::{self, Post};

/// A day of the fake's clock.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Long enough for a fake on the same machine, short enough for one that does not answer.
pub const PATIENCE: Patience = Patience { answer: Duration::from_secs(3), errand: Duration::from_secs(12) };

/// Somebody who sells.
pub struct Shop {
    pub stripe: Arc<FakeStripe>,
    pub store: Store,
    pub webhook_secret: String,
    pub origin: Url,
    billing: Billing,
    _post: Post,
}

/// An account at the fake, as the environment would tell of it.
pub fn config(stripe: &FakeStripe, webhook_secret: Option<&str>) -> BillingConfig {
    let url = stripe.url();
    let mut variables = vec![("STRIPE_SECRET_KEY", stripe.secret_key()), ("STRIPE_API_URL", &url)];
    variables.extend(webhook_secret.map(|secret| ("STRIPE_WEBHOOK_SECRET", secret)));
    BillingConfig::read(&Environment::given(variables)).unwrap().unwrap()
}

pub fn price() -> Money {
    Money::parse("39.99", "usd").unwrap()
}

/// An account in which everything is set up, and a server that hears of events.
pub async fn open(database: &TestDatabase) -> Shop {
    let stripe = Arc::new(FakeStripe::start().await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let done = SetUp::perform(&config(&stripe, None), &origin, &price()).await.unwrap();
    let webhook_secret = done.webhook_secret.unwrap().expose_secret().to_owned();
    let config = config(&stripe, Some(&webhook_secret));
    let store = database.open().await;
    let billing = Billing::new(&config, store.clone(), origin.clone()).unwrap().with_patience(PATIENCE);
    let _post = post::open(listener, Arc::clone(&stripe), Arc::new(OnceLock::from(billing.clone())));
    Shop { stripe, store, webhook_secret, origin, billing, _post }
}

impl Shop {
    /// Whoever sells, by the fake's clock.
    pub fn billing(&self) -> Billing {
        self.billing.clone().at(self.stripe.now())
    }

    pub async fn member(&self) -> Member {
        factory::member(&self.store).await
    }

    /// Asks for the page on which the member can subscribe; gives back the id of the session.
    pub async fn checkout(&self, member: &Member, once: &str) -> Result<String, billing::Error> {
        let url = self.billing().checkout(member.tenant(), &member.email, &member.organization_name, once).await?;
        let all = self.stripe.call("GET", "/v1/checkout/sessions", &[("limit", "100")]).unwrap();
        let sessions = all["data"].as_array().unwrap().clone();
        let session = sessions.into_iter().find(|session| session["url"] == url.as_str()).unwrap();
        Ok(session["id"].as_str().unwrap().to_owned())
    }

    /// A member who has subscribed, and whose webhooks have gone where webhooks go.
    pub async fn subscriber(&self, card: Card) -> Member {
        let member = self.member().await;
        let session = self.checkout(&member, "first").await.unwrap();
        self.stripe.pay_checkout(&session, card).await;
        self.stripe.settled().await;
        member
    }

    /// The customer's id.
    pub async fn customer(&self, member: &Member) -> String {
        self.store.customer(member.tenant()).await.unwrap().expect("they are a customer").id
    }

    /// What is kept of the member's subscription.
    pub async fn subscription(&self, member: &Member) -> Option<Subscription> {
        self.store.customer(member.tenant()).await.unwrap().and_then(|customer| customer.subscription)
    }

    /// The id of the only subscription that the fake has of a member.
    pub async fn theirs(&self, member: &Member) -> String {
        let all = self.stripe.subscriptions(&self.customer(member).await);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0]["id"].as_str().unwrap().to_owned()
    }

    pub async fn tier(&self, member: &Member) -> Tier {
        let token_hash = factory::token();
        let expires_at = Timestamp::now() + 1.hour();
        let session = NewSession { token_hash, user_agent: "Tests".to_owned(), expires_at };
        self.store.create_session(member.user_id, session).await.unwrap();
        self.store.member(token_hash).await.unwrap().unwrap().tier
    }

    /// What the member's organization was told: the first parts of the keys, such as `payment_failed`.
    pub async fn told(&self, member: &Member) -> Vec<String> {
        let organization = Some(member.tenant().organization());
        let mails = self.store.mails(10_000).await.unwrap();
        let ours = mails.into_iter().filter(|mail| mail.organization == organization);
        let mut kinds: Vec<String> = ours.map(|mail| mail.key.unwrap().split(':').next().unwrap().to_owned()).collect();
        kinds.reverse();
        kinds
    }

    /// Moves the fake's clock, lets webhooks arrive, and does what is due by time alone.
    pub async fn pass(&self, time: SignedDuration) {
        self.stripe.advance(time).await;
        self.stripe.settled().await;
        self.billing().settle().await.unwrap();
    }

    /// The events about a customer that the server wants to hear of, oldest first.
    pub fn events_of(&self, customer: &str) -> Vec<Event> {
        let wanted: BTreeSet<String> =
            self.stripe.call("GET", "/v1/webhook_endpoints", &[]).unwrap()["data"][0]["enabled_events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|kind| kind.as_str().unwrap().to_owned())
                .collect();
        let about = |event: &Event| event.object()["customer"] == customer || event.object()["id"] == customer;
        self.stripe.events().into_iter().filter(|event| wanted.contains(&event.kind) && about(event)).collect()
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
