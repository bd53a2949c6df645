//! Asking a card for the money of an invoice.

use serde_json::Value;

use super::super::card::{self, Card};
use super::super::document::Document;
use super::super::state::State;
use super::super::subscription;
use super::payment;

const DAY: i64 = 24 * 60 * 60;
/// How many days after it was finalized an invoice is tried again.
const RETRIES: [i64; 3] = [3, 5, 7];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The clock, in its schedule.
    Scheduled,
    /// A request, with nobody there to confirm.
    Requested,
    /// The customer, who confirms what has to be confirmed.
    Present,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    Paid,
    Declined,
    NeedsAuthentication,
}

/// Asks a payment method, or else the one of the subscription, for what an open invoice is about.
pub(crate) fn collect(state: &mut State, id: &str, attempt: Attempt, method: Option<&str>) -> Payment {
    let invoice = state.show(id);
    let subscription = state.show(super::subscription(&invoice));
    let card = match method {
        Some(method) => card::kind(state, method),
        None => card::of(state, &subscription),
    };
    // Only the first attempt and those of the schedule count, so that others do not shift it.
    let attempts = invoice.number("attempt_count");
    let attempts = if attempts == 0 || attempt == Attempt::Scheduled { attempts + 1 } else { attempts };
    let outcome = match (card, attempt) {
        (Card::Good, _) | (Card::Authenticate, Attempt::Present) => Payment::Paid,
        (Card::Authenticate, _) => Payment::NeedsAuthentication,
        (Card::Declines | Card::Missing, _) => Payment::Declined,
    };
    payment::note(state, id, outcome);
    if outcome == Payment::Paid {
        settle(state, id, attempts);
        return outcome;
    }
    // What a subscription begins or resumes with is not tried again: it expires.
    let retried = matches!(subscription.text("status"), "active" | "past_due") && invoice.is("auto_advance");
    let finalized = invoice["status_transitions"].number("finalized_at");
    let retry = usize::try_from(attempts - 1).ok().and_then(|place| RETRIES.get(place));
    let next = retry.filter(|_| retried).map(|days| finalized + days * DAY);
    state.update(id, "invoice.updated", |one| {
        one["attempted"] = true.into();
        one["attempt_count"] = attempts.into();
        one["next_payment_attempt"] = next.into();
    });
    let event = match outcome {
        Payment::NeedsAuthentication => "invoice.payment_action_required",
        _ => "invoice.payment_failed",
    };
    state.tell(event, id);
    if retried {
        subscription::failed(state, subscription.text("id"), next);
    }
    outcome
}

/// Takes note that it has been paid.
pub(super) fn settle(state: &mut State, id: &str, attempts: i64) {
    let now = state.now;
    state.update(id, "invoice.updated", |one| {
        one["status"] = "paid".into();
        one["amount_paid"] = one["amount_due"].clone();
        one["amount_remaining"] = 0.into();
        one["attempted"] = true.into();
        one["attempt_count"] = attempts.into();
        one["auto_advance"] = false.into();
        one["next_payment_attempt"] = Value::Null;
        one["status_transitions"]["paid_at"] = now.into();
    });
    state.tell("invoice.paid", id);
    state.tell("invoice.payment_succeeded", id);
    let invoice = state.show(id);
    let subscription = super::subscription(&invoice);
    if !subscription.is_empty() {
        subscription::paid(state, subscription, id);
    }
}
