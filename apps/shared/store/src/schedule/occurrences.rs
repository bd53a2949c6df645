//! A schedule's history: every due time that came, whatever became of it.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};
use domain::{RunId, RunState, ScheduleId};
use jiff::Timestamp;

use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::on_conn,
    limited::limited,
    plan::count,
    schema::runs,
    sql::{Id, Word, time},
};

/// An occurrence of a schedule. How late it was queued is `queued_at` less `scheduled_at`.
#[derive(Clone, Debug)]
pub struct OccurrenceRow {
    /// The run that it is.
    pub run: RunId,
    /// Counts the runs of its plan.
    pub number: u32,
    /// Where it stands; skipped or refused if it was never queued.
    pub state: RunState,
    /// The due time.
    pub scheduled_at: Timestamp,
    /// When a scheduler took it up.
    pub queued_at: Timestamp,
    /// When an executor began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it did not pass, or never ran, in one plain sentence.
    pub reason: Option<String>,
}

type Columns = (Id, i32, Word<RunState>, Option<i64>, i64, Option<i64>, Option<i64>, Option<String>);

impl From<Columns> for OccurrenceRow {
    fn from((run, number, state, scheduled_at, queued_at, started_at, finished_at, reason): Columns) -> Self {
        Self {
            run: run.into(),
            number: count(number),
            state: state.0,
            scheduled_at: time(scheduled_at.unwrap_or(queued_at)),
            queued_at: time(queued_at),
            started_at: started_at.map(time),
            finished_at: finished_at.map(time),
            reason,
        }
    }
}

impl Store {
    /// The occurrences of a schedule, the last due time first; also of one that was deleted.
    pub async fn occurrences(
        &self,
        tenant: &Tenant,
        schedule: ScheduleId,
        page: PageRequest,
    ) -> Result<Page<OccurrenceRow>, Error> {
        let (organization, schedule) = (Id::from(tenant.organization()), Id::from(schedule));
        let rows: Vec<Columns> = self
            .database
            .read(move |conn| {
                let query = runs::table
                    .filter(runs::schedule_id.eq(schedule).and(runs::organization_id.eq(organization)))
                    .filter(runs::scheduled_at.lt(page.below_time()))
                    .order(runs::scheduled_at.desc())
                    .select((
                        runs::id,
                        runs::number,
                        runs::state,
                        runs::scheduled_at,
                        runs::queued_at,
                        runs::started_at,
                        runs::finished_at,
                        runs::reason,
                    ));
                on_conn!(conn, |conn| Ok(limited(query, page.limit()).load(conn)?))
            })
            .await?;
        let rows = rows.into_iter().map(OccurrenceRow::from).collect();
        Ok(Page::cut(rows, &page, |row: &OccurrenceRow| Cursor::Time(row.scheduled_at)))
    }
}
