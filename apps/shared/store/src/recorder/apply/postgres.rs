//! PostgreSQL: every round trip counts, so one statement writes all about the runs that go on, and one all
//! about those that are over.

use std::collections::HashMap;

use diesel::{
    PgConnection, RunQueryDsl,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text},
};

use super::{Fenced, column, sealed, state};
use crate::{
    Error, KeyRing,
    recorder::batch::{Last, RunWrites},
    sql::{Id, Uuid},
    statement::statement,
};

pub(super) fn write(conn: &mut PgConnection, keys: &KeyRing, batch: &[RunWrites]) -> Result<Vec<Fenced>, Error> {
    let mut held = HashMap::with_capacity(batch.len());
    put(conn, keys, batch, &mut held)?;
    end(conn, keys, batch, &mut held)?;
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

/// A statement that writes the steps of the runs in `ours`, which the text before it defines.
macro_rules! with_steps {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            ", written AS (
                 INSERT INTO steps (run_id, position, state, started_at, duration, report, progress)
                 SELECT step.run_id, step.position, step.state, step.started_at, step.duration, step.report, step.progress
                 FROM unnest(?, ?, ?, ?, ?, ?, ?, ?)
                      AS step (run_id, fence, position, state, started_at, duration, report, progress)
                 JOIN ours ON ours.id = step.run_id AND ours.fence = step.fence
                 ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
                     duration = excluded.duration, report = excluded.report, progress = excluded.progress
             ) ",
            $after
        )
    };
}

/// The values of these steps.
macro_rules! bind_steps {
    ($statement:expr, $key:expr, $steps:expr) => {
        $statement
            .bind::<Array<Uuid>, _>(each($steps.map(|(run, _)| key_of(run).0)))
            .bind::<Array<BigInt>, _>(each($steps.map(|(run, _)| key_of(run).1)))
            .bind::<Array<Integer>, _>(each($steps.map(|(_, step)| column(step.position))))
            .bind::<Array<Text>, _>(each($steps.map(|(run, step)| state(run, step))))
            .bind::<Array<Nullable<BigInt>>, _>(each($steps.map(|(_, step)| step.started_at)))
            .bind::<Array<Nullable<BigInt>>, _>(each($steps.map(|(_, step)| step.duration)))
            .bind::<Array<Nullable<Text>>, _>(each($steps.map(|(_, step)| step.report.as_deref())))
            .bind::<Array<Nullable<Binary>>, _>(each($steps.map(|(run, step)| sealed($key, run, step))))
    };
}

/// Writes the steps of those runs that go on and whose fence holds. Their rows are locked, in the order of
/// their ids, so that none is claimed before the commit. A weaker lock would cost as much, and none would
/// let a worker claim a run without what it is about to be told: it could send a POST again.
///
/// A run that is running has a lease's owner, and no other run has. It is asked for that and not for its
/// state, and one at a time, so that the planner takes the runs by their ids whatever it knows of them.
/// Every fence is positive: the condition only has the planner expect few of them, whatever their number,
/// so that it plans once and not every time, which takes as long as the statement itself.
fn put(
    conn: &mut PgConnection,
    keys: &KeyRing,
    batch: &[RunWrites],
    held: &mut HashMap<Key, Fenced>,
) -> Result<(), Error> {
    let mut going: Vec<&RunWrites> = batch.iter().filter(|run| !run.ends()).collect();
    if going.is_empty() {
        return Ok(());
    }
    going.sort_unstable_by_key(|run| key_of(run));
    let going = || going.iter().copied();
    let steps = || going().flat_map(|run| run.steps.iter().map(move |step| (run, step)));
    let statement = statement::<(Uuid, BigInt)>(with_steps!(
        "WITH ours AS MATERIALIZED (
             SELECT held.id, held.fence FROM unnest(?, ?) AS sent (id, fence) CROSS JOIN LATERAL (
                 SELECT runs.id, runs.fence FROM runs
                 WHERE runs.id = sent.id AND runs.fence = sent.fence AND runs.lease_owner IS NOT NULL
                 FOR NO KEY UPDATE
             ) AS held
             WHERE sent.fence > 0
         )",
        "SELECT id, fence FROM ours"
    ))
    .bind::<Array<Uuid>, _>(each(going().map(|run| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(going().map(|run| key_of(run).1)));
    let rows: Vec<Key> = bind_steps!(statement, keys, steps()).load(conn)?;
    held.extend(rows.into_iter().map(|key| (key, Fenced::Held)));
    Ok(())
}

/// Writes the ends and the steps of those runs that are over and whose fence holds.
fn end(
    conn: &mut PgConnection,
    keys: &KeyRing,
    batch: &[RunWrites],
    held: &mut HashMap<Key, Fenced>,
) -> Result<(), Error> {
    let over = || {
        batch.iter().filter_map(|run| match &run.last {
            Some(Last::End(ending)) => Some((run, ending)),
            _ => None,
        })
    };
    if over().next().is_none() {
        return Ok(());
    }
    let steps = || over().flat_map(|(run, _)| run.steps.iter().map(move |step| (run, step)));
    let statement = statement::<(Uuid, BigInt, BigInt, BigInt)>(with_steps!(
        "WITH ours AS (
             UPDATE runs SET state = sent.state, reason = sent.reason, slow = sent.slow, steps_passed = sent.passed,
                    steps_failed = sent.failed, steps_skipped = sent.skipped,
                    due_at = NULL, lease_owner = NULL, finished_at = now_us()
             FROM unnest(?, ?, ?, ?, ?, ?, ?, ?) AS sent (id, fence, state, reason, slow, passed, failed, skipped)
             WHERE runs.id = sent.id AND runs.fence = sent.fence AND runs.lease_owner IS NOT NULL
             RETURNING runs.id, runs.fence, runs.finished_at,
                       runs.finished_at - coalesce(runs.started_at, runs.finished_at) AS took
         )",
        "SELECT id, fence, finished_at, took FROM ours"
    ))
    .bind::<Array<Uuid>, _>(each(over().map(|(run, _)| key_of(run).0)))
    .bind::<Array<BigInt>, _>(each(over().map(|(run, _)| key_of(run).1)))
    .bind::<Array<Text>, _>(each(over().map(|(_, ending)| ending.state.as_str())))
    .bind::<Array<Nullable<Text>>, _>(each(over().map(|(_, ending)| ending.storable_reason())))
    .bind::<Array<Bool>, _>(each(over().map(|(_, ending)| ending.slow)))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.passed))))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.failed))))
    .bind::<Array<Integer>, _>(each(over().map(|(_, ending)| column(ending.skipped))));
    let rows: Vec<(Id, i64, i64, i64)> = bind_steps!(statement, keys, steps()).load(conn)?;
    held.extend(rows.into_iter().map(|(id, fence, at, took)| ((id, fence), Fenced::Ended { at, took })));
    Ok(())
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
