//! Runs counted in bins of time.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl, connection::DefaultLoadingMode,
    pg::PgRowByRowLoadingMode,
};
use domain::{
    RunState,
    statistics::{Bin, CountedRun, Counting, StatisticsQuestion, TooManyRuns},
};
use jiff::SignedDuration;

use super::{duration, first_id_of};
use crate::{
    Error, Store, Tenant,
    connection::AnyConnection,
    limited::limited,
    schema::{plans, runs},
    sql::{Id, Word, micros, time},
};

/// How many runs are counted at once: 16 MB of durations (twice that while they grow), and some ten seconds of a
/// connection on a busy machine.
const MOST_RUNS: usize = 2_000_000;

/// By how much the clock of whoever made a run's id and the database's, which tells when the run was queued, are
/// apart at most; or how long queueing took. It costs reading a few rows too many.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// There are too many runs.
    #[error(transparent)]
    TooMany(#[from] TooManyRuns),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// When it was queued, its state, whether it was slow, when it started and ended.
type Columns = (i64, Word<RunState>, bool, Option<i64>, Option<i64>);

impl Store {
    /// Counts the runs that the question asks for. Each is read once, and of it no more is kept than its duration.
    ///
    /// # Errors
    /// If there are more than two million of them, or the database fails.
    pub async fn statistics(&self, tenant: &Tenant, question: StatisticsQuestion) -> Result<Vec<Bin>, StatisticsError> {
        let organization = Id::from(tenant.organization());
        let counted = self.database.read(move |conn| count(conn, organization, &question)).await?;
        Ok(counted?)
    }
}

fn count(
    conn: &mut AnyConnection,
    organization: Id,
    question: &StatisticsQuestion,
) -> Result<Result<Vec<Bin>, TooManyRuns>, Error> {
    let time = question.time();
    let (first, last) = (first_id_of(time.start - APART), first_id_of(time.end + APART));
    let queued = runs::queued_at.ge(micros(time.start)).and(runs::queued_at.lt(micros(time.end)));
    let within = runs::table.filter(runs::id.ge(Id(first)).and(runs::id.lt(Id(last))).and(queued)).select((
        runs::queued_at,
        runs::state,
        runs::slow,
        runs::started_at,
        runs::finished_at,
    ));
    let most = i64::try_from(MOST_RUNS + 1).expect("two million fit");
    let mut counting = Counting::of(question, MOST_RUNS);
    /// The rows of the query one after the other, of which neither database's client keeps any.
    macro_rules! add_each {
        ($query:expr) => {
            match conn {
                AnyConnection::Postgres(conn) => {
                    add(&mut counting, limited($query, most).load_iter::<Columns, PgRowByRowLoadingMode>(conn)?)?
                }
                AnyConnection::Sqlite(conn) => {
                    add(&mut counting, limited($query, most).load_iter::<Columns, DefaultLoadingMode>(conn)?)?
                }
            }
        };
    }
    let added = match question.plan() {
        None => add_each!(within.filter(runs::organization_id.eq(organization))),
        Some(plan) => {
            // Whose plan it is, is asked first: no run of another organization is looked at. Were the organization
            // asked for with the runs, too, SQLite would look through all of its runs instead of the plan's.
            let own = plans::table
                .filter(plans::id.eq(Id::from(plan)).and(plans::organization_id.eq(organization)))
                .select(plans::id);
            add_each!(within.filter(runs::plan_id.eq_any(own)))
        }
    };
    Ok(added.map(|()| counting.bins()))
}

fn add(
    counting: &mut Counting,
    rows: impl Iterator<Item = QueryResult<Columns>>,
) -> Result<Result<(), TooManyRuns>, Error> {
    for row in rows {
        let (queued_at, Word(state), slow, started_at, finished_at) = row?;
        let duration = duration(started_at, finished_at);
        if let Err(many) = counting.add(CountedRun { queued_at: time(queued_at), state, slow, duration }) {
            return Ok(Err(many));
        }
    }
    Ok(Ok(()))
}
