//! Parking: a run that loses every worker is ended, so that it does not take down one after the other.

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use domain::RunState;

use super::candidates::Expired;
use crate::{
    Error,
    connection::on_conn,
    database::Transaction,
    ending::{self, Ended},
    run::count::count_steps,
    sql::{Id, Uuid},
    statement::statement,
};

/// Ends the runs as errored.
pub(super) fn park(transaction: &mut Transaction<'_>, tired: &[Expired]) -> Result<(), Error> {
    let mut ended = Vec::with_capacity(tired.len());
    for run in tired {
        let reason = format!("The worker was lost {} times while it executed this run.", run.attempts);
        tracing::error!(run = %run.lease.run, attempts = run.attempts, "A run lost all its workers and was parked");
        let over: Option<(i64, i64)> = on_conn!(transaction.conn, |conn| {
            statement::<(BigInt, BigInt)>(
                "UPDATE runs SET state = 'errored', reason = ?, due_at = NULL, lease_owner = NULL,
                        finished_at = now_us()
                 WHERE id = ? AND fence = ? AND state = 'running'
                 RETURNING finished_at, finished_at - coalesce(started_at, finished_at)",
            )
            .bind::<Text, _>(&reason)
            .bind::<Uuid, _>(Id::from(run.lease.run))
            .bind::<BigInt, _>(run.lease.fence)
            .get_result(conn)
            .optional()?
        });
        ended.extend(over.map(|(at, took)| Ended {
            lease: run.lease,
            state: RunState::Errored,
            slow: false,
            at,
            took,
        }));
    }
    ending::tidy(transaction.conn, &ended.iter().map(|run| run.lease.run).collect::<Vec<_>>())?;
    for run in &ended {
        count_steps(transaction.conn, run.lease.run)?;
    }
    ending::follow_up(transaction, &ended)
}
