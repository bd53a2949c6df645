//! Schedules: listed, made, read, saved, paused and resumed, deleted; and what became of each due time.

pub(super) mod many;
mod written;

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Data, Path, Query},
};
use domain::{
    Action, PlanId, RunId, RunState, ScheduleId,
    schedule::{CatchUp, Overlap},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{OccurrenceRow, ScheduleDetail, ScheduleFilter, ScheduleRow, Which};
use utoipa::{IntoParams, ToSchema};

use self::written::{ScheduleToSave, Timing};
use super::{
    ROOT,
    body::{Body, IdempotencyKey},
    caller::Caller,
    list::{List, Part, part},
    plans::{self, LastRun},
};
use crate::{editing, error::WebError, pages::schedules::reason, state::State};

/// A schedule in the list of schedules.
#[derive(Serialize, ToSchema)]
struct ScheduleItem {
    id: ScheduleId,
    /// The plan it runs.
    plan: ScheduledPlan,
    name: String,
    timing: Timing,
    /// The time zone.
    zone: String,
    /// Nothing is due before; null for no such time.
    after: Option<Timestamp>,
    /// Nothing is due then or later; null for no such time.
    before: Option<Timestamp>,
    /// What is made up for after an outage.
    catch_up: CatchUp,
    /// What happens if the run before is still going.
    overlap: Overlap,
    tags: Vec<String>,
    /// When it is due, in words.
    sentence: String,
    /// When it is due next; null if it is paused or over a limit, and if nothing more comes.
    next_due_at: Option<Timestamp>,
    /// That it is paused; null if it is not.
    paused: Option<PausedBy>,
    /// Why it does not come due on the organization's tier, in a sentence; null if it does.
    over_limit: Option<String>,
    /// How many due times have come so far, towards `repeats`.
    fired: u32,
    /// The run of the due time that came last.
    last_run: Option<LastRun>,
}

#[derive(Serialize, ToSchema)]
struct ScheduledPlan {
    id: PlanId,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct PausedBy {
    /// Since when.
    at: Timestamp,
    /// The e-mail address of whoever did it; null if they are gone, or if nobody did.
    by: Option<String>,
    /// Why; may be empty.
    reason: String,
}

/// A schedule with all there is to it.
#[derive(Serialize, ToSchema)]
struct Schedule {
    #[serde(flatten)]
    item: ScheduleItem,
    /// Values of the plan's variables.
    variables: BTreeMap<String, String>,
    /// The e-mail address of whoever made it; null if they are gone.
    author: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<ScheduleRow> for ScheduleItem {
    fn from(row: ScheduleRow) -> Self {
        Self {
            id: row.id,
            plan: ScheduledPlan { id: row.plan, name: row.plan_name },
            name: row.name,
            timing: Timing::of(&row.timetable, Timestamp::now()),
            zone: row.timetable.zone.to_string(),
            after: row.timetable.after,
            before: row.timetable.before,
            catch_up: row.catch_up,
            overlap: row.overlap,
            tags: row.tags.iter().map(str::to_owned).collect(),
            sentence: row.timetable.sentence(),
            next_due_at: row.next_due_at,
            paused: row.paused.map(|paused| PausedBy {
                at: paused.at,
                by: paused.by.map(|email| email.to_string()),
                reason: paused.reason,
            }),
            over_limit: row.over_limit,
            fired: row.fired,
            last_run: row.last.map(LastRun::from),
        }
    }
}

impl From<ScheduleDetail> for Schedule {
    fn from(detail: ScheduleDetail) -> Self {
        Self {
            item: detail.row.into(),
            variables: detail.variables,
            author: detail.author.map(|email| email.to_string()),
            created_at: detail.created_at,
            updated_at: detail.updated_at,
        }
    }
}

/// What became of a due time.
#[derive(Serialize, ToSchema)]
struct Occurrence {
    /// The run that it is, whether or not it ever went.
    run: RunId,
    /// Counts the runs of its plan.
    number: u32,
    /// `skipped` or `refused` if it was never queued.
    state: RunState,
    /// The due time.
    scheduled_at: Timestamp,
    /// When a scheduler took it up.
    queued_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    /// Why it did not pass, or never ran, in a sentence.
    reason: Option<String>,
}

impl From<OccurrenceRow> for Occurrence {
    fn from(row: OccurrenceRow) -> Self {
        let OccurrenceRow { run, number, state, scheduled_at, queued_at, started_at, finished_at, reason } = row;
        Self { run, number, state, scheduled_at, queued_at, started_at, finished_at, reason }
    }
}

/// Why it is paused.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PauseWhy {
    /// Kept as one line of at most 200 characters.
    #[serde(default)]
    reason: String,
}

/// Which schedules are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this plan only.
    plan: Option<PlanId>,
    /// With this tag.
    tag: Option<String>,
    /// `true`: those that come due; `false`: those that are paused or over a limit.
    enabled: Option<bool>,
    /// What the part of the list before told as `next`.
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// List schedules
///
/// The newest first.
#[utoipa::path(
    tag = "Schedules",
    params(Wanted),
    responses(
        (status = 200, body = List<ScheduleItem>),
        (status = 404, description = "There is no such plan, or it is another organization's."),
    ),
)]
#[get("/schedules")]
pub(super) async fn list(caller: Caller, state: Data<State>, wanted: Query<Wanted>) -> Result<HttpResponse, WebError> {
    let Wanted { plan, tag, enabled, after, limit } = wanted.into_inner();
    let page = part(after.as_deref(), limit)?;
    if let Some(plan) = plan {
        plans::find(&state, &caller, plan).await?;
    }
    let page = state.store.schedules(caller.tenant(), ScheduleFilter { plan, tag, enabled, page }).await?;
    Ok(HttpResponse::Ok().json(List::of(page, ScheduleItem::from)))
}

/// Create a schedule
///
/// With the header `Idempotency-Key` a repeated request makes no second one.
#[utoipa::path(
    tag = "Schedules", security(("token" = ["write"])),
    request_body = ScheduleToSave,
    params(IdempotencyKey),
    responses(
        (status = 201, body = Schedule, headers(("Location" = String))),
        (status = 402, description = "The tier does not allow runs that often."),
    ),
)]
#[post("/plans/{plan}/schedules")]
pub(super) async fn create(
    caller: Caller,
    state: Data<State>,
    plan: Path<PlanId>,
    body: Body<ScheduleToSave>,
) -> Result<HttpResponse, WebError> {
    let text = plans::find(&state, &caller, *plan).await?.text;
    caller.must(Action::ChangeSchedules)?;
    let variables = editing::variables(text).await?;
    let (_, limits) = caller.tier(&state);
    let new = body.value.check(Timestamp::now(), limits, &variables)?;
    let (tenant, user) = (caller.tenant().once(body.once), caller.bearer().user_id);
    let made = state.store.create_schedule(&tenant, user, *plan, new).await?.ok_or(WebError::NotFound)?;
    let location = format!("{ROOT}/schedules/{made}");
    let schedule = Schedule::from(find(&state, &caller, made).await?);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(schedule))
}

/// Read a schedule
#[utoipa::path(tag = "Schedules", responses((status = 200, body = Schedule)))]
#[get("/schedules/{schedule}")]
pub(super) async fn read(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
) -> Result<HttpResponse, WebError> {
    Ok(HttpResponse::Ok().json(Schedule::from(find(&state, &caller, *schedule).await?)))
}

/// Save a schedule
///
/// Takes what reading it gives, and replaces all of it. Other times begin anew: they count from now, and `repeats` from
/// none. It stays paused if it is.
#[utoipa::path(
    tag = "Schedules", security(("token" = ["write"])),
    request_body = ScheduleToSave,
    responses(
        (status = 200, body = Schedule),
        (status = 402, description = "The tier does not allow runs that often."),
    ),
)]
#[put("/schedules/{schedule}")]
pub(super) async fn save(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
    body: Body<ScheduleToSave>,
) -> Result<HttpResponse, WebError> {
    let plan = find(&state, &caller, *schedule).await?.row.plan;
    caller.must(Action::ChangeSchedules)?;
    let variables = editing::variables(plans::find(&state, &caller, plan).await?.text).await?;
    let (_, limits) = caller.tier(&state);
    let changed = body.value.check(Timestamp::now(), limits, &variables)?;
    if !state.store.save_schedule(caller.tenant(), *schedule, changed).await? {
        return Err(WebError::NotFound);
    }
    Ok(HttpResponse::Ok().json(Schedule::from(find(&state, &caller, *schedule).await?)))
}

/// Delete a schedule
///
/// Its runs stay, and so do runs that are queued already.
#[utoipa::path(tag = "Schedules", security(("token" = ["write"])), responses((status = 204)))]
#[delete("/schedules/{schedule}")]
pub(super) async fn delete(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *schedule).await?;
    caller.must(Action::ChangeSchedules)?;
    match state.store.delete_schedule(caller.tenant(), *schedule).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(WebError::NotFound),
    }
}

/// Pause a schedule
///
/// What is due meanwhile is not made up for. One that is paused already stays as it is.
#[utoipa::path(tag = "Schedules", security(("token" = ["run"])), request_body = Option<PauseWhy>, responses((status = 200, body = Schedule)))]
#[post("/schedules/{schedule}/pause")]
pub(super) async fn pause(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
    body: Body<Option<PauseWhy>>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *schedule).await?;
    caller.must(Action::PauseSchedules)?;
    let (user, reason) = (caller.bearer().user_id, reason(&body.value.unwrap_or_default().reason));
    state.store.pause_schedules(caller.tenant(), user, Which::One(*schedule), &reason).await?;
    Ok(HttpResponse::Ok().json(Schedule::from(find(&state, &caller, *schedule).await?)))
}

/// Resume a schedule
///
/// It goes on with the first due time from now.
#[utoipa::path(tag = "Schedules", security(("token" = ["run"])), responses((status = 200, body = Schedule)))]
#[post("/schedules/{schedule}/resume")]
pub(super) async fn resume(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *schedule).await?;
    caller.must(Action::PauseSchedules)?;
    state.store.resume_schedules(caller.tenant(), Which::One(*schedule)).await?;
    Ok(HttpResponse::Ok().json(Schedule::from(find(&state, &caller, *schedule).await?)))
}

/// List what became of a schedule's due times
///
/// The last one first.
#[utoipa::path(tag = "Schedules", params(Part), responses((status = 200, body = List<Occurrence>)))]
#[get("/schedules/{schedule}/occurrences")]
pub(super) async fn occurrences(
    caller: Caller,
    state: Data<State>,
    schedule: Path<ScheduleId>,
    part: Query<Part>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *schedule).await?;
    let page = state.store.occurrences(caller.tenant(), *schedule, part.read()?).await?;
    Ok(HttpResponse::Ok().json(List::of(page, Occurrence::from)))
}

/// The schedule, which must be there.
async fn find(state: &State, caller: &Caller, schedule: ScheduleId) -> Result<ScheduleDetail, WebError> {
    state.store.schedule(caller.tenant(), schedule).await?.ok_or(WebError::NotFound)
}
