//! Figures for those who watch the whole installation, from the database and of this process's connections to it.

use std::time::Duration;

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Nullable},
};

use crate::{
    Error, Store,
    connection::on_conn,
    database::{Pool, PoolUse},
    statement::statement,
};

/// No more rows than these are counted: a figure that is this high says enough, and costs no more.
pub const MOST_COUNTED: u64 = 100_000;

/// How things stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// How many runs wait for an executor, at most [`MOST_COUNTED`].
    pub queued: u64,
    /// How many runs are under way, at most [`MOST_COUNTED`].
    pub running: u64,
    /// For how long the run that is due first has waited; zero if none does.
    pub oldest_queued: Duration,
    /// How many mails are still to be sent, at most [`MOST_COUNTED`].
    pub mails_waiting: u64,
}

impl Store {
    /// How things stand in the database: one query of bounded cost.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn gauges(&self) -> Result<Gauges, Error> {
        const { assert!(MOST_COUNTED == 100_000, "the number stands in the statement") };
        type RowType = (BigInt, BigInt, Nullable<BigInt>, BigInt);
        self.database
            .read(|conn| {
                let query = statement::<RowType>(
                    "SELECT (SELECT count(*) FROM (SELECT 1 FROM runs WHERE state = 'queued' LIMIT 100000) AS queued),
                            (SELECT count(*) FROM (SELECT 1 FROM runs WHERE state = 'running' LIMIT 100000) AS running),
                            (SELECT now_us() - min(due_at) FROM
                                (SELECT due_at FROM runs WHERE state = 'queued' LIMIT 100000) AS due),
                            (SELECT count(*) FROM (SELECT 1 FROM mails WHERE due_at IS NOT NULL LIMIT 100000) AS mails)",
                );
                let (queued, running, oldest, mails): (i64, i64, Option<i64>, i64) =
                    on_conn!(conn, |conn| query.get_result(conn)?);
                let oldest = oldest.and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0);
                Ok(Gauges {
                    queued: queued.unsigned_abs(),
                    running: running.unsigned_abs(),
                    oldest_queued: Duration::from_micros(oldest),
                    mails_waiting: mails.unsigned_abs(),
                })
            })
            .await
    }

    /// The pools of this process's connections by name. Asks nobody.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, PoolUse)> {
        let (readers, writers) = (&self.database.readers, &self.database.writers);
        if std::sync::Arc::ptr_eq(readers, writers) {
            return vec![("all", Pool::used(readers))];
        }
        vec![("read", Pool::used(readers)), ("write", Pool::used(writers))]
    }
}
