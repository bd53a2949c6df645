//! Firing: schedules that are due become runs, or rows that say why not, all in one transaction.
//!
//! Any number of schedulers may fire at the same time: in PostgreSQL each takes the due schedules that no
//! other has locked, in SQLite one goes after the other. A schedule's next due time moves in the
//! transaction that inserts its runs, so that a crash leaves both or none.
//!
//! Locks are taken in this order: schedules, the runs that are to be cancelled, plans, usage. It is the
//! order of everybody who ends runs or asks for them; only whoever deletes a plan comes the other way
//! round, and then one of the two begins again.

mod busy;
mod decide;
mod previous;
mod take;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, BigInt, Integer, Nullable, Text},
};
use domain::{Elapsed, OrganizationId, PlanId, Restriction, RunState, Tier, Tiers, WhenBusy};
use jiff::Timestamp;

use self::{busy::Busy, take::Taken};
use crate::{
    Error, Store,
    connection::{AnyConnection, now},
    database::Transaction,
    plan::column,
    run::insert,
    sql::{Id, Uuid, Word, micros},
    statement::statement,
    usage,
};

/// What became of the schedules that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// How many schedules were due; as many as asked for if there may be more.
    pub schedules: usize,
    /// How many runs were queued.
    pub queued: usize,
    /// How many due times were passed over: the run before was not over, or nobody was there in time.
    pub skipped: usize,
    /// How many a limit or a restriction forbade.
    pub refused: usize,
    /// By how much the latest of them came late, of each schedule only its newest due time.
    pub lag: Elapsed,
}

/// A plan whose next runs have their numbers.
struct Numbered {
    /// The number of its last run before them.
    last: i32,
    version: i32,
    steps: i32,
    restriction: Restriction,
    when_busy: WhenBusy,
    tier: Tier,
}

impl Store {
    /// Fires at most `most` of the schedules that are due at `now`, the one due first at the front; nothing
    /// while the clock is paused.
    ///
    /// # Errors
    /// If the database fails; then nothing was fired.
    pub async fn fire(&self, now: Timestamp, most: usize) -> Result<Fired, Error> {
        let mut patience = 5;
        loop {
            let tiers = Arc::clone(&self.tiers);
            match self.database.write(move |tx| fire(tx, &tiers, now, most)).await {
                Err(Error::Deadlock) if patience > 0 => patience -= 1,
                fired => return fired,
            }
        }
    }
}

fn fire(tx: &mut Transaction<'_>, tiers: &Tiers, due_by: Timestamp, most: usize) -> Result<Fired, Error> {
    set_up(tx.conn)?;
    let taken = take::take(tx, due_by, most)?;
    if taken.schedules.is_empty() {
        return Ok(Fired { schedules: taken.unreadable, ..Fired::default() });
    }
    let now = now(tx.conn)?;
    let previous = previous::lock(tx.conn, &taken.schedules)?;
    let plans = number(tx.conn, &taken.schedules)?;
    let mut busy = Busy::look(tx.conn, &taken.schedules, &plans, tiers, now)?;
    let runs = decide::decide(&taken.schedules, plans, &mut busy, tiers, now);
    previous::cancel(tx, &previous, &runs)?;
    let inserted = insert::insert(tx, now, &runs)?;
    let mut fired = Fired { schedules: taken.schedules.len() + taken.unreadable, ..Fired::default() };
    let mut accepted: BTreeMap<OrganizationId, u32> = BTreeMap::new();
    for run in runs.iter().filter(|run| inserted.contains(&run.id)) {
        match run.state() {
            RunState::Queued => {
                fired.queued += 1;
                *accepted.entry(run.organization).or_default() += 1;
            }
            RunState::Refused => fired.refused += 1,
            _ => fired.skipped += 1,
        }
    }
    usage::add(tx.conn, &accepted, now)?;
    move_on(tx.conn, &taken.schedules)?;
    let newest = taken.schedules.iter().filter_map(|taken| taken.due.occurrences.last());
    let lag = newest.map(|occurrence| now - micros(occurrence.due_at)).max();
    fired.lag = Elapsed(u64::try_from(lag.unwrap_or(0)).unwrap_or(0));
    Ok(fired)
}

/// Says how the transaction wants to be treated.
fn set_up(conn: &mut AnyConnection) -> Result<(), Error> {
    if let AnyConnection::Postgres(conn) = conn {
        // If it is lost before it is on disk, the schedules are due again and fire again: nothing that
        // depends on it can be on disk before it. What is due and what waits comes and goes faster than
        // statistics about it: the indexes are always right.
        statement::<()>(
            "SELECT set_config('synchronous_commit', 'off', true), set_config('enable_seqscan', 'off', true),
                    set_config('enable_bitmapscan', 'off', true)",
        )
        .execute(conn)?;
    }
    Ok(())
}

type NumberedType = (Uuid, Integer, Integer, Integer, Text, Text, Text);
type NumberedRow = (Id, i32, i32, i32, Word<Restriction>, Word<WhenBusy>, Word<Tier>);

/// Counts the runs of the plans up by what has come due; that locks the plans' rows until the end of the
/// transaction, as whoever asks for a run does.
fn number(conn: &mut AnyConnection, taken: &[Taken]) -> Result<HashMap<PlanId, Numbered>, Error> {
    let mut more: BTreeMap<Id, usize> = BTreeMap::new();
    for schedule in taken {
        *more.entry(schedule.plan.into()).or_default() += schedule.due.occurrences.len();
    }
    let number = |runs: usize| i32::try_from(runs).unwrap_or(i32::MAX);
    let rows: Vec<NumberedRow> = match conn {
        AnyConnection::Postgres(conn) => {
            let ids: Vec<Id> = more.keys().copied().collect();
            statement::<NumberedType>(
                "WITH locked AS (SELECT id FROM plans WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE)
                 UPDATE plans SET last_run_number = last_run_number + more.runs
                 FROM unnest(?, ?) AS more (id, runs) JOIN locked ON locked.id = more.id
                 WHERE plans.id = more.id
                 RETURNING plans.id, last_run_number - more.runs, version, steps, restriction, when_busy,
                           (SELECT tier FROM organizations WHERE organizations.id = plans.organization_id)",
            )
            .bind::<Array<Uuid>, _>(ids.clone())
            .bind::<Array<Uuid>, _>(ids)
            .bind::<Array<Integer>, _>(more.values().map(|runs| number(*runs)).collect::<Vec<_>>())
            .load(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut rows = Vec::with_capacity(more.len());
            for (plan, runs) in more {
                let row: Option<NumberedRow> = statement::<NumberedType>(
                    "UPDATE plans SET last_run_number = last_run_number + ? WHERE id = ?
                     RETURNING id, last_run_number - ?, version, steps, restriction, when_busy,
                               (SELECT tier FROM organizations WHERE organizations.id = organization_id)",
                )
                .bind::<Integer, _>(number(runs))
                .bind::<Uuid, _>(plan)
                .bind::<Integer, _>(number(runs))
                .get_result(conn)
                .optional()?;
                rows.extend(row);
            }
            rows
        }
    };
    let numbered = |(plan, last, version, steps, restriction, when_busy, tier): NumberedRow| {
        let (restriction, when_busy, tier) = (restriction.0, when_busy.0, tier.0);
        (PlanId::from(plan), Numbered { last, version, steps, restriction, when_busy, tier })
    };
    Ok(rows.into_iter().map(numbered).collect())
}

/// Writes down when each of the schedules is due next.
fn move_on(conn: &mut AnyConnection, taken: &[Taken]) -> Result<(), Error> {
    let next = |taken: &Taken| taken.due.next.map(micros);
    match conn {
        AnyConnection::Postgres(conn) => {
            statement::<()>(
                "UPDATE schedules SET fired = moved.fired, next_due_at = moved.next_due_at
                 FROM unnest(?, ?, ?) AS moved (id, fired, next_due_at) WHERE schedules.id = moved.id",
            )
            .bind::<Array<Uuid>, _>(taken.iter().map(|taken| Id::from(taken.schedule)).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(taken.iter().map(|taken| column(taken.due.fired)).collect::<Vec<_>>())
            .bind::<Array<Nullable<BigInt>>, _>(taken.iter().map(next).collect::<Vec<_>>())
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for taken in taken {
                statement::<()>("UPDATE schedules SET fired = ?, next_due_at = ? WHERE id = ?")
                    .bind::<Integer, _>(column(taken.due.fired))
                    .bind::<Nullable<BigInt>, _>(next(taken))
                    .bind::<Uuid, _>(Id::from(taken.schedule))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}
