//! Forgetting mail that is over. What stays of a keyed one is its key, so that it is not said again.

use diesel::{RunQueryDsl, sql_types::BigInt};

use crate::{Error, Store, connection::on_conn, statement::statement};

/// A mail that was sent or given up is forgotten so long after it was queued: 30 days in microseconds.
const REMEMBERED: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// So many rows go in one transaction: others want to write, too.
const AT_ONCE: i64 = 500;

impl Store {
    /// Forgets the mails that were sent or given up and were queued more than 30 days ago; tells how many.
    /// May be done by several processes at once.
    ///
    /// # Errors
    /// If the database fails; what was forgotten until then stays forgotten.
    pub async fn forget_old_mails(&self) -> Result<u64, Error> {
        let without_key = self.forget_mails(
            "DELETE FROM mails WHERE id IN
             (SELECT id FROM mails WHERE due_at IS NULL AND recipient <> '' AND created_at <= now_us() - ?
                                         AND key IS NULL ORDER BY created_at LIMIT ?)",
        );
        let with_key = self.forget_mails(
            "UPDATE mails SET recipient = '', subject = '', text = '', problem = NULL WHERE id IN
             (SELECT id FROM mails WHERE due_at IS NULL AND recipient <> '' AND created_at <= now_us() - ?
                                         AND key IS NOT NULL ORDER BY created_at LIMIT ?)",
        );
        Ok(without_key.await? + with_key.await?)
    }

    /// Repeats the statement, each time in a transaction of its own, until it finds nothing more.
    async fn forget_mails(&self, text: &'static str) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let forgotten = self
                .database
                .write(move |tx| {
                    let forget = statement::<()>(text).bind::<BigInt, _>(REMEMBERED).bind::<BigInt, _>(AT_ONCE);
                    Ok::<_, Error>(on_conn!(&mut *tx.conn, |conn| forget.execute(conn)?))
                })
                .await?;
            all += forgotten as u64;
            if i64::try_from(forgotten).is_ok_and(|forgotten| forgotten < AT_ONCE) {
                return Ok(all);
            }
        }
    }
}
