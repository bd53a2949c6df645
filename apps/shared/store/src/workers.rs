//! The processes at work, as each tells of itself every few seconds.

use std::{fmt, time::Duration};

use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl, delete,
    sql_types::{BigInt, Integer, Text},
};
use domain::{Elapsed, WorkerId};
use jiff::Timestamp;

use crate::{
    Error, Store,
    connection::{AnyConnection, now, on_conn},
    lease::micros_of,
    plan::{column, count},
    schema::workers,
    sql::{Id, Uuid, Word, time},
    statement::statement,
};

/// A worker that has told nothing of itself for longer is taken for dead.
pub const ALIVE: Duration = Duration::from_secs(30);

/// A dead worker is forgotten after this time.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkerRole {
    /// It fires schedules.
    Scheduler,
    /// It executes runs.
    Executor,
}

impl WorkerRole {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Executor => "executor",
        }
    }
}

impl fmt::Display for WorkerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is no role of a worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role of a worker.")]
pub struct UnknownWorkerRole(String);

impl std::str::FromStr for WorkerRole {
    type Err = UnknownWorkerRole;

    fn from_str(word: &str) -> Result<Self, UnknownWorkerRole> {
        let known = [Self::Scheduler, Self::Executor].into_iter().find(|role| role.as_str() == word);
        known.ok_or_else(|| UnknownWorkerRole(word.to_owned()))
    }
}

/// What a process tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Itself, from its start to its end.
    pub id: WorkerId,
    /// What it does.
    pub role: WorkerRole,
    /// The machine's name.
    pub host: String,
    /// The program's version.
    pub version: String,
    /// How many runs an executor may have at the same time.
    pub slots: u32,
    /// How many it has now.
    pub busy: u32,
    /// How many times a scheduler has looked at the clock.
    pub ticks: u64,
    /// By how much its last tick came late.
    pub lag: Elapsed,
}

/// A process at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRow {
    /// What it last told of itself.
    pub heartbeat: Heartbeat,
    /// When it first did.
    pub started_at: Timestamp,
    /// When it last did.
    pub seen_at: Timestamp,
}

impl Store {
    /// Writes down that a process is at work, by the database's time.
    pub async fn heartbeat(&self, heartbeat: Heartbeat) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                let Heartbeat { id, role, host, version, slots, busy, ticks, lag } = heartbeat;
                let told = statement::<()>(
                    "INSERT INTO workers (id, role, host, version, slots, busy, ticks, lag, started_at, seen_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, now_us(), now_us())
                     ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, busy = excluded.busy,
                         ticks = excluded.ticks, lag = excluded.lag, seen_at = excluded.seen_at",
                )
                .bind::<Uuid, _>(Id::from(id))
                .bind::<Text, _>(role.as_str())
                .bind::<Text, _>(host)
                .bind::<Text, _>(version)
                .bind::<Integer, _>(column(slots))
                .bind::<Integer, _>(column(busy))
                .bind::<BigInt, _>(i64::try_from(ticks).unwrap_or(i64::MAX))
                .bind::<BigInt, _>(i64::try_from(lag.0).unwrap_or(i64::MAX));
                on_conn!(&mut *tx.conn, |conn| told.execute(conn)?);
                Ok(())
            })
            .await
    }

    /// Writes down that a process has ended.
    pub async fn goodbye(&self, worker: WorkerId) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                delete(workers::table.filter(workers::id.eq(Id::from(worker)))).execute(tx.conn)?;
                Ok(())
            })
            .await
    }

    /// Forgets the processes that told nothing of themselves for an hour; tells how many.
    pub async fn forget_dead_workers(&self) -> Result<u64, Error> {
        self.database
            .write(|tx| {
                let dead = now(tx.conn)? - micros_of(REMEMBERED);
                Ok(delete(workers::table.filter(workers::seen_at.lt(dead))).execute(tx.conn)? as u64)
            })
            .await
    }
}

type Row = ((Id, Word<WorkerRole>, String, String), (i32, i32, i64, i64), (i64, i64));

/// The workers alive at `now`, executors first, in the order of their start.
pub(crate) fn alive(conn: &mut AnyConnection, now: i64) -> Result<Vec<WorkerRow>, Error> {
    let query = workers::table
        .filter(workers::seen_at.ge(now - micros_of(ALIVE)))
        .order((workers::role, workers::started_at, workers::id))
        .select((
            (workers::id, workers::role, workers::host, workers::version),
            (workers::slots, workers::busy, workers::ticks, workers::lag),
            (workers::started_at, workers::seen_at),
        ));
    let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
    let worker = |((id, role, host, version), (slots, busy, ticks, lag), (started_at, seen_at)): Row| WorkerRow {
        heartbeat: Heartbeat {
            id: id.into(),
            role: role.0,
            host,
            version,
            slots: count(slots),
            busy: count(busy),
            ticks: u64::try_from(ticks).unwrap_or(0),
            lag: Elapsed(u64::try_from(lag).unwrap_or(0)),
        },
        started_at: time(started_at),
        seen_at: time(seen_at),
    };
    Ok(rows.into_iter().map(worker).collect())
}
