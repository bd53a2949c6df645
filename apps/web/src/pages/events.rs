//! The streams that pages listen to while somebody looks at them.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{PlanId, RunId};

use crate::{
    error::WebError,
    events::{Listener, Subject, open},
    session::SignedIn,
    state::State,
};

/// `GET /events`: everything of the organization.
pub(crate) async fn all(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let changes = state.store.changes();
    open(Subject::Everything, Listener::Page(member), state, changes)
}

/// `GET /plans/{plan}/events`: the plan and its runs.
pub(crate) async fn of_plan(
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let changes = state.store.changes();
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    open(Subject::Plan(plan.id), Listener::Page(member), state, changes)
}

/// `GET /runs/{run}/events`: the run and its steps. 204, which tells browsers not to come back, once
/// nothing will change any more.
pub(crate) async fn of_run(run: Path<RunId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let changes = state.store.changes();
    let row = state.store.run_row(member.tenant(), *run).await?.ok_or(WebError::NotFound)?;
    if row.state.is_final() {
        return Ok(HttpResponse::NoContent().finish());
    }
    open(Subject::Run { plan: row.plan_id, run: row.id }, Listener::Page(member), state, changes)
}
