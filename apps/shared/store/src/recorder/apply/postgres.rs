//! PostgreSQL: every round trip counts, so one statement for all runs of a batch that need the same.

use std::collections::HashMap;

use diesel::{
    PgConnection, RunQueryDsl,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text},
};

use super::{Fenced, column, sealed, state};
use crate::{
    Ending, Error, SealingKey,
    recorder::batch::{Last, RunWrites},
    sql::{Id, Uuid},
    statement::statement,
};

pub(super) fn write(conn: &mut PgConnection, key: &SealingKey, batch: &[RunWrites]) -> Result<Vec<Fenced>, Error> {
    let (mut going, mut back, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for run in batch {
        match &run.last {
            None => going.push(run),
            Some(Last::HandBack) => back.push(run),
            Some(Last::End(ending)) => over.push((run, ending)),
        }
    }
    let mut held = HashMap::with_capacity(batch.len());
    lock(conn, &going, &mut held)?;
    hand_back(conn, &back, &mut held)?;
    end(conn, &over, &mut held)?;
    let mut fenced = Vec::with_capacity(batch.len());
    for run in batch {
        fenced.push(held.remove(&key_of(run)).unwrap_or(Fenced::Refused));
    }
    put(
        conn,
        key,
        &batch.iter().zip(&fenced).filter(|(_, fenced)| !matches!(fenced, Fenced::Refused)).map(|(run, _)| run),
    )?;
    Ok(fenced)
}

/// A run may be in a batch twice: with an old lease, and with the one this process got after that.
type Key = (Id, i64);

fn key_of(run: &RunWrites) -> Key {
    (run.lease().run.into(), run.lease().fence)
}

fn keys<'r>(runs: impl Iterator<Item = &'r RunWrites>) -> (Vec<Id>, Vec<i64>) {
    runs.map(key_of).unzip()
}

/// Holds the rows of runs that go on, so that none is claimed before the commit.
fn lock(conn: &mut PgConnection, runs: &[&RunWrites], held: &mut HashMap<Key, Fenced>) -> Result<(), Error> {
    if runs.is_empty() {
        return Ok(());
    }
    let (ids, fences) = keys(runs.iter().copied());
    let rows: Vec<Key> = statement::<(Uuid, BigInt)>(
        "SELECT runs.id, runs.fence FROM runs JOIN unnest(?, ?) AS ours (id, fence) USING (id, fence)
         WHERE runs.state = 'running' ORDER BY runs.id FOR NO KEY UPDATE OF runs",
    )
    .bind::<Array<Uuid>, _>(ids)
    .bind::<Array<BigInt>, _>(fences)
    .load(conn)?;
    held.extend(rows.into_iter().map(|key| (key, Fenced::Held)));
    Ok(())
}

fn hand_back(conn: &mut PgConnection, runs: &[&RunWrites], held: &mut HashMap<Key, Fenced>) -> Result<(), Error> {
    if runs.is_empty() {
        return Ok(());
    }
    let (ids, fences) = keys(runs.iter().copied());
    let rows: Vec<Key> = statement::<(Uuid, BigInt)>(
        "UPDATE runs SET state = 'queued', due_at = now_us(), lease_owner = NULL, attempts = attempts - 1
         FROM unnest(?, ?) AS ours (id, fence)
         WHERE runs.id = ours.id AND runs.fence = ours.fence AND runs.state = 'running'
         RETURNING runs.id, runs.fence",
    )
    .bind::<Array<Uuid>, _>(ids)
    .bind::<Array<BigInt>, _>(fences)
    .load(conn)?;
    held.extend(rows.into_iter().map(|key| (key, Fenced::Held)));
    Ok(())
}

fn end(conn: &mut PgConnection, runs: &[(&RunWrites, &Ending)], held: &mut HashMap<Key, Fenced>) -> Result<(), Error> {
    if runs.is_empty() {
        return Ok(());
    }
    let (ids, fences) = keys(runs.iter().map(|(run, _)| *run));
    let endings = || runs.iter().map(|(_, ending)| *ending);
    let rows: Vec<(Id, i64, i64)> = statement::<(Uuid, BigInt, BigInt)>(
        "UPDATE runs SET state = ours.state, reason = ours.reason, slow = ours.slow, steps_passed = ours.passed,
                steps_failed = ours.failed, steps_skipped = ours.skipped,
                due_at = NULL, lease_owner = NULL, finished_at = now_us()
         FROM unnest(?, ?, ?, ?, ?, ?, ?, ?) AS ours (id, fence, state, reason, slow, passed, failed, skipped)
         WHERE runs.id = ours.id AND runs.fence = ours.fence AND runs.state = 'running'
         RETURNING runs.id, runs.fence, runs.finished_at - coalesce(runs.started_at, runs.finished_at)",
    )
    .bind::<Array<Uuid>, _>(ids)
    .bind::<Array<BigInt>, _>(fences)
    .bind::<Array<Text>, _>(endings().map(|ending| ending.state.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(endings().map(Ending::storable_reason).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(endings().map(|ending| ending.slow).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(endings().map(|ending| column(ending.passed)).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(endings().map(|ending| column(ending.failed)).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(endings().map(|ending| column(ending.skipped)).collect::<Vec<_>>())
    .load(conn)?;
    held.extend(rows.into_iter().map(|(id, fence, took)| ((id, fence), Fenced::Ended { took })));
    Ok(())
}

fn put<'r>(
    conn: &mut PgConnection,
    key: &SealingKey,
    runs: &(impl Iterator<Item = &'r RunWrites> + Clone),
) -> Result<(), Error> {
    let steps = || runs.clone().flat_map(|run| run.steps.iter().map(move |step| (run, step)));
    if steps().next().is_none() {
        return Ok(());
    }
    statement::<()>(
        "INSERT INTO steps (run_id, position, state, started_at, duration, report, progress)
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state, started_at = excluded.started_at,
             duration = excluded.duration, report = excluded.report, progress = excluded.progress",
    )
    .bind::<Array<Uuid>, _>(steps().map(|(run, _)| Id::from(run.lease().run)).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(steps().map(|(_, step)| column(step.position)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(steps().map(|(run, step)| state(run, step)).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(steps().map(|(_, step)| step.started_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(steps().map(|(_, step)| step.duration).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(steps().map(|(_, step)| step.report.as_deref()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Binary>>, _>(steps().map(|(run, step)| sealed(key, run, step)).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}
