//! Runs: listed, started, read, stopped, started once more.

mod steps;

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, HttpResponseBuilder, get,
    http::header,
    post,
    web::{Data, Path, Query},
};
use domain::{Action, Cause, PlanId, RunId, RunState, ScheduleId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{CancelOutcome, NewRun, RunFilter, RunRow, Tenant};
use utoipa::{IntoParams, ToSchema};

use self::steps::{RunStep, run_steps};
use super::{
    ROOT,
    body::{Body, IdempotencyKey},
    caller::Caller,
    list::{List, part},
    plans::find,
    query::Words,
    variables,
};
use crate::{
    error::WebError,
    starting::{NOT_NAMED, same, start},
    state::State,
    waiting::{Wait, until_over},
};

pub(super) use self::steps::read as read_step;

/// A run.
#[derive(Serialize, ToSchema)]
struct Run {
    id: RunId,
    plan: PlanOfRun,
    /// Which version of the plan it runs.
    version: u32,
    /// Counted per plan, from 1.
    number: u32,
    state: RunState,
    /// Somebody wants it stopped, and it is still running its last steps.
    cancelling: bool,
    cause: Cause,
    /// The e-mail address of whoever asked for it; null if nobody did, or they are gone.
    user: Option<String>,
    /// The schedule it is an occurrence of, which may be deleted.
    schedule: Option<ScheduleId>,
    /// When it was due there.
    scheduled_at: Option<Timestamp>,
    queued_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// From its start to its end, in microseconds.
    duration_us: Option<u64>,
    /// Why it did not pass, in a sentence.
    reason: Option<String>,
    /// Passed, but slower than it may.
    slow: bool,
    steps: StepCount,
}

/// The plan of a run.
#[derive(Serialize, ToSchema)]
struct PlanOfRun {
    id: PlanId,
    /// What it is called now.
    name: String,
}

/// How many steps a run has, and how they went: the latter is counted when it ends.
#[derive(Serialize, ToSchema)]
struct StepCount {
    total: u32,
    passed: u32,
    /// Failed or errored.
    failed: u32,
    skipped: u32,
}

/// A run with its steps.
#[derive(Serialize, ToSchema)]
struct RunWithSteps {
    #[serde(flatten)]
    run: Run,
    /// Every step of its version of the plan, those of `finally` last.
    step_list: Vec<RunStep>,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            plan: PlanOfRun { id: row.plan_id, name: row.plan_name },
            version: row.version,
            number: row.number,
            state: row.state,
            cancelling: row.cancelling,
            cause: row.cause,
            user: row.user.map(|email| email.to_string()),
            schedule: row.schedule,
            scheduled_at: row.scheduled_at,
            queued_at: row.queued_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            duration_us: row.duration.map(|duration| duration.0),
            reason: row.reason,
            slow: row.slow,
            steps: StepCount {
                total: row.steps,
                passed: row.steps_passed,
                failed: row.steps_failed,
                skipped: row.steps_skipped,
            },
        }
    }
}

/// A run to be started.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToStart {
    /// Values for the plan's variables, for this run only.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// What needs no body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Which runs are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this plan only.
    plan: Option<PlanId>,
    /// Where they stand, several words with commas between them.
    #[serde(default)]
    #[param(value_type = Vec<RunState>, style = Form, explode = false, required = false)]
    state: Words<RunState>,
    /// Who or what asked for them.
    cause: Option<Cause>,
    /// Text in the plan's name, whatever its case.
    search: Option<String>,
    /// Queued at this time or later.
    since: Option<Timestamp>,
    /// Queued before this time.
    until: Option<Timestamp>,
    /// What the part of the list before told as `next`.
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// List runs
///
/// The newest first.
#[utoipa::path(
    tag = "Runs",
    params(Wanted),
    responses((status = 200, body = List<Run>), (status = 404, description = "There is no such plan.")),
)]
#[get("/runs")]
pub(super) async fn list(caller: Caller, state: Data<State>, wanted: Query<Wanted>) -> Result<HttpResponse, WebError> {
    let Wanted { plan, state: states, cause, search, since, until, after, limit } = wanted.into_inner();
    let page = part(after.as_deref(), limit)?;
    if let Some(plan) = plan {
        find(&state, &caller, plan).await?;
    }
    let filter = RunFilter { plan, states: states.0, cause, search, since, until, page };
    let page = state.store.runs(caller.tenant(), filter).await?;
    Ok(HttpResponse::Ok().json(List::of(page, Run::from)))
}

/// Run a plan
///
/// In its current version. A run that a limit or the plan's restriction forbids is made, too: its state is `refused`,
/// and its `reason` says why. With `wait` the answer comes when the run is over or the time is up, whichever is first;
/// it comes at once where the organization has as many live streams as it may. With the header `Idempotency-Key` a
/// repeated request makes no second run.
#[utoipa::path(
    tag = "Runs", security(("token" = ["run"])),
    request_body = Option<ToStart>,
    params(Wait, IdempotencyKey),
    responses(
        (status = 201, body = Run, headers(("Location" = String))),
        (status = 422, description = "The plan does not declare one of the variables, or the key is another request's."),
    ),
)]
#[post("/plans/{plan}/runs")]
pub(super) async fn create(
    caller: Caller,
    state: Data<State>,
    plan: Path<PlanId>,
    wait: Query<Wait>,
    body: Body<ToStart>,
) -> Result<HttpResponse, WebError> {
    let plan = find(&state, &caller, *plan).await?;
    caller.must(Action::Run)?;
    let within = wait.within()?;
    let variables = variables::checked(plan.text, body.value.variables).await?;
    let tenant = caller.tenant().once(body.once);
    let new = NewRun { user: Some(caller.bearer().user_id), variables, ..NewRun::of(plan.id, Cause::Api) };
    let run = start(&state, &tenant, new).await?;
    Ok(created(run.id).json(Run::from(until_over(&state, &tenant, run.id, within).await?)))
}

/// Read a run
///
/// With what its steps did. With `wait` the answer comes when the run is over or the time is up, whichever is first;
/// it comes at once where the organization has as many live streams as it may.
#[utoipa::path(tag = "Runs", params(Wait), responses((status = 200, body = RunWithSteps)))]
#[get("/runs/{run}")]
pub(super) async fn read(
    caller: Caller,
    state: Data<State>,
    run: Path<RunId>,
    wait: Query<Wait>,
) -> Result<HttpResponse, WebError> {
    let within = wait.within()?;
    if !within.is_zero() {
        until_over(&state, caller.tenant(), *run, within).await?;
    }
    let detail = state.store.run(caller.tenant(), *run).await?.ok_or(WebError::NotFound)?;
    let step_list = run_steps(&detail)?;
    Ok(HttpResponse::Ok().json(RunWithSteps { run: detail.row.into(), step_list }))
}

/// Cancel a run
///
/// One that waits never begins; one under way runs the steps of `finally` and ends. What is over stays as it is: the
/// state tells.
#[utoipa::path(tag = "Runs", security(("token" = ["run"])), responses((status = 202, body = Run)))]
#[post("/runs/{run}/cancel")]
pub(super) async fn cancel(caller: Caller, state: Data<State>, run: Path<RunId>) -> Result<HttpResponse, WebError> {
    let row = load(&state, caller.tenant(), *run).await?;
    caller.must(Action::Cancel)?;
    match state.store.cancel_run(caller.tenant(), row.id).await? {
        CancelOutcome::Cancelled | CancelOutcome::Cancelling | CancelOutcome::Over(_) => {}
        CancelOutcome::NotYours => return Err(WebError::Forbidden(NOT_NAMED.to_owned())),
        CancelOutcome::NotFound => return Err(WebError::NotFound),
    }
    Ok(HttpResponse::Accepted().json(Run::from(load(&state, caller.tenant(), row.id).await?)))
}

/// Run a plan once more
///
/// In its current version, with the values for variables that were given for this run, but for those that the plan
/// does not declare any more. With the header `Idempotency-Key` a repeated request makes no second run.
#[utoipa::path(
    tag = "Runs", security(("token" = ["run"])),
    params(IdempotencyKey),
    responses(
        (status = 201, body = Run, headers(("Location" = String))),
        (status = 415, description = "There is a body, and it is not JSON. None is needed."),
        (status = 422, description = "The key is not ASCII, or another request's."),
    ),
)]
#[post("/runs/{run}/rerun")]
pub(super) async fn rerun(
    caller: Caller,
    state: Data<State>,
    run: Path<RunId>,
    body: Body<Nothing>,
) -> Result<HttpResponse, WebError> {
    let before = load(&state, caller.tenant(), *run).await?;
    caller.must(Action::Run)?;
    let variables = same(&state, caller.tenant(), &before).await?;
    let tenant = caller.tenant().once(body.once);
    let new = NewRun { user: Some(caller.bearer().user_id), variables, ..NewRun::of(before.plan_id, Cause::Api) };
    let run = start(&state, &tenant, new).await?;
    Ok(created(run.id).json(Run::from(load(&state, &tenant, run.id).await?)))
}

async fn load(state: &State, tenant: &Tenant, run: RunId) -> Result<RunRow, WebError> {
    state.store.run_row(tenant, run).await?.ok_or(WebError::NotFound)
}

fn created(run: RunId) -> HttpResponseBuilder {
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("{ROOT}/runs/{run}")));
    response
}
