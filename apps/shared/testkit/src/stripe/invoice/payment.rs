//! What was tried to pay an invoice: its payment with the payment intent behind it, as they are shown when they
//! are asked for.

use serde_json::{Value, json};

use super::super::document::{Document, id};
use super::super::listing;
use super::super::state::State;
use super::Payment;

/// Writes down what a try came to.
pub(super) fn note(state: &mut State, invoice: &str, outcome: Payment) {
    let payment = match state.ids("invoice_payment", |one| one["invoice"] == invoice).pop() {
        Some(payment) => payment,
        None => begin(state, invoice),
    };
    let (of_intent, of_payment) = match outcome {
        Payment::Paid => ("succeeded", "paid"),
        Payment::Declined => ("requires_payment_method", "open"),
        Payment::NeedsAuthentication => ("requires_action", "open"),
    };
    let intent = state.show(&payment)["payment"].text("payment_intent").to_owned();
    state.edit(&intent, |intent| intent["status"] = of_intent.into());
    state.edit(&payment, |payment| payment["status"] = of_payment.into());
}

/// The payments of an invoice.
pub(crate) fn payments(state: &State, invoice: &str) -> Value {
    let ids = state.ids("invoice_payment", |one| one["invoice"] == invoice);
    let data: Vec<Value> = ids.iter().map(|id| state.show(id)).collect();
    listing::inner("/v1/invoice_payments", &data)
}

fn begin(state: &mut State, invoice: &str) -> String {
    let (now, invoice) = (state.now, state.show(invoice));
    let intent = state.add(json!({
        "id": id("pi_", 24),
        "object": "payment_intent",
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "livemode": false,
        "metadata": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }));
    state.add(json!({
        "id": id("inpay_", 24),
        "object": "invoice_payment",
        "amount_paid": null,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": true,
        "livemode": false,
        "payment": { "payment_intent": intent, "type": "payment_intent" },
        "status": "open",
        "status_transitions": { "canceled_at": null, "paid_at": null },
    }))
}
