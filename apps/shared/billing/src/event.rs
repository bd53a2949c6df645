//! Stripe's events: which ones we listen to, and whom they are about.

use serde::Deserialize;
use serde_json::Value;

/// What is worth reading a customer again.
pub(crate) const WANTED: [&str; 12] = [
    "checkout.session.completed",
    "customer.updated",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
];

/// All that is read of an event. What it says of its object is left alone: it was so when the event was made.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default)]
    object: Object,
}

#[derive(Debug, Default, Deserialize)]
struct Object {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    customer: Value,
}

impl Event {
    pub(crate) fn is_wanted(&self) -> bool {
        WANTED.contains(&self.kind.as_str())
    }

    /// The id of the customer it is about; none if it is about none.
    pub(crate) fn customer(&self) -> Option<&str> {
        let Object { id, object, customer } = &self.data.object;
        match customer {
            _ if object == "customer" => id.as_str(),
            Value::Object(customer) => customer.get("id")?.as_str(),
            customer => customer.as_str(),
        }
    }
}
