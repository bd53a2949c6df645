//! The steps of a run, with what each told.

use actix_web::{
    HttpResponse, get,
    web::{Data, Path},
};
use domain::{RunId, StepReport, StepState};
use jiff::Timestamp;
use plan::OutlineStep;
use serde::Serialize;
use store::{RunDetail, StepRow};
use utoipa::ToSchema;

use crate::{api::caller::Caller, error::WebError, pages::plan::steps, state::State};

/// A step of a run.
#[derive(Serialize, ToSchema)]
pub(super) struct RunStep {
    /// Counts the plan's steps, then those of `finally`, from 0.
    position: u32,
    /// As written in the plan; the method and URL where it gives none.
    name: String,
    state: StepState,
    /// Null before it begins, and if it was skipped.
    started_at: Option<Timestamp>,
    /// From its beginning to its end, in microseconds; null before its end.
    duration_us: Option<u64>,
    /// What it sent and what came back, secrets masked; null before its end.
    report: Option<StepReport>,
}

impl RunStep {
    fn of(position: u32, outline: OutlineStep, row: Option<&StepRow>) -> Result<Self, WebError> {
        let report = row.map(StepRow::report).transpose()?.flatten();
        Ok(Self {
            position,
            name: outline.name,
            state: row.map_or(StepState::Pending, |row| row.state),
            started_at: row.and_then(|row| row.started_at),
            duration_us: row.and_then(|row| row.duration).map(|duration| duration.0),
            report,
        })
    }
}

/// What the outline says of all steps, and the rows of those that have begun or were skipped.
pub(super) fn run_steps(run: &RunDetail) -> Result<Vec<RunStep>, WebError> {
    let mut rows = run.steps.iter().peekable();
    let outline = steps(&run.outline)?;
    let step = |(position, outline)| {
        let row = rows.next_if(|row| row.position == position);
        RunStep::of(position, outline, row)
    };
    (0..).zip(outline).map(step).collect()
}

/// Read a step of a run
///
/// `position` counts from 0.
#[utoipa::path(tag = "Runs", responses((status = 200, body = RunStep)))]
#[get("/runs/{run}/steps/{position}")]
pub(in crate::api) async fn read(
    caller: Caller,
    state: Data<State>,
    path: Path<(RunId, u32)>,
) -> Result<HttpResponse, WebError> {
    let (run, position) = path.into_inner();
    let row = state.store.run_row(caller.tenant(), run).await?.ok_or(WebError::NotFound)?;
    let version =
        state.store.plan_version(caller.tenant(), row.plan_id, row.version).await?.ok_or(WebError::NotFound)?;
    let outline = steps(&version.outline)?.into_iter().nth(position as usize).ok_or(WebError::NotFound)?;
    let step = state.store.step(caller.tenant(), run, position).await?;
    Ok(HttpResponse::Ok().json(RunStep::of(position, outline, step.as_ref())?))
}
