//! SQLite: one writer, no round trips, so row by row.

use diesel::{
    OptionalExtension, RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text},
};

use super::{Fenced, column, sealed, state};
use crate::{
    Error, KeyRing,
    recorder::batch::{Last, RunWrites, StepWrite},
    sql::{Id, Uuid},
    statement::statement,
};

pub(super) fn write(conn: &mut SqliteConnection, keys: &KeyRing, batch: &[RunWrites]) -> Result<Vec<Fenced>, Error> {
    batch
        .iter()
        .map(|run| {
            let fenced = fence(conn, run)?;
            if !matches!(fenced, Fenced::Refused) {
                run.steps.iter().try_for_each(|step| put(conn, keys, run, step))?;
            }
            Ok(fenced)
        })
        .collect()
}

/// Checks the fence, by writing what ends the run here if something does.
fn fence(conn: &mut SqliteConnection, run: &RunWrites) -> Result<Fenced, Error> {
    let (id, fence) = (Id::from(run.lease().run), run.lease().fence);
    let fenced = match &run.last {
        None => statement::<Integer>("SELECT 1 FROM runs WHERE id = ? AND fence = ? AND state = 'running'")
            .bind::<Uuid, _>(id)
            .bind::<BigInt, _>(fence)
            .get_result::<i32>(conn)
            .optional()?
            .map(|_| Fenced::Held),
        Some(Last::HandBack) => statement::<Integer>(
            "UPDATE runs SET state = 'queued', due_at = now_us(), lease_owner = NULL, attempts = attempts - 1
             WHERE id = ? AND fence = ? AND state = 'running' RETURNING 1",
        )
        .bind::<Uuid, _>(id)
        .bind::<BigInt, _>(fence)
        .get_result::<i32>(conn)
        .optional()?
        .map(|_| Fenced::Held),
        Some(Last::End(ending)) => statement::<(BigInt, BigInt)>(
            "UPDATE runs SET state = ?, reason = ?, slow = ?, steps_passed = ?, steps_failed = ?, steps_skipped = ?,
                    due_at = NULL, lease_owner = NULL, finished_at = now_us()
             WHERE id = ? AND fence = ? AND state = 'running'
             RETURNING finished_at, finished_at - coalesce(started_at, finished_at)",
        )
        .bind::<Text, _>(ending.state.as_str())
        .bind::<Nullable<Text>, _>(ending.storable_reason())
        .bind::<Bool, _>(ending.slow)
        .bind::<Integer, _>(column(ending.passed))
        .bind::<Integer, _>(column(ending.failed))
        .bind::<Integer, _>(column(ending.skipped))
        .bind::<Uuid, _>(id)
        .bind::<BigInt, _>(fence)
        .get_result(conn)
        .optional()?
        .map(|(at, took)| Fenced::Ended { at, took }),
    };
    Ok(fenced.unwrap_or(Fenced::Refused))
}

fn put(conn: &mut SqliteConnection, keys: &KeyRing, run: &RunWrites, step: &StepWrite) -> Result<(), Error> {
    statement::<()>(
        "INSERT INTO steps (run_id, position, state, started_at, duration, report, progress)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
             duration = excluded.duration, report = excluded.report, progress = excluded.progress",
    )
    .bind::<Uuid, _>(Id::from(run.lease().run))
    .bind::<Integer, _>(column(step.position))
    .bind::<Text, _>(state(run, step))
    .bind::<Nullable<BigInt>, _>(step.started_at)
    .bind::<Nullable<BigInt>, _>(step.duration)
    .bind::<Nullable<Text>, _>(step.report.as_deref())
    .bind::<Nullable<Binary>, _>(sealed(keys, run, step))
    .execute(conn)?;
    Ok(())
}
