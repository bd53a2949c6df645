//! PostgreSQL: every round trip counts, so one statement writes all that a batch has to say.

use std::collections::HashMap;

use diesel::{
    PgConnection, RunQueryDsl,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text},
};

use super::{Fenced, column, sealed, state};
use crate::{
    Error, SealingKey,
    recorder::batch::{Last, RunWrites},
    sql::{Id, Uuid},
    statement::statement,
};

pub(super) fn write(conn: &mut PgConnection, key: &SealingKey, batch: &[RunWrites]) -> Result<Vec<Fenced>, Error> {
    let mut held = put(conn, key, batch)?;
    hand_back(conn, batch, &mut held)?;
    let fenced = |run| held.remove(&key_of(run)).unwrap_or(Fenced::Refused);
    Ok(batch.iter().map(fenced).collect())
}

/// A run may be in a batch twice: with an old lease, and with the one this process got after that.
type Key = (Id, i64);

fn key_of(run: &RunWrites) -> Key {
    (run.lease().run.into(), run.lease().fence)
}

/// What one array holds for a column of `unnest`.
fn each<T>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect()
}

/// Writes the steps and the ends, of those runs whose fence holds. The rows of runs that go on are
/// locked, so that none is claimed before the commit.
///
/// A run that is running has a lease's owner, and no other run has. It is asked for that and not for its
/// state, so that the planner takes the runs by their ids and not all that are running.
fn put(conn: &mut PgConnection, key: &SealingKey, batch: &[RunWrites]) -> Result<HashMap<Key, Fenced>, Error> {
    let going = || batch.iter().filter(|run| !run.ends());
    let over = || {
        batch.iter().filter_map(|run| match &run.last {
            Some(Last::End(ending)) => Some((run, ending)),
            _ => None,
        })
    };
    let steps = || batch.iter().flat_map(|run| run.steps.iter().map(move |step| (run, step)));
    let rows: Vec<(Id, i64, Option<i64>)> = statement::<(Uuid, BigInt, Nullable<BigInt>)>(
        "WITH held AS MATERIALIZED (
             SELECT runs.id, runs.fence FROM runs JOIN unnest(?, ?) AS ours (id, fence) USING (id, fence)
             WHERE runs.lease_owner IS NOT NULL ORDER BY runs.id FOR NO KEY UPDATE OF runs
         ), ended AS (
             UPDATE runs SET state = ours.state, reason = ours.reason, slow = ours.slow, steps_passed = ours.passed,
                    steps_failed = ours.failed, steps_skipped = ours.skipped,
                    due_at = NULL, lease_owner = NULL, finished_at = now_us()
             FROM unnest(?, ?, ?, ?, ?, ?, ?, ?) AS ours (id, fence, state, reason, slow, passed, failed, skipped)
             WHERE runs.id = ours.id AND runs.fence = ours.fence AND runs.lease_owner IS NOT NULL
             RETURNING runs.id, runs.fence, runs.finished_at - coalesce(runs.started_at, runs.finished_at) AS took
         ), ours AS (
             SELECT id, fence, NULL::bigint AS took FROM held UNION ALL SELECT id, fence, took FROM ended
         ), written AS (
             INSERT INTO steps (run_id, position, state, started_at, duration, report, progress)
             SELECT step.run_id, step.position, step.state, step.started_at, step.duration, step.report, step.progress
             FROM unnest(?, ?, ?, ?, ?, ?, ?, ?)
                  AS step (run_id, fence, position, state, started_at, duration, report, progress)
             JOIN ours ON ours.id = step.run_id AND ours.fence = step.fence
             ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
                 duration = excluded.duration, report = excluded.report, progress = excluded.progress
         )
         SELECT id, fence, took FROM ours",
    )
    .bind::<Array<Uuid>, _>(each(going().map(|run| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(going().map(|run| key_of(run).1)))
    .bind::<Array<Uuid>, _>(each(over().map(|(run, _)| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(over().map(|(run, _)| key_of(run).1)))
    .bind::<Array<Text>, _>(each(over().map(|(_, ending)| ending.state.as_str())))
    .bind::<Array<Nullable<Text>>, _>(each(over().map(|(_, ending)| ending.storable_reason())))
    .bind::<Array<Bool>, _>(each(over().map(|(_, ending)| ending.slow)))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.passed))))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.failed))))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.skipped))))
    .bind::<Array<Uuid>, _>(each(steps().map(|(run, _)| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(steps().map(|(run, _)| key_of(run).1)))
    .bind::<Array<Integer>, _>(each(steps().map(|(_, step)| column(step.position))))
    .bind::<Array<Text>, _>(each(steps().map(|(run, step)| state(run, step))))
    .bind::<Array<Nullable<BigInt>>, _>(each(steps().map(|(_, step)| step.started_at)))
    .bind::<Array<Nullable<BigInt>>, _>(each(steps().map(|(_, step)| step.duration)))
    .bind::<Array<Nullable<Text>>, _>(each(steps().map(|(_, step)| step.report.as_deref())))
    .bind::<Array<Nullable<Binary>>, _>(each(steps().map(|(run, step)| sealed(key, run, step))))
    .load(conn)?;
    let fenced = |took: Option<i64>| took.map_or(Fenced::Held, |took| Fenced::Ended { took });
    Ok(rows.into_iter().map(|(id, fence, took)| ((id, fence), fenced(took))).collect())
}

/// Queues runs again whose worker gives them back; their rows are locked by now.
fn hand_back(conn: &mut PgConnection, batch: &[RunWrites], held: &mut HashMap<Key, Fenced>) -> Result<(), Error> {
    let back = || batch.iter().filter(|run| matches!(run.last, Some(Last::HandBack)));
    if back().next().is_none() {
        return Ok(());
    }
    let rows: Vec<Key> = statement::<(Uuid, BigInt)>(
        "UPDATE runs SET state = 'queued', due_at = now_us(), lease_owner = NULL, attempts = attempts - 1
         FROM unnest(?, ?) AS ours (id, fence)
         WHERE runs.id = ours.id AND runs.fence = ours.fence AND runs.state = 'running'
         RETURNING runs.id, runs.fence",
    )
    .bind::<Array<Uuid>, _>(each(back().map(|run| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(back().map(|run| key_of(run).1)))
    .load(conn)?;
    held.extend(rows.into_iter().map(|key| (key, Fenced::Held)));
    Ok(())
}
