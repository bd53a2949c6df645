//! What most tests begin with: a fake, a client for it, a price to subscribe to.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy};
use testkit::stripe::{Card, FakeStripe};

/// A fake in which there is something to buy.
pub struct Shop {
    pub stripe: FakeStripe,
    pub client: Client,
    pub price: String,
}

pub async fn open() -> Shop {
    let stripe = FakeStripe::start().await;
    let client = client(&stripe);
    let price = stripe
        .call(
            "POST",
            "/v1/prices",
            &[
                ("currency", "usd"),
                ("unit_amount", "3999"),
                ("recurring[interval]", "month"),
                ("product_data[name]", "Pro"),
                ("lookup_key", "pro_monthly"),
                ("metadata[tier]", "pro"),
            ],
        )
        .expect("the price is made");
    Shop { stripe, client, price: text(&price, "id") }
}

pub fn client(stripe: &FakeStripe) -> Client {
    ClientBuilder::new(stripe.secret_key())
        .url(stripe.url())
        .timeout(Duration::from_secs(10))
        .build()
        .expect("the address is one")
}

impl Shop {
    /// A customer without a card.
    pub fn customer(&self) -> String {
        text(
            &self.stripe.call("POST", "/v1/customers", &[("email", "ada@example.com")]).expect("the customer is made"),
            "id",
        )
    }

    /// An open checkout session of a customer, with these parameters besides.
    pub fn session(&self, customer: &str, more: &[(&str, &str)]) -> Value {
        let mut params = vec![
            ("mode", "subscription"),
            ("customer", customer),
            ("line_items[0][price]", self.price.as_str()),
            ("line_items[0][quantity]", "1"),
            ("success_url", "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}"),
            ("cancel_url", "http://127.0.0.1:9/back"),
        ];
        params.extend(more);
        self.stripe.call("POST", "/v1/checkout/sessions", &params).expect("the session is made")
    }

    /// Somebody who has paid for the first month: the customer and the subscription.
    pub async fn subscriber(&self) -> (String, String) {
        let customer = self.customer();
        let session = self.session(&customer, &[]);
        let session = self.stripe.pay_checkout(&text(&session, "id"), Card::Good).await;
        (customer, text(&session, "subscription"))
    }

    /// The status of a subscription.
    pub fn status(&self, subscription: &str) -> String {
        text(&self.stripe.subscription(subscription), "status")
    }

    /// A subscription's latest invoice.
    pub fn latest(&self, subscription: &str) -> Value {
        self.stripe.object(&text(&self.stripe.subscription(subscription), "latest_invoice"))
    }

    /// The types of the events since there were so many.
    pub fn events_since(&self, count: usize) -> Vec<String> {
        self.stripe.events().into_iter().skip(count).map(|event| event.kind).collect()
    }
}

pub fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("{name} is a text in {object}")).to_owned()
}

pub fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub fn once(key: &str) -> RequestStrategy {
    RequestStrategy::Idempotent(IdempotencyKey::new(key).expect("the key is one"))
}
