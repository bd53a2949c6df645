//! How a run ends: its final state, its place in its plan's recent history, its change event. Always in
//! the transaction of whoever ends it.

use std::collections::BTreeMap;

use diesel::{
    RunQueryDsl,
    sql_types::{Array, Nullable, Text},
};
use domain::{PlanId, RunId, RunState};

use crate::{
    Error, RunChange,
    connection::AnyConnection,
    database::Transaction,
    lease::Lease,
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
    /// Microseconds from its first claim to now.
    pub(crate) took: i64,
}

/// Tells what follows from runs having ended: the plans' recent history, the change events.
pub(crate) fn follow_up(transaction: &mut Transaction<'_>, ended: &[Ended]) -> Result<(), Error> {
    // In the order of ids, so that two transactions never wait for each other. Thirty runs are kept.
    let mut plans: BTreeMap<PlanId, (String, Option<RunState>)> = BTreeMap::new();
    for run in ended {
        let (recent, health) = plans.entry(run.lease.plan).or_default();
        recent.insert_str(0, &mark(run.state, run.took));
        if matches!(run.state, RunState::Passed | RunState::Failed | RunState::Errored) {
            *health = Some(run.state);
        }
    }
    match transaction.conn {
        AnyConnection::Postgres(conn) => {
            let ids: Vec<Id> = plans.keys().map(|plan| (*plan).into()).collect();
            let (recent, health): (Vec<_>, Vec<_>) =
                plans.into_values().map(|(recent, health)| (recent, health.map(RunState::as_str))).unzip();
            statement::<()>(
                "WITH locked AS (SELECT id FROM plans WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE)
                 UPDATE plans SET recent = substr(news.recent || plans.recent, 1, 300),
                                  health = coalesce(news.health, plans.health)
                 FROM unnest(?, ?, ?) AS news (id, recent, health) JOIN locked ON locked.id = news.id
                 WHERE plans.id = news.id",
            )
            .bind::<Array<Uuid>, _>(ids.clone())
            .bind::<Array<Uuid>, _>(ids)
            .bind::<Array<Text>, _>(recent)
            .bind::<Array<Nullable<Text>>, _>(health)
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for (plan, (recent, health)) in plans {
                statement::<()>(
                    "UPDATE plans SET recent = substr(? || recent, 1, 300), health = coalesce(?, health) WHERE id = ?",
                )
                .bind::<Text, _>(recent)
                .bind::<Nullable<Text>, _>(health.map(RunState::as_str))
                .bind::<Uuid, _>(Id::from(plan))
                .execute(conn)?;
            }
        }
    }
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

/// One run in `plans.recent`: the first letter of its state and nine digits of milliseconds.
fn mark(state: RunState, took: i64) -> String {
    let millis = (took / 1000).clamp(0, 999_999_999);
    format!("{}{millis:09}", &state.as_str()[..1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_ten_characters_in_the_recent_history() {
        assert_eq!(mark(RunState::Passed, 1_234_567), "p000001234");
        assert_eq!(mark(RunState::Errored, -5), "e000000000");
        assert_eq!(mark(RunState::Cancelled, i64::MAX), "c999999999");
    }
}
