//! Cards: no real ones, only Stripe's own test cards, told apart by their last four digits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::document::{Document, id};
use super::state::State;
use super::{Problem, subscription};

/// How a customer pays, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Card {
    /// Pays.
    Good,
    /// Can be stored, and is declined when it should pay.
    Declines,
    /// Pays only when the customer confirms, so that no renewal goes by itself.
    Authenticate,
    /// There is none.
    Missing,
}

impl Card {
    pub(crate) const REAL: [Card; 3] = [Card::Good, Card::Declines, Card::Authenticate];

    /// As it is written in forms.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Card::Good => "good",
            Card::Declines => "declines",
            Card::Authenticate => "authenticate",
            Card::Missing => "missing",
        }
    }

    pub(crate) fn read(name: &str) -> Result<Card, Problem> {
        let known = Card::REAL.into_iter().chain([Card::Missing]).find(|card| card.name() == name);
        known.ok_or_else(|| {
            let choices = "good, declines, authenticate, missing";
            Problem::invalid(format!("There is no card `{name}`; there are: {choices}.")).at("card")
        })
    }

    pub(crate) fn last4(self) -> Option<&'static str> {
        match self {
            Card::Good => Some("4242"),
            Card::Declines => Some("0341"),
            Card::Authenticate => Some("3184"),
            Card::Missing => None,
        }
    }
}

/// A new payment method of a customer; none for no card.
pub(crate) fn attach(state: &mut State, customer: &str, card: Card) -> Option<String> {
    let last4 = card.last4()?;
    let address = json!({
        "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null
    });
    Some(state.add(json!({
        "id": id("pm_", 24),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": address, "email": state.show(customer)["email"], "name": null, "phone": null, "tax_id": null
        },
        "card": {
            "brand": "visa",
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2040,
            "fingerprint": id("", 16),
            "funding": "credit",
            "generated_from": null,
            "last4": last4,
            "networks": { "available": ["visa"], "preferred": null },
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        },
        "created": state.now,
        "customer": customer,
        "livemode": false,
        "metadata": {},
        "type": "card",
    })))
}

/// Makes it the card that pays everything of the customer from now on.
pub(crate) fn replace(state: &mut State, customer: &str, card: Card) -> Result<(), Problem> {
    state.alive("customer", customer)?;
    let method = attach(state, customer, card);
    state.update(customer, "customer.updated", |customer| {
        customer["invoice_settings"]["default_payment_method"] = method.into();
    });
    // The customer's default counts only where a subscription has none of its own.
    for own in state.ids("subscription", |one| one["customer"] == customer && !one["default_payment_method"].is_null())
    {
        state.update(&own, "customer.subscription.updated", |one| one["default_payment_method"] = Value::Null);
    }
    Ok(())
}

/// The payment method that pays a subscription.
pub(crate) fn method(state: &State, subscription: &Value) -> Option<String> {
    let customer = state.get(subscription.text("customer"))?;
    let own = subscription["default_payment_method"].as_str();
    own.or(customer["invoice_settings"]["default_payment_method"].as_str()).map(str::to_owned)
}

/// The card that pays a subscription.
pub(crate) fn of(state: &State, subscription: &Value) -> Card {
    method(state, subscription).map_or(Card::Missing, |method| kind(state, &method))
}

/// The card that pays the latest subscription of a customer, or would pay the next one.
pub(crate) fn of_customer(state: &State, customer: &str) -> Card {
    let latest = state.all("subscription").rfind(|one| one["customer"] == customer && !subscription::is_over(one));
    match (latest, state.get(customer)) {
        (Some(latest), _) => of(state, latest),
        (None, Some(customer)) => kind(state, customer["invoice_settings"].text("default_payment_method")),
        (None, None) => Card::Missing,
    }
}

/// What a payment method does.
pub(crate) fn kind(state: &State, method: &str) -> Card {
    let last4 = state.get(method).map(|method| method["card"].text("last4"));
    Card::REAL.into_iter().find(|card| card.last4() == last4).unwrap_or(Card::Missing)
}

pub(crate) fn belongs_to(state: &State, method: &str, customer: &str, param: &str) -> Result<(), Problem> {
    if state.named("payment_method", method, param)?["customer"] == customer {
        return Ok(());
    }
    Err(Problem::invalid(format!("The customer does not have a payment method with the ID {method}.")).at(param))
}
