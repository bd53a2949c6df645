//! What becomes of a subscription: by time, and by payments that come or do not come.

use serde_json::{Value, json};

use super::super::card::{self, Card};
use super::super::document::Document;
use super::super::invoice::{self, Attempt, Bill};
use super::super::state::State;
use super::super::{Problem, customer};
use super::period::next_end;
use super::{AfterRetries, is_over};

const UPDATED: &str = "customer.subscription.updated";

/// Ends it now, for this reason if none is known yet, and stops asking for what is open.
pub(crate) fn end(state: &mut State, id: &str, reason: Option<&str>) {
    let now = state.now;
    state.edit(id, |one| {
        one["status"] = "canceled".into();
        one["ended_at"] = now.into();
        if one["canceled_at"].is_null() {
            one["canceled_at"] = now.into();
        }
        if let Some(reason) = reason {
            one["cancellation_details"]["reason"] = reason.into();
        }
        one["pause_collection"] = Value::Null;
        one["status_details"] = Value::Null;
    });
    state.tell("customer.subscription.deleted", id);
    for invoice in state.ids("invoice", |one| invoice::subscription(one) == id && one.is("auto_advance")) {
        invoice::leave(state, &invoice);
    }
}

/// Says that the trial ends in three days.
pub(crate) fn announce_end_of_trial(state: &mut State, id: &str) {
    let end = state.show(id).number("trial_end");
    state.announced.insert(id.to_owned(), end);
    state.tell("customer.subscription.trial_will_end", id);
}

/// The period is over: the next one begins with an invoice, unless a trial ends with no card.
pub(crate) fn renew(state: &mut State, id: &str) {
    let one = state.show(id);
    let trial_ends = one["status"] == "trialing";
    if trial_ends && card::of(state, &one) == Card::Missing {
        match one["trial_settings"]["end_behavior"].text("missing_payment_method") {
            "pause" => return pause(state, id),
            "cancel" => return end(state, id, None),
            _ => {}
        }
    }
    let item = &one["items"]["data"][0];
    let start = item.number("current_period_end");
    let end = next_end(one.number("billing_cycle_anchor"), start, &item["price"]["recurring"]);
    let invoice = invoice::draft(state, id, "subscription_cycle", Bill::Period, (start, end));
    state.update(id, UPDATED, |one| {
        begin_period(one, start, end);
        one["latest_invoice"] = invoice.clone().into();
        if trial_ends {
            one["status"] = "active".into();
        }
    });
    state.tell("invoice.created", &invoice);
    match one["pause_collection"].text("behavior") {
        "void" => invoice::void(state, &invoice),
        "mark_uncollectible" => invoice::give_up(state, &invoice),
        "keep_as_draft" => invoice::leave(state, &invoice),
        _ if one["status"] == "unpaid" => invoice::leave(state, &invoice),
        _ => {}
    }
}

fn begin_period(subscription: &mut Value, start: i64, end: i64) {
    for item in subscription["items"]["data"].as_array_mut().into_iter().flatten() {
        item["current_period_start"] = start.into();
        item["current_period_end"] = end.into();
    }
}

fn pause(state: &mut State, id: &str) {
    let now = state.now;
    state.update(id, UPDATED, |one| {
        one["status"] = "paused".into();
        one["status_details"] = json!({ "paused": {
            "subscription": { "type": "trial_end_without_payment_method" },
            "transitioned_at": now,
            "type": "subscription",
        }});
    });
    state.tell("customer.subscription.paused", id);
}

/// Begins a new period of a paused one; it goes on as soon as the invoice for that is paid.
pub(crate) fn resume(state: &mut State, id: &str) -> Result<(), Problem> {
    let one = state.alive("subscription", id)?.clone();
    if one["status"] != "paused" {
        return Err(Problem::invalid(format!(
            "The subscription is {}, and only a paused one can be resumed.",
            one.text("status")
        )));
    }
    let recurring = state.show(one["items"]["data"][0].text("price"))["recurring"].clone();
    let period = (state.now, next_end(state.now, state.now, &recurring));
    let invoice = invoice::draft(state, id, "subscription_update", Bill::Period, period);
    state.update(id, UPDATED, |one| one["latest_invoice"] = invoice.clone().into());
    state.tell("invoice.created", &invoice);
    invoice::finalize(state, &invoice);
    if state.show(&invoice)["status"] == "open" {
        invoice::collect(state, &invoice, Attempt::Requested, None);
    }
    Ok(())
}

/// The time for which no money was collected is over.
pub(crate) fn resume_collection(state: &mut State, id: &str) {
    state.update(id, UPDATED, |one| one["pause_collection"] = Value::Null);
}

/// Nobody has paid for 23 hours what it should begin or go on with.
pub(crate) fn expire(state: &mut State, id: &str) {
    let now = state.now;
    let one = state.show(id);
    invoice::void(state, one.text("latest_invoice"));
    if one["status"] == "incomplete" {
        state.update(id, UPDATED, |one| {
            one["status"] = "incomplete_expired".into();
            one["ended_at"] = now.into();
        });
    }
}

/// One of its invoices has been paid.
pub(crate) fn paid(state: &mut State, id: &str, invoice: &str) {
    let one = state.show(id);
    if is_over(&one) {
        return;
    }
    let latest = one["latest_invoice"] == invoice;
    let nothing_open =
        state.ids("invoice", |other| invoice::subscription(other) == id && other["status"] == "open").is_empty();
    match one.text("status") {
        "incomplete" if latest => state.update(id, UPDATED, |one| one["status"] = "active".into()),
        "past_due" | "unpaid" if latest || nothing_open => {
            state.update(id, UPDATED, |one| one["status"] = "active".into());
        }
        "paused" if latest => {
            let period = state.show(invoice)["lines"]["data"][0]["period"].clone();
            state.update(id, UPDATED, |one| {
                one["status"] = "active".into();
                one["status_details"] = Value::Null;
                one["billing_cycle_anchor"] = period["start"].clone();
                begin_period(one, period.number("start"), period.number("end"));
            });
            state.tell("customer.subscription.resumed", id);
        }
        _ => {}
    }
    customer::is_delinquent(state, one.text("customer"), false);
}

/// One of its invoices has not been paid. It is tried again at `next`; with none, that was the last time.
pub(crate) fn failed(state: &mut State, id: &str, next: Option<i64>) {
    let one = state.show(id);
    if !matches!(one.text("status"), "active" | "past_due") {
        return;
    }
    match (next, state.after_retries) {
        (Some(_), _) => state.update(id, UPDATED, |one| one["status"] = "past_due".into()),
        (None, AfterRetries::Unpaid) => state.update(id, UPDATED, |one| one["status"] = "unpaid".into()),
        (None, AfterRetries::Canceled) => end(state, id, Some("payment_failed")),
    }
    customer::is_delinquent(state, one.text("customer"), true);
}
