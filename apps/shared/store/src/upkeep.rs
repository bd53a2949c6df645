//! Upkeep: what has to be done now and then so that the database stays small and fast. All of it may be
//! done by several processes at once, and may be left out for a while.

use diesel::{RunQueryDsl, connection::SimpleConnection, sql_types::BigInt};

use crate::{
    Error, Store,
    connection::{AnyConnection, on_conn},
    statement::statement,
};

/// So many rows go in one transaction: others want to write, too.
const AT_ONCE: i64 = 500;

impl Store {
    /// Deletes the sessions that have expired; tells how many.
    ///
    /// # Errors
    /// If the database fails; what was deleted until then stays deleted.
    pub async fn forget_expired_sessions(&self) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let deleted = self
                .database
                .write(|transaction| {
                    Ok::<_, Error>(on_conn!(&mut *transaction.conn, |conn| {
                        statement::<()>(
                            "DELETE FROM sessions WHERE id IN
                             (SELECT id FROM sessions WHERE expires_at <= now_us() ORDER BY expires_at LIMIT ?)",
                        )
                        .bind::<BigInt, _>(AT_ONCE)
                        .execute(conn)?
                    }))
                })
                .await?;
            all += deleted as u64;
            if i64::try_from(deleted).is_ok_and(|deleted| deleted < AT_ONCE) {
                return Ok(all);
            }
        }
    }

    /// Lets the database look at what it holds, for better query plans; in SQLite the write-ahead log is
    /// emptied as well, as far as nobody reads from it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn optimize(&self) -> Result<(), Error> {
        self.database
            .outside_transactions(|conn| {
                match conn {
                    // Bounded: looks at a sample, and only at tables that have changed much.
                    AnyConnection::Sqlite(conn) => conn.batch_execute(
                        "PRAGMA analysis_limit = 1000; PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)",
                    )?,
                    // The rest is autovacuum's work. It looks at the tables of jobs too seldom while few
                    // rows of a long history change.
                    AnyConnection::Postgres(conn) => {
                        conn.batch_execute("ANALYZE (SKIP_LOCKED) runs, plans, schedules, sessions, mails")?;
                    }
                }
                Ok(())
            })
            .await
    }
}
