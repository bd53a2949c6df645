//! Events: what happened, with a copy of the object as it was then.

use serde_json::{Map, Value, json};

use super::courier::Delivery;
use super::document::{Document, id};
use super::form::Form;
use super::state::State;
use super::{API_VERSION, Problem, endpoint, listing};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// Such as `customer.subscription.updated`.
    pub kind: String,
    /// The whole event, as it is delivered.
    pub json: Value,
}

impl Event {
    pub(crate) fn of(json: &Value) -> Event {
        Event { id: json.text("id").to_owned(), kind: json.text("type").to_owned(), json: json.clone() }
    }

    /// The object that it is about, as it was.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.json["data"]["object"]
    }
}

/// Writes down that something happened, and for which endpoints it is.
pub(crate) fn tell(state: &mut State, kind: &str, object: &Value, previous: Option<Map<String, Value>>) {
    let endpoints = endpoint::of(state, kind);
    let mut data = json!({ "object": object });
    if let Some(previous) = previous {
        data["previous_attributes"] = previous.into();
    }
    let (request, key) = state.cause.clone().unzip();
    let event = state.add(json!({
        "id": id("evt_", 24),
        "object": "event",
        "api_version": API_VERSION,
        "created": state.now,
        "data": data,
        "livemode": false,
        "pending_webhooks": endpoints.len(),
        "request": { "id": request, "idempotency_key": key.flatten() },
        "type": kind,
    }));
    for endpoint in endpoints {
        state.deliveries.push(Delivery::new(event.clone(), endpoint));
    }
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let kind = form.given("type");
    let kinds = form.texts("types");
    let delivered = form.flag("delivery_success")?;
    let wanted = |event: &&Value| {
        let of_kind = |wanted: &str| match wanted.strip_suffix('*') {
            Some(start) => event.text("type").starts_with(start),
            None => event["type"] == wanted,
        };
        kind.is_none_or(of_kind)
            && (kinds.is_empty() || kinds.iter().any(|kind| of_kind(kind)))
            && delivered.is_none_or(|delivered| delivered == (event["pending_webhooks"] == 0))
    };
    listing::page(state, "/v1/events", state.all("event").filter(wanted), form)
}
