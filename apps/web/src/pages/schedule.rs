//! One schedule: what it does next, what became of each time it came due; pausing and deleting it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, Elapsed, PlanId, ScheduleId};
use jiff::Timestamp;
use serde::Deserialize;
use store::{OccurrenceRow, ScheduleDetail, ScheduleRow, Which};

use crate::{
    body::Form,
    error::WebError,
    filter::Query,
    page::{Page, Section, go, html},
    pages::schedules::{reason, state_of},
    session::SignedIn,
    show::times,
    state::State,
};

/// How many coming times are told.
pub(crate) const COMING: usize = 5;

#[derive(Template)]
#[template(path = "schedule.html")]
struct SchedulePage {
    page: Page,
    row: ScheduleRow,
    variables: BTreeMap<String, String>,
    author: Option<String>,
    created_at: Timestamp,
    /// Each with what a clock in its zone shows.
    upcoming: Vec<(Timestamp, String)>,
    clock_change: Option<String>,
    occurrences: Vec<OccurrenceRow>,
    /// Whether this is not the newest part of the history.
    is_older: bool,
    /// The query of the link to older ones.
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "schedule_delete.html")]
struct DeletePage {
    page: Page,
    id: ScheduleId,
    name: String,
    plan: PlanId,
    plan_name: String,
}

impl SchedulePage {
    fn state(&self) -> &'static str {
        state_of(&self.row)
    }

    fn took(&self, one: &OccurrenceRow) -> Option<Elapsed> {
        Some(times::late(one.started_at.as_ref()?, one.finished_at.as_ref()?))
    }
}

/// Why it is paused, as it was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pause {
    pub(crate) reason: String,
}

/// `GET /schedules/{schedule}?after=…`
pub(crate) async fn page(
    request: HttpRequest,
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let query = Query::of(request.query_string());
    let ScheduleDetail { row, variables, author, created_at, .. } = load(&member, *schedule, &state).await?;
    let occurrences = state.store.occurrences(member.tenant(), *schedule, query.page()).await?;
    let older = occurrences.next.as_ref().map(|cursor| query.from(Some(cursor)));
    let now = Timestamp::now();
    let timetable = &row.timetable;
    let upcoming = timetable.upcoming(row.id, row.fired, now, COMING);
    html(&SchedulePage {
        upcoming: upcoming.into_iter().map(|time| (time, times::in_zone(&time, &timetable.zone))).collect(),
        clock_change: timetable.clock_change(now),
        variables,
        author: author.map(|email| email.to_string()),
        created_at,
        occurrences: occurrences.items,
        is_older: query.get("after").is_some(),
        older,
        page: Page::of(&request, Section::Schedules, member),
        row,
    })
}

/// The schedule, if it is the member's.
pub(crate) async fn load(member: &SignedIn, schedule: ScheduleId, state: &State) -> Result<ScheduleDetail, WebError> {
    state.store.schedule(member.tenant(), schedule).await?.ok_or(WebError::NotFound)
}

/// `POST /schedules/{schedule}/pause`
pub(crate) async fn pause(
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
    Form(pause): Form<Pause>,
) -> Result<HttpResponse, WebError> {
    load(&member, *schedule, &state).await?;
    member.must(Action::PauseSchedules)?;
    let reason = reason(&pause.reason);
    state.store.pause_schedules(member.tenant(), member.user_id, Which::One(*schedule), &reason).await?;
    Ok(go(&format!("/schedules/{schedule}")))
}

/// `POST /schedules/{schedule}/resume`
pub(crate) async fn resume(
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    load(&member, *schedule, &state).await?;
    member.must(Action::PauseSchedules)?;
    state.store.resume_schedules(member.tenant(), Which::One(*schedule)).await?;
    Ok(go(&format!("/schedules/{schedule}")))
}

/// `GET /schedules/{schedule}/delete`
pub(crate) async fn ask_to_delete(
    request: HttpRequest,
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let ScheduleRow { id, name, plan, plan_name, .. } = load(&member, *schedule, &state).await?.row;
    member.must(Action::ChangeSchedules)?;
    html(&DeletePage { page: Page::of(&request, Section::Schedules, member), id, name, plan, plan_name })
}

/// `POST /schedules/{schedule}/delete`
pub(crate) async fn delete(
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = load(&member, *schedule, &state).await?.row.plan;
    member.must(Action::ChangeSchedules)?;
    state.store.delete_schedule(member.tenant(), *schedule).await?;
    Ok(go(&format!("/plans/{plan}/schedules")))
}
