//! The clock: whether an operator has stopped it, what it has before it, who is at work. It belongs to
//! the whole installation, not to an organization.

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use jiff::Timestamp;

use crate::{
    Error, Store,
    connection::{AnyConnection, now, on_conn},
    sql::time,
    statement::statement,
    workers::{self, WorkerRow},
};

/// How the clock is doing.
#[derive(Clone, Debug)]
pub struct ClockStatus {
    /// The database's time.
    pub now: Timestamp,
    /// Who has stopped it; none if it goes.
    pub paused: Option<ClockPause>,
    /// How many schedules are due and not fired yet.
    pub due: u64,
    /// Since when the first of them is due.
    pub oldest_due: Option<Timestamp>,
    /// When the next schedule is due that is not due yet.
    pub next_due: Option<Timestamp>,
    /// How many runs wait for an executor.
    pub queued: u64,
    /// Since when the first of them waits.
    pub oldest_queued: Option<Timestamp>,
    /// The processes at work: those that told of themselves within [`ALIVE`](crate::ALIVE).
    pub workers: Vec<WorkerRow>,
}

/// That the clock is stopped: no schedule fires. What is due meanwhile is made up for afterwards, as
/// each schedule's catch-up policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockPause {
    /// Since when.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

impl Store {
    /// What the database's clock shows: the time by which everything here is due.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        self.database.read(|conn| Ok(time(now(conn)?))).await
    }

    /// What the database's clock shows, and when the first schedule is or was due: all that a tick looks
    /// at while nothing is.
    pub async fn next_due(&self) -> Result<(Timestamp, Option<Timestamp>), Error> {
        self.database
            .read(|conn| {
                let query = statement::<(BigInt, Nullable<BigInt>)>(
                    "SELECT now_us(), (SELECT min(next_due_at) FROM schedules WHERE next_due_at IS NOT NULL)",
                );
                let (now, due): (i64, Option<i64>) = on_conn!(conn, |conn| query.get_result(conn)?);
                Ok((time(now), due.map(time)))
            })
            .await
    }

    /// How the clock is doing.
    pub async fn clock(&self) -> Result<ClockStatus, Error> {
        self.database
            .read(|conn| {
                let now = now(conn)?;
                let (due, oldest_due, next_due) = due(conn, now)?;
                let (queued, oldest_queued) = queued(conn)?;
                Ok(ClockStatus {
                    now: time(now),
                    paused: paused(conn)?,
                    due: u64::try_from(due).unwrap_or(0),
                    oldest_due: oldest_due.map(time),
                    next_due: next_due.map(time),
                    queued: u64::try_from(queued).unwrap_or(0),
                    oldest_queued: oldest_queued.map(time),
                    workers: workers::alive(conn, now)?,
                })
            })
            .await
    }

    /// Stops the clock; false if it was stopped already, which then stays as it is.
    pub async fn pause_clock(&self, by: &str, reason: &str) -> Result<bool, Error> {
        let stored = |text: &str| text.trim().replace('\0', "\u{fffd}");
        let (by, reason) = (stored(by), stored(reason));
        self.database
            .write(move |tx| {
                let pause = statement::<()>(
                    "UPDATE clock SET paused_at = now_us(), paused_by = ?, reason = ? WHERE paused_at IS NULL",
                )
                .bind::<Text, _>(by)
                .bind::<Text, _>(reason);
                Ok(on_conn!(&mut *tx.conn, |conn| pause.execute(conn)?) > 0)
            })
            .await
    }

    /// Lets the clock go on; false if it was not stopped.
    pub async fn resume_clock(&self) -> Result<bool, Error> {
        self.database
            .write(|tx| {
                let resume = statement::<()>(
                    "UPDATE clock SET paused_at = NULL, paused_by = NULL, reason = NULL WHERE paused_at IS NOT NULL",
                );
                Ok(on_conn!(&mut *tx.conn, |conn| resume.execute(conn)?) > 0)
            })
            .await
    }
}

fn paused(conn: &mut AnyConnection) -> Result<Option<ClockPause>, Error> {
    type Row = (Option<i64>, Option<String>, Option<String>);
    let query = statement::<(Nullable<BigInt>, Nullable<Text>, Nullable<Text>)>(
        "SELECT paused_at, paused_by, reason FROM clock WHERE id = 1",
    );
    let (at, by, reason): Row = on_conn!(conn, |conn| query.get_result(conn)?);
    Ok(at.map(|at| ClockPause { at: time(at), by: by.unwrap_or_default(), reason: reason.unwrap_or_default() }))
}

/// How many schedules are due, since when, and when the next one is.
fn due(conn: &mut AnyConnection, now: i64) -> Result<(i64, Option<i64>, Option<i64>), Error> {
    let query = statement::<(BigInt, Nullable<BigInt>, Nullable<BigInt>)>(
        "SELECT (SELECT count(*) FROM schedules WHERE next_due_at <= ?),
                (SELECT min(next_due_at) FROM schedules WHERE next_due_at <= ?),
                (SELECT min(next_due_at) FROM schedules WHERE next_due_at > ?)",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now);
    Ok(on_conn!(conn, |conn| query.get_result(conn)?))
}

/// How many runs wait, and since when.
fn queued(conn: &mut AnyConnection) -> Result<(i64, Option<i64>), Error> {
    let query =
        statement::<(BigInt, Nullable<BigInt>)>("SELECT count(*), min(due_at) FROM runs WHERE state = 'queued'");
    Ok(on_conn!(conn, |conn| query.get_result(conn)?))
}
