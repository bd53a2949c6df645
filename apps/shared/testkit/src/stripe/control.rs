//! What can be done with the fake beside its API: by a test, or by the forms of its own page.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::api::{self, Call};
use super::courier::{self, Webhooks};
use super::form::Form;
use super::shared::Shared;
use super::{AfterRetries, Card, Fault, Problem, card, clock};

const HOUR: i64 = 60 * 60;

/// How far the clock goes at once, so that doing what falls due comes to an end.
const FARTHEST: i64 = 10 * 366 * 24 * HOUR;

/// Moves the clock forward by seconds.
pub(crate) fn advance(shared: &Shared, seconds: i64) -> Result<(), Problem> {
    if !(0..=FARTHEST).contains(&seconds) {
        return Err(Problem::invalid("The clock goes forward, and by at most ten years at once.").at("by"));
    }
    shared.change(|state| {
        let to = state.now + seconds;
        state.ahead += seconds;
        clock::advance(state, to);
    });
    Ok(())
}

/// Moves the clock on to where it is when it goes with the real one.
pub(crate) fn follow(shared: &Shared) {
    let now = Timestamp::now().as_second();
    let is_due = {
        let mut state = shared.state();
        let to = now + state.ahead;
        if clock::is_due(&state, to) {
            Some(to)
        } else {
            state.now = to.max(state.now);
            None
        }
    };
    // Only what changes something is worth keeping.
    if let Some(to) = is_due {
        shared.change(|state| clock::advance(state, to));
    }
}

/// Asks the API without a socket.
pub(crate) fn call(shared: &Shared, method: &str, path: &str, params: &[(&str, &str)]) -> Result<Value, Problem> {
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let form = Form::new(params);
    let call = Call { method, path, form, authorization: None, idempotency_key: None, version: None };
    shared.change(|state| api::perform(state, &call))
}

pub(crate) async fn release_all(shared: &Arc<Shared>) {
    let held = courier::held(&shared.state());
    let mut releases = JoinSet::new();
    for event in held {
        let shared = Arc::clone(shared);
        releases.spawn(async move { courier::release(&shared, &event).await });
    }
    releases.join_all().await;
}

/// A form of the control page: `action` is the last part of its path.
pub(crate) async fn act(shared: &Arc<Shared>, action: &str, form: &Form) -> Result<Value, Problem> {
    match action {
        "clock" => advance(shared, span(shared, form.required("by")?)?)?,
        "card" => {
            let (customer, card) = (form.required("customer")?, Card::read(form.required("card")?)?);
            shared.change(|state| card::replace(state, customer, card))?;
        }
        "retries" => {
            let then = form.one_of("then", &["canceled", "unpaid"])?.ok_or_else(|| Problem::missing("then"))?;
            let after = if then == "unpaid" { AfterRetries::Unpaid } else { AfterRetries::Canceled };
            shared.change(|state| state.after_retries = after);
        }
        "faults" => {
            let times = number(form, "times")?.unwrap_or(1);
            let fault = Fault::read(form.required("fault")?)?;
            shared.faults().plan(form.text("matching").unwrap_or_default(), times, fault);
        }
        "clear_faults" => shared.faults().clear(),
        "webhooks" => {
            let modes = ["deliver", "hold", "lose", "repeat"];
            let mode = match form.one_of("mode", &modes)?.ok_or_else(|| Problem::missing("mode"))? {
                "hold" => Webhooks::Hold,
                "lose" => Webhooks::Lose,
                "repeat" => Webhooks::Repeat(number(form, "times")?.unwrap_or(2)),
                _ => Webhooks::Deliver,
            };
            shared.change(|state| state.webhooks = mode);
        }
        "release" => match form.given("order") {
            None => release_all(shared).await,
            Some(order) => release(shared, order).await?,
        },
        "deliver" => {
            let event = form.required("event")?;
            shared.state().at("event", event)?;
            let times = number(form, "times")?.unwrap_or(1);
            let statuses = courier::deliver(shared, event, usize::try_from(times).unwrap_or(1)).await;
            return Ok(json!({ "statuses": statuses }));
        }
        _ => return Err(Problem::no_such_route("POST", action)),
    }
    Ok(overview(shared))
}

/// Where things stand, for programs.
pub(crate) fn overview(shared: &Shared) -> Value {
    let faults = shared.faults().left();
    let state = shared.state();
    let shown = |events: Vec<String>| -> Vec<Value> {
        events.iter().map(|id| json!({ "id": id, "type": state.show(id)["type"] })).collect()
    };
    json!({
        "now": state.now,
        "after_retries": state.after_retries,
        "webhooks": state.webhooks,
        "held": shown(courier::held(&state)),
        "undelivered": shown(courier::undelivered(&state)),
        "faults": faults,
    })
}

/// Lets go of held webhooks by their places, such as `2,0,1`.
async fn release(shared: &Arc<Shared>, order: &str) -> Result<(), Problem> {
    let held = courier::held(&shared.state());
    let mut events = Vec::new();
    for place in order.split(',') {
        let event = place.trim().parse().ok().and_then(|place: usize| held.get(place));
        let missing = || Problem::invalid(format!("No webhook is held at place `{place}`; {} are held.", held.len()));
        events.push(event.ok_or_else(missing)?);
    }
    for event in events {
        courier::release(shared, event).await;
    }
    Ok(())
}

/// Seconds: a number, or one of the words of the control page.
fn span(shared: &Shared, by: &str) -> Result<i64, Problem> {
    match (by, by.parse()) {
        ("hour", _) => Ok(HOUR),
        ("day", _) => Ok(24 * HOUR),
        ("month", _) => {
            let now = shared.state().now;
            Ok(super::subscription::next_end(now, now, &json!({ "interval": "month", "interval_count": 1 })) - now)
        }
        (_, Ok(seconds)) => Ok(seconds),
        _ => {
            Err(Problem::invalid("The clock goes forward by an hour, a day, a month or a number of seconds.").at("by"))
        }
    }
}

/// At most a thousand, which is plenty and does no harm.
fn number(form: &Form, name: &str) -> Result<Option<u32>, Problem> {
    match form.integer(name)?.map(u32::try_from) {
        None => Ok(None),
        Some(Ok(number @ 0..=1000)) => Ok(Some(number)),
        Some(_) => Err(Problem::invalid(format!("Invalid {name}: it must be between 0 and 1000.")).at(name)),
    }
}
