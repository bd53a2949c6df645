//! One run: what its page shows.

pub(crate) mod cancel;
pub(crate) mod count;
pub(crate) mod insert;
mod list;
mod queue;
mod statistics;
mod summary;

use std::collections::BTreeMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl,
};
use domain::{Cause, Elapsed, Email, PlanId, Restriction, RunId, RunState, ScheduleId, StepReport, StepState};
use jiff::Timestamp;

pub(crate) use self::summary::first_id_of;
pub use self::{
    cancel::CancelOutcome,
    list::RunFilter,
    queue::{NewRun, QueueError, QueuedRun},
    statistics::StatisticsError,
    summary::Summary,
};
use crate::{
    Error, Store, Tenant,
    connection::{AnyConnection, on_conn},
    plan::{column, count},
    schema::{plan_versions, plans, runs, steps, users},
    sql::{Id, Word, time},
};

/// A run in the list of runs.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Itself.
    pub id: RunId,
    /// Its plan.
    pub plan_id: PlanId,
    /// The plan's name now.
    pub plan_name: String,
    /// Which version of the plan it runs.
    pub version: u32,
    /// Counted per plan, from 1.
    pub number: u32,
    /// Where it stands.
    pub state: RunState,
    /// Somebody wants it stopped, and its executor has not done so yet.
    pub cancelling: bool,
    /// Why it was queued.
    pub cause: Cause,
    /// Who asked for it; none if nobody did or they are gone.
    pub user: Option<Email>,
    /// The schedule it is an occurrence of, which may be gone.
    pub schedule: Option<ScheduleId>,
    /// When it was due there.
    pub scheduled_at: Option<Timestamp>,
    /// Beside what it may not run.
    pub restriction: Restriction,
    /// Whether it waits for the end of its schedule's other runs.
    pub serial: bool,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When an executor began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// From its start to its end; none before.
    pub duration: Option<Elapsed>,
    /// Why it did not pass, in one plain sentence.
    pub reason: Option<String>,
    /// Passed, but slower than it may.
    pub slow: bool,
    /// How many steps it has.
    pub steps: u32,
    /// How many of them passed. These three are counted when the run ends.
    pub steps_passed: u32,
    /// How many failed or errored.
    pub steps_failed: u32,
    /// How many were skipped.
    pub steps_skipped: u32,
}

/// A run with everything its page shows.
#[derive(Clone, Debug)]
pub struct RunDetail {
    /// What the list tells of it.
    pub row: RunRow,
    /// The JSON of its version's outline.
    pub outline: String,
    /// The steps that have begun or were skipped, in order.
    pub steps: Vec<StepRow>,
}

/// A step of a run.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Counts the plan's steps, then those of `finally`, from 0.
    pub position: u32,
    /// Where it stands.
    pub state: StepState,
    /// When it began; none if it was skipped.
    pub started_at: Option<Timestamp>,
    /// From its beginning to its end; none before.
    pub duration: Option<Elapsed>,
    /// The JSON of its [`StepReport`]; none before its end.
    pub report_json: Option<String>,
}

impl StepRow {
    /// Reads the report.
    pub fn report(&self) -> Result<Option<StepReport>, Error> {
        let read = |json: &String| {
            serde_json::from_str(json)
                .map_err(|error| Error::Unreadable { noun: "step report", problem: error.to_string() })
        };
        self.report_json.as_ref().map(read).transpose()
    }
}

type RunColumns = (
    (Id, Id, String, i32, i32, Word<RunState>, bool, Word<Cause>, Option<Word<Email>>),
    (i64, Option<i64>, Option<i64>, Option<String>, bool, i32, i32, i32, i32),
    (Option<Id>, Option<i64>, Word<Restriction>, bool),
);
type StepColumns = (i32, Word<StepState>, Option<i64>, Option<i64>, Option<String>);

/// What a run's row shows, from `runs` joined with `plans` and, if there is one, the user.
macro_rules! run_columns {
    () => {
        (
            (
                runs::id,
                runs::plan_id,
                plans::name,
                runs::version,
                runs::number,
                runs::state,
                runs::cancelling,
                runs::cause,
                users::email.nullable(),
            ),
            (
                runs::queued_at,
                runs::started_at,
                runs::finished_at,
                runs::reason,
                runs::slow,
                runs::steps,
                runs::steps_passed,
                runs::steps_failed,
                runs::steps_skipped,
            ),
            (runs::schedule_id, runs::scheduled_at, runs::restriction, runs::serial),
        )
    };
}
use run_columns;

impl From<RunColumns> for RunRow {
    fn from((about, progress, belonging): RunColumns) -> Self {
        let (id, plan_id, plan_name, version, number, state, cancelling, cause, user) = about;
        let (schedule, scheduled_at, restriction, serial) = belonging;
        let (queued_at, started_at, finished_at, reason, slow, steps, passed, failed, skipped) = progress;
        Self {
            id: id.into(),
            plan_id: plan_id.into(),
            plan_name,
            version: count(version),
            number: count(number),
            state: state.0,
            cancelling: cancelling && !state.0.is_final(),
            cause: cause.0,
            user: user.map(|word| word.0),
            schedule: schedule.map(ScheduleId::from),
            scheduled_at: scheduled_at.map(time),
            restriction: restriction.0,
            serial,
            queued_at: time(queued_at),
            started_at: started_at.map(time),
            finished_at: finished_at.map(time),
            duration: duration(started_at, finished_at),
            reason,
            slow,
            steps: count(steps),
            steps_passed: count(passed),
            steps_failed: count(failed),
            steps_skipped: count(skipped),
        }
    }
}

impl From<StepColumns> for StepRow {
    fn from((position, state, started_at, duration, report_json): StepColumns) -> Self {
        Self {
            position: count(position),
            state: state.0,
            started_at: started_at.map(time),
            duration: duration.map(elapsed),
            report_json,
        }
    }
}

impl Store {
    /// A run with its steps.
    pub async fn run(&self, tenant: &Tenant, run: RunId) -> Result<Option<RunDetail>, Error> {
        let (organization, run) = (Id::from(tenant.organization()), Id::from(run));
        self.database
            .read(move |conn| {
                let version = plan_versions::plan_id.eq(runs::plan_id).and(plan_versions::version.eq(runs::version));
                let query = runs::table
                    .inner_join(plans::table)
                    .inner_join(plan_versions::table.on(version))
                    .left_join(users::table)
                    .filter(runs::id.eq(run).and(runs::organization_id.eq(organization)))
                    .select((run_columns!(), plan_versions::outline));
                // Not `first`: the `LIMIT ?` it adds makes SQLite prepare the statement anew for each value.
                let found: Option<(RunColumns, String)> =
                    on_conn!(&mut *conn, |conn| query.get_result(conn).optional()?);
                let Some((columns, outline)) = found else { return Ok(None) };
                // A step that ends between the two queries shows a moment early.
                Ok(Some(RunDetail { row: columns.into(), outline, steps: load_steps(conn, run)? }))
            })
            .await
    }

    /// A run without its steps.
    pub async fn run_row(&self, tenant: &Tenant, run: RunId) -> Result<Option<RunRow>, Error> {
        let (organization, run) = (Id::from(tenant.organization()), Id::from(run));
        self.database
            .read(move |conn| {
                let query = runs::table
                    .inner_join(plans::table)
                    .left_join(users::table)
                    .filter(runs::id.eq(run).and(runs::organization_id.eq(organization)))
                    .select(run_columns!());
                let found: Option<RunColumns> = on_conn!(conn, |conn| query.get_result(conn).optional()?);
                Ok(found.map(RunRow::from))
            })
            .await
    }

    /// The values for the plan's variables that were given for this run; none if there is no such run.
    pub async fn run_variables(&self, tenant: &Tenant, run: RunId) -> Result<Option<BTreeMap<String, String>>, Error> {
        let (organization, run) = (Id::from(tenant.organization()), Id::from(run));
        let found: Option<Option<String>> = self
            .database
            .read(move |conn| {
                let query = runs::table
                    .filter(runs::id.eq(run).and(runs::organization_id.eq(organization)))
                    .select(runs::variables);
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        let read = |json: Option<String>| json.map_or(Ok(BTreeMap::new()), |json| serde_json::from_str(&json));
        found
            .map(read)
            .transpose()
            .map_err(|error| Error::Unreadable { noun: "variables of a run", problem: error.to_string() })
    }

    /// One step of a run.
    pub async fn step(&self, tenant: &Tenant, run: RunId, position: u32) -> Result<Option<StepRow>, Error> {
        let (organization, run) = (Id::from(tenant.organization()), Id::from(run));
        self.database
            .read(move |conn| {
                let query = steps::table
                    .inner_join(runs::table)
                    .filter(steps::run_id.eq(run).and(steps::position.eq(column(position))))
                    .filter(runs::organization_id.eq(organization))
                    .select((steps::position, steps::state, steps::started_at, steps::duration, steps::report));
                let found: Option<StepColumns> = on_conn!(conn, |conn| query.get_result(conn).optional()?);
                Ok(found.map(StepRow::from))
            })
            .await
    }
}

/// The steps of a run that the caller has shown to be the tenant's.
fn load_steps(conn: &mut AnyConnection, run: Id) -> Result<Vec<StepRow>, Error> {
    let query = steps::table.filter(steps::run_id.eq(run)).order(steps::position).select((
        steps::position,
        steps::state,
        steps::started_at,
        steps::duration,
        steps::report,
    ));
    let rows: Vec<StepColumns> = on_conn!(conn, |conn| query.load(conn)?);
    Ok(rows.into_iter().map(StepRow::from).collect())
}

/// From start to end, both in microseconds.
pub(crate) fn duration(started_at: Option<i64>, finished_at: Option<i64>) -> Option<Elapsed> {
    Some(elapsed(finished_at? - started_at?))
}

/// A column's duration; a clock that was set back makes it zero.
fn elapsed(micros: i64) -> Elapsed {
    Elapsed(u64::try_from(micros).unwrap_or(0))
}
