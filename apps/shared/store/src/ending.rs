//! How a run ends: its final state, its place in its plan's recent history, its being metered, its change
//! event. Always in the transaction of whoever ends it.

use diesel::{RunQueryDsl, sql_types::Array};
use domain::{Elapsed, RunId, RunState};

use crate::{
    Error, RunChange,
    connection::AnyConnection,
    database::Transaction,
    lease::Lease,
    metering,
    plan::recent::{self, RecentRun},
    sql::{Id, Uuid},
    statement::statement,
};

/// What is known of a run when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// A final state.
    pub state: RunState,
    /// Why it did not pass, in one plain sentence.
    pub reason: Option<String>,
    /// Passed, but a step was slower than it should be.
    pub slow: bool,
    /// How many of its steps passed.
    pub passed: u32,
    /// How many failed or could not be told.
    pub failed: u32,
    /// How many were not run.
    pub skipped: u32,
}

impl Ending {
    /// A run that we could not bring to its end.
    #[must_use]
    pub fn errored(reason: impl Into<String>) -> Self {
        Self { state: RunState::Errored, reason: Some(reason.into()), slow: false, passed: 0, failed: 0, skipped: 0 }
    }

    /// The reason as PostgreSQL takes it: its texts hold no NUL.
    pub(crate) fn storable_reason(&self) -> Option<String> {
        self.reason.as_ref().map(|reason| reason.replace('\0', "\u{fffd}"))
    }
}

/// A run that has just got its final state.
pub(crate) struct Ended {
    pub(crate) lease: Lease,
    pub(crate) state: RunState,
    pub(crate) slow: bool,
    /// When, in microseconds.
    pub(crate) at: i64,
    /// Microseconds from its first claim to then.
    pub(crate) took: i64,
}

impl Ended {
    fn as_recent(&self) -> RecentRun {
        RecentRun { state: self.state, slow: self.slow, duration: Elapsed(u64::try_from(self.took).unwrap_or(0)) }
    }
}

/// Tells what follows from runs having ended: the plans' recent history, what is metered, the change events.
pub(crate) fn follow_up(transaction: &mut Transaction<'_>, ended: &[Ended]) -> Result<(), Error> {
    if ended.is_empty() {
        return Ok(());
    }
    let runs: Vec<_> = ended.iter().map(|run| (run.lease.plan, run.as_recent())).collect();
    recent::note(transaction.conn, &runs)?;
    metering::add(transaction.conn, ended.iter().map(|run| (run.lease.organization(), run.at)))?;
    ended.iter().for_each(|run| transaction.changed(run.lease.change(RunChange::Finished)));
    Ok(())
}

/// Leaves nothing in the steps of runs that are over that only a running one needs: what they captured,
/// and that one of them is under way.
pub(crate) fn tidy(conn: &mut AnyConnection, runs: &[RunId]) -> Result<(), Error> {
    match conn {
        _ if runs.is_empty() => {}
        AnyConnection::Postgres(conn) => {
            statement::<()>(
                "UPDATE steps SET progress = NULL, state = CASE state WHEN 'running' THEN 'errored' ELSE state END
                 WHERE run_id = ANY (?) AND (progress IS NOT NULL OR state = 'running')",
            )
            .bind::<Array<Uuid>, _>(runs.iter().map(|run| Id::from(*run)).collect::<Vec<_>>())
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for run in runs {
                statement::<()>(
                    "UPDATE steps SET progress = NULL, state = CASE state WHEN 'running' THEN 'errored' ELSE state END
                     WHERE run_id = ? AND (progress IS NOT NULL OR state = 'running')",
                )
                .bind::<Uuid, _>(Id::from(*run))
                .execute(conn)?;
            }
        }
    }
    Ok(())
}
