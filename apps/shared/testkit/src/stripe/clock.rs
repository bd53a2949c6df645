//! The clock: what falls due, and doing it in the order of its times.

use serde_json::Value;

use super::document::Document;
use super::invoice::{self, Attempt};
use super::state::State;
use super::{checkout, subscription};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

enum Due {
    EndOfTrialIsNear(String),
    Cancel(String),
    Renew(String),
    ResumeCollection(String),
    ExpirePayment(String),
    Finalize(String),
    Collect(String),
    ExpireSession(String),
}

/// Moves the clock to a time, step by step, and does on the way what falls due. A time that has
/// passed already only does what is due now.
pub(crate) fn advance(state: &mut State, to: i64) {
    let to = to.max(state.now);
    while let Some((at, due)) = next(state, to) {
        state.now = at.max(state.now);
        perform(state, due);
    }
    state.now = to;
}

/// Whether something falls due until a time.
pub(crate) fn is_due(state: &State, until: i64) -> bool {
    next(state, until).is_some()
}

fn perform(state: &mut State, due: Due) {
    match due {
        Due::EndOfTrialIsNear(id) => subscription::announce_end_of_trial(state, &id),
        Due::Cancel(id) => subscription::end(state, &id, None),
        Due::Renew(id) => subscription::renew(state, &id),
        Due::ResumeCollection(id) => subscription::resume_collection(state, &id),
        Due::ExpirePayment(id) => subscription::expire(state, &id),
        Due::Finalize(id) => {
            invoice::finalize(state, &id);
            if state.show(&id)["status"] == "open" {
                invoice::collect(state, &id, Attempt::Scheduled, None);
            }
        }
        Due::Collect(id) => {
            invoice::collect(state, &id, Attempt::Scheduled, None);
        }
        Due::ExpireSession(id) => {
            // It is open, or it would not be due.
            let _ = checkout::expire(state, &id);
        }
    }
}

/// What falls due first until a time.
fn next(state: &State, until: i64) -> Option<(i64, Due)> {
    let of_subscriptions = state.all("subscription").filter_map(|one| of_subscription(state, one));
    let of_invoices = state.all("invoice").filter_map(of_invoice);
    let of_sessions = state.all("checkout.session").filter_map(|session| {
        let open = session["status"] == "open";
        open.then(|| (session.number("expires_at"), Due::ExpireSession(session.text("id").to_owned())))
    });
    let all = of_subscriptions.chain(of_invoices).chain(of_sessions);
    all.filter(|(at, _)| *at <= until).min_by_key(|(at, _)| *at)
}

fn of_subscription(state: &State, one: &Value) -> Option<(i64, Due)> {
    let id = || one.text("id").to_owned();
    let cancel = one.time("cancel_at").map(|at| (at, Due::Cancel(id())));
    let status = one.text("status");
    let others = match status {
        "canceled" | "incomplete_expired" => return None,
        "incomplete" | "paused" => {
            let invoice = state.get(one.text("latest_invoice"));
            let open = invoice.filter(|invoice| invoice["status"] == "open");
            [open.map(|invoice| (invoice.number("created") + 23 * HOUR, Due::ExpirePayment(id()))), None, None]
        }
        _ => {
            let announced = state.announced.get(one.text("id"));
            let trial = one.time("trial_end").filter(|end| status == "trialing" && announced != Some(end));
            let resumes_at = one["pause_collection"].time("resumes_at");
            [
                trial.map(|end| (end - 3 * DAY, Due::EndOfTrialIsNear(id()))),
                Some((subscription::period_end(one), Due::Renew(id()))),
                resumes_at.map(|at| (at, Due::ResumeCollection(id()))),
            ]
        }
    };
    // What ends when a period ends is not renewed before.
    [cancel].into_iter().chain(others).flatten().min_by_key(|(at, _)| *at)
}

fn of_invoice(invoice: &Value) -> Option<(i64, Due)> {
    let id = invoice.text("id").to_owned();
    match invoice.text("status") {
        "draft" => invoice.time("automatically_finalizes_at").map(|at| (at, Due::Finalize(id))),
        "open" => invoice.time("next_payment_attempt").map(|at| (at, Due::Collect(id))),
        _ => None,
    }
}
