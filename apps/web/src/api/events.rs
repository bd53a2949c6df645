//! What changes, as server-sent events.

use actix_web::{
    HttpResponse, get,
    web::{Data, Query},
};
use domain::{PlanId, RunId};
use serde::Deserialize;
use store::{Change, RunChange};
use utoipa::IntoParams;

use super::{caller::Caller, plans::find};
use crate::{
    error::WebError,
    events::{Listener, Subject, head, message, open},
    state::State,
};

/// Of what to hear: of everything, or of one thing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this plan and its runs.
    plan: Option<PlanId>,
    /// Of this run: the stream ends with it.
    run: Option<RunId>,
}

/// Listen to what changes
///
/// A stream of server-sent events, from when it opens: first open it, then read, and read again what an event is about.
/// Each has JSON for its data:
///
/// - `event: run`, `{"run": id, "plan": id, "change": word}`: the run was `queued`, `started`, began or ended a `step`,
///   is `cancelling`, or is `finished`, be it that it ended or that it was deleted;
/// - `event: plan`, `{"plan": id}`: the plan was made, saved or deleted;
/// - `event: organization`, `{"organization": id}`: its name, its members or what it pays for changed;
/// - `event: resync`, `{}`: something may have been missed, so read everything again.
///
/// Lines that begin with `:` say that nothing happened for a while. The stream of a run ends after its `finished`,
/// which comes at once if it is over; any stream ends once the token is no longer good.
#[utoipa::path(
    tag = "Events",
    params(Wanted),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 404, description = "There is no such plan or run, or it is another organization's."),
        (status = 503, description = "The organization has as many live streams as it may, or too much is going on: try \
            again after `Retry-After` seconds."),
    ),
)]
#[get("/events")]
pub(super) async fn listen(
    caller: Caller,
    state: Data<State>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, WebError> {
    // From before anything is read: what comes right after is heard.
    let changes = state.store.changes();
    let subject = match (wanted.plan, wanted.run) {
        (None, None) => Subject::Everything,
        (Some(plan), None) => Subject::Plan(find(&state, &caller, plan).await?.id),
        (None, Some(run)) => {
            let row = state.store.run_row(caller.tenant(), run).await?.ok_or(WebError::NotFound)?;
            let (organization, plan) = (caller.tenant().organization(), row.plan_id);
            if row.state.is_final() {
                let change = Change::Run { kind: RunChange::Finished, organization, plan, run };
                return Ok(head().body(message(&change)));
            }
            Subject::Run { plan, run }
        }
        (Some(_), Some(_)) => return Err(WebError::BadRequest("Name a plan or a run, not both.".to_owned())),
    };
    open(subject, Listener::Program(caller), state, changes)
}
