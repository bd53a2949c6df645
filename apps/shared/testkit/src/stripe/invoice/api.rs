//! What the API does with invoices.

use serde_json::{Value, json};

use super::super::document::{Document, id};
use super::super::form::Form;
use super::super::state::State;
use super::super::subscription::{is_over, next_end, period_end};
use super::super::{Card, Problem, card, listing};
use super::collect::{Attempt, Payment, collect};
use super::draft::{Bill, document};

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let customer = form.given("customer");
    let subscription = form.given("subscription");
    let status = form.one_of("status", &["draft", "open", "paid", "uncollectible", "void"])?;
    form.ignore(&["collection_method"]);
    let wanted = |one: &&Value| {
        customer.is_none_or(|customer| one["customer"] == customer)
            && subscription.is_none_or(|id| super::subscription(one) == id)
            && status.is_none_or(|status| one["status"] == status)
    };
    listing::page(state, "/v1/invoices", state.all("invoice").filter(wanted), form)
}

pub(crate) fn pay(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let invoice = state.at("invoice", id)?.clone();
    let method = form.given("payment_method");
    if let Some(method) = method {
        card::belongs_to(state, method, invoice.text("customer"), "payment_method")?;
    }
    let attempt = if form.flag("off_session")? == Some(false) { Attempt::Present } else { Attempt::Requested };
    form.all_read()?;
    match invoice.text("status") {
        "draft" => super::finalize(state, id),
        "open" => {}
        "paid" => return Err(Problem::invalid("Invoice is already paid")),
        status => return Err(Problem::invalid(format!("This invoice is {status} and cannot be paid."))),
    }
    if state.show(id)["status"] == "open" {
        match collect(state, id, attempt, method) {
            Payment::Paid => {}
            Payment::Declined => return Err(Problem::declined()),
            Payment::NeedsAuthentication => return Err(Problem::needs_authentication()),
        }
    }
    Ok(state.show(id))
}

/// What the customer does on the invoice's page: pays, and confirms if need be. The card becomes the
/// one of the subscription.
pub(crate) fn pay_on_page(state: &mut State, id: &str, card: Card) -> Result<(), Problem> {
    let invoice = state.at("invoice", id)?.clone();
    if invoice["status"] != "open" {
        return Err(Problem::invalid(format!("This invoice is {} and need not be paid.", invoice.text("status"))));
    }
    let Some(method) = card::attach(state, invoice.text("customer"), card) else {
        return Err(Problem::invalid("A card is needed to pay.").at("card"));
    };
    match collect(state, id, Attempt::Present, Some(&method)) {
        Payment::Paid => {
            let subscription = super::subscription(&invoice);
            if !is_over(&state.show(subscription)) {
                state.update(subscription, "customer.subscription.updated", |one| {
                    one["default_payment_method"] = method.into();
                });
            }
            Ok(())
        }
        Payment::Declined | Payment::NeedsAuthentication => Err(Problem::declined()),
    }
}

/// The next invoice of a subscription, as it would be.
pub(crate) fn preview(state: &State, form: &Form) -> Result<Value, Problem> {
    let customer = form.given("customer");
    if let Some(customer) = customer {
        state.named("customer", customer, "customer")?;
    }
    let subscription = match form.given("subscription") {
        Some(id) => Some(state.named("subscription", id, "subscription")?),
        None => {
            let customer = customer.ok_or_else(|| Problem::missing("customer"))?;
            state
                .all("subscription")
                .filter(|one| one["customer"] == customer && goes_on(one))
                .min_by_key(|one| period_end(one))
        }
    };
    form.all_read()?;
    let none = || {
        let whose = customer.or(subscription.map(|one| one.text("customer"))).unwrap_or_default();
        Problem::invalid(format!("No upcoming invoices for customer: {whose}"))
            .code("invoice_upcoming_none")
            .status(404)
    };
    let subscription = subscription.filter(|one| goes_on(one)).ok_or_else(none)?;
    let shown = state.show(subscription.text("id"));
    let start = period_end(&shown);
    let end = next_end(shown.number("billing_cycle_anchor"), start, &shown["items"]["data"][0]["price"]["recurring"]);
    let mut invoice = document(state, shown.text("id"), "subscription_cycle", Bill::Period, (start, end));
    let upcoming = id("upcoming_in_", 24);
    for line in invoice["lines"]["data"].as_array_mut().into_iter().flatten() {
        line["invoice"] = json!(upcoming);
    }
    invoice["lines"]["url"] = format!("/v1/invoices/{upcoming}/lines").into();
    invoice["id"] = upcoming.into();
    invoice["billing_reason"] = "upcoming".into();
    invoice["created"] = start.into();
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["next_payment_attempt"] = (start + 60 * 60).into();
    Ok(invoice)
}

/// Whether it will have another invoice.
fn goes_on(subscription: &Value) -> bool {
    let ends = subscription.time("cancel_at").is_some_and(|end| end <= period_end(subscription));
    !is_over(subscription) && !ends && !matches!(subscription.text("status"), "incomplete" | "paused" | "unpaid")
}
