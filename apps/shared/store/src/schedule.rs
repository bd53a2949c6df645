//! One schedule: what its page shows.

mod list;
mod occurrences;
mod pause;
mod save;

use std::collections::BTreeMap;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl,
    dsl::sql,
    sql_types::{BigInt, Nullable},
};
use domain::{
    Email, PlanId, ScheduleId,
    schedule::{CatchUp, Overlap, Tags, Timetable},
};
use jiff::Timestamp;

pub(crate) use self::save::next_due;
pub use self::{list::ScheduleFilter, occurrences::OccurrenceRow, pause::Which};
use crate::{
    Error, LastRun, Store, Tenant,
    connection::on_conn,
    plan::{LastRunColumns, count},
    schema::{plans, runs, schedules, users},
    sql::{Id, Json, Word, time},
};

/// A schedule in the list of schedules.
#[derive(Clone, Debug)]
pub struct ScheduleRow {
    /// Itself.
    pub id: ScheduleId,
    /// The plan it runs.
    pub plan: PlanId,
    /// That plan's name.
    pub plan_name: String,
    /// Its own name.
    pub name: String,
    /// When it is due.
    pub timetable: Timetable,
    /// What becomes of due times that passed while nobody could keep them.
    pub catch_up: CatchUp,
    /// What happens if the run before is not over.
    pub overlap: Overlap,
    /// The words it can be paused and cleared by.
    pub tags: Tags,
    /// When it is due next; none while it is paused or over a limit, and when nothing more comes.
    pub next_due_at: Option<Timestamp>,
    /// Who has paused it; none if nobody has.
    pub paused: Option<Paused>,
    /// Why it does not come due on its organization's tier, in a sentence; none if it does.
    pub over_limit: Option<String>,
    /// How many due times have come so far.
    pub fired: u32,
    /// Its newest occurrence, whatever became of it.
    pub last: Option<LastRun>,
}

/// That a schedule is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Since when.
    pub at: Timestamp,
    /// By whom; none if they are gone, or if it was paused because it could not be read.
    pub by: Option<Email>,
    /// Why, in the words of who did it; may be empty.
    pub reason: String,
}

/// A schedule with everything its page shows.
#[derive(Clone, Debug)]
pub struct ScheduleDetail {
    /// What the list tells of it.
    pub row: ScheduleRow,
    /// Values for the plan's variables in its runs.
    pub variables: BTreeMap<String, String>,
    /// Who made it; none if they are gone.
    pub author: Option<Email>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last saved.
    pub updated_at: Timestamp,
}

type Columns = (
    (Id, Id, String, String, Json<Timetable>, Word<CatchUp>, Word<Overlap>, Word<Tags>, i32),
    (Option<i64>, Option<i64>, Option<Word<Email>>, Option<String>, Option<String>),
    Option<LastRunColumns>,
);

/// What a schedule's row shows, from `schedules` joined with `plans` and, if there are any, with the user
/// who paused it and with its newest run.
macro_rules! schedule_columns {
    () => {
        (
            (
                schedules::id,
                schedules::plan_id,
                plans::name,
                schedules::name,
                schedules::timetable,
                schedules::catch_up,
                schedules::overlap,
                schedules::tags,
                schedules::fired,
            ),
            (
                schedules::next_due_at,
                schedules::paused_at,
                users::email.nullable(),
                schedules::pause_reason,
                schedules::over_limit,
            ),
            (runs::id, runs::number, runs::state, runs::queued_at, runs::started_at, runs::finished_at).nullable(),
        )
    };
}

/// The schedules with all that [`schedule_columns!`] wants.
macro_rules! schedule_rows {
    () => {
        schedules::table
            .inner_join(plans::table)
            .left_join(users::table.on(schedules::paused_by.eq(users::id.nullable())))
            .left_join(runs::table.on(runs::schedule_id.eq(schedules::id.nullable()).and(
                // The end of the index of its occurrences.
                runs::scheduled_at.eq(sql::<Nullable<BigInt>>(
                    "(SELECT max(newest.scheduled_at) FROM runs AS newest WHERE newest.schedule_id = schedules.id)",
                )),
            )))
    };
}
use {schedule_columns, schedule_rows};

impl From<Columns> for ScheduleRow {
    fn from((about, (next_due_at, paused_at, paused_by, pause_reason, over_limit), last): Columns) -> Self {
        let (id, plan, plan_name, name, timetable, catch_up, overlap, tags, fired) = about;
        let paused =
            |at| Paused { at: time(at), by: paused_by.map(|word| word.0), reason: pause_reason.unwrap_or_default() };
        Self {
            id: id.into(),
            plan: plan.into(),
            plan_name,
            name,
            timetable: timetable.0,
            catch_up: catch_up.0,
            overlap: overlap.0,
            tags: tags.0,
            next_due_at: next_due_at.map(time),
            paused: paused_at.map(paused),
            over_limit,
            fired: count(fired),
            last: last.map(LastRun::from),
        }
    }
}

diesel::alias!(users as authors: Authors);

impl Store {
    /// A schedule with everything its page shows.
    pub async fn schedule(&self, tenant: &Tenant, schedule: ScheduleId) -> Result<Option<ScheduleDetail>, Error> {
        type Row = (Columns, (Json<BTreeMap<String, String>>, Option<Word<Email>>, i64, i64));
        let (organization, schedule) = (Id::from(tenant.organization()), Id::from(schedule));
        let found: Option<Row> = self
            .database
            .read(move |conn| {
                let query = schedule_rows!()
                    .left_join(authors.on(schedules::author_id.eq(authors.field(users::id).nullable())))
                    .filter(schedules::id.eq(schedule).and(schedules::organization_id.eq(organization)))
                    .select((
                        schedule_columns!(),
                        (
                            schedules::variables,
                            authors.field(users::email).nullable(),
                            schedules::created_at,
                            schedules::updated_at,
                        ),
                    ));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        Ok(found.map(|(columns, (variables, author, created_at, updated_at))| ScheduleDetail {
            row: columns.into(),
            variables: variables.0,
            author: author.map(|word| word.0),
            created_at: time(created_at),
            updated_at: time(updated_at),
        }))
    }
}
