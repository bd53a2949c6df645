//! Invoices: made by subscriptions, finalized, collected.

mod api;
mod collect;
mod draft;
mod payment;

use serde_json::Value;

use super::document::Document;
use super::state::State;

pub(crate) use api::{list, pay, pay_on_page, preview};
pub(crate) use collect::{Attempt, Payment, collect};
pub(crate) use draft::{Bill, draft};
pub(crate) use payment::payments;

/// The id of the subscription that it is for.
pub(crate) fn subscription(invoice: &Value) -> &str {
    invoice["parent"]["subscription_details"].text("subscription")
}

/// From a draft to an invoice with a number; paid at once if there is nothing to pay.
pub(crate) fn finalize(state: &mut State, id: &str) {
    let now = state.now;
    let origin = state.origin.clone();
    let invoice = state.show(id);
    let customer = invoice.text("customer");
    let (prefix, sequence) = match state.get(customer) {
        Some(customer) => (customer.text("invoice_prefix").to_owned(), customer.number("next_invoice_sequence")),
        None => (String::new(), 1),
    };
    state.edit(customer, |customer| {
        if !customer.is("deleted") {
            customer["next_invoice_sequence"] = (sequence + 1).into();
        }
    });
    state.edit(id, |one| {
        one["status"] = "open".into();
        one["number"] = format!("{prefix}-{sequence:04}").into();
        one["effective_at"] = now.into();
        one["automatically_finalizes_at"] = Value::Null;
        one["next_payment_attempt"] = Value::Null;
        one["hosted_invoice_url"] = format!("{origin}invoice/{id}").into();
        one["invoice_pdf"] = format!("{origin}invoice/{id}/pdf").into();
        one["status_transitions"]["finalized_at"] = now.into();
    });
    state.tell("invoice.finalized", id);
    if invoice.number("amount_due") == 0 {
        collect::settle(state, id, 0);
    }
}

/// Says that it need not be paid.
pub(crate) fn void(state: &mut State, id: &str) {
    close(state, id, "void", "voided_at", "invoice.voided");
}

/// Says that nobody will pay it.
pub(crate) fn give_up(state: &mut State, id: &str) {
    close(state, id, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible");
}

fn close(state: &mut State, id: &str, status: &str, at: &str, event: &str) {
    let now = state.now;
    if state.show(id)["status"] == "draft" {
        finalize(state, id);
    }
    if state.show(id)["status"] != "open" {
        return;
    }
    state.update(id, "invoice.updated", |one| {
        one["status"] = status.into();
        one["status_transitions"][at] = now.into();
        one["auto_advance"] = false.into();
        one["next_payment_attempt"] = Value::Null;
    });
    state.tell(event, id);
}

/// Leaves it as it is: nothing is done about it by itself any more.
pub(crate) fn leave(state: &mut State, id: &str) {
    state.update(id, "invoice.updated", |one| {
        one["auto_advance"] = false.into();
        one["automatically_finalizes_at"] = Value::Null;
        one["next_payment_attempt"] = Value::Null;
    });
}
