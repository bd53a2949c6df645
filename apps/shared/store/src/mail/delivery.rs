//! Delivering mail: claiming what is due, and noting what became of it.
//!
//! A claim lasts for as long as its lease. The number of the attempt is its fence: who comes back after
//! somebody else has claimed the mail changes nothing but that it was sent.

use std::time::Duration;

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Bool, Integer, Text},
};
use domain::{MailId, MailSubject};
use jiff::Timestamp;

use crate::{
    Change, Error, Store,
    connection::{AnyConnection, on_conn},
    error::one_line,
    lease::micros_of,
    plan::{column, count},
    sql::{Id, Uuid, time},
    statement::statement,
};

/// The pause after the first failure, doubled up to the longest.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How long after it was queued a mail is given up when it fails.
const KEPT_TRYING: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A mail that is ours to deliver for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Itself.
    pub id: MailId,
    /// Who gets it.
    pub recipient: String,
    /// Its subject.
    pub subject: MailSubject,
    /// Its text.
    pub text: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// Who has taken a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTaker {
    /// A mail server: it is on its way to a mailbox.
    Server,
    /// A folder of this machine, where no mail server is configured.
    Folder,
}

impl Store {
    /// Claims at most so many mails that are due, the longest due first. Until `lease` is over nobody else
    /// gets them; then, if nothing was noted of one, somebody does.
    ///
    /// # Errors
    /// If the database fails; then nothing is claimed.
    pub async fn claim_mails(&self, most: u32, lease: Duration) -> Result<Vec<ClaimedMail>, Error> {
        type RowType = (Uuid, Text, Text, Text, BigInt, Integer);
        type Row = (Id, String, String, String, i64, i32);
        let lease = micros_of(lease);
        let rows = self.database.write(move |tx| {
            let mut rows: Vec<Row> = match tx.conn {
                // As an array the inner query is looked at once, and so locks no more than its limit.
                AnyConnection::Postgres(conn) => statement::<RowType>(
                    "UPDATE mails SET due_at = now_us() + ?, attempts = attempts + 1
                     WHERE id = ANY (ARRAY (SELECT id FROM mails WHERE due_at <= now_us() ORDER BY due_at, id LIMIT ?
                                            FOR UPDATE SKIP LOCKED))
                     RETURNING id, recipient, subject, text, created_at, attempts",
                )
                .bind::<BigInt, _>(lease)
                .bind::<BigInt, _>(i64::from(most))
                .load(conn)?,
                AnyConnection::Sqlite(conn) => statement::<RowType>(
                    "UPDATE mails SET due_at = now_us() + ?, attempts = attempts + 1
                     WHERE id IN (SELECT id FROM mails WHERE due_at <= now_us() ORDER BY due_at, id LIMIT ?)
                     RETURNING id, recipient, subject, text, created_at, attempts",
                )
                .bind::<BigInt, _>(lease)
                .bind::<BigInt, _>(i64::from(most))
                .load(conn)?,
            };
            // Neither database returns them in the order of the inner query.
            rows.sort_unstable_by_key(|(id, ..)| *id);
            Ok::<_, Error>(rows)
        });
        let mail = |(id, recipient, subject, text, created_at, attempts): Row| ClaimedMail {
            id: id.into(),
            recipient,
            subject: MailSubject::new(&subject),
            text,
            created_at: time(created_at),
            attempt: count(attempts),
        };
        Ok(rows.await?.into_iter().map(mail).collect())
    }

    /// Notes that the mail was sent, whoever has claimed it by now. Once a mail server has it, its text is gone
    /// from here: the token in a link is as good as a password as long as it holds, and whoever reads the database
    /// must not find one. What went into a folder stays, for it reaches people through the operators' page.
    ///
    /// # Errors
    /// If the database fails; then it will be sent again when the lease is over.
    pub async fn mail_sent(&self, mail: MailId, taker: MailTaker) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                let sent = statement::<()>(
                    "UPDATE mails SET sent_at = now_us(), due_at = NULL, problem = NULL,
                                      text = CASE WHEN ? THEN text ELSE '' END
                     WHERE id = ? AND sent_at IS NULL",
                )
                .bind::<Bool, _>(taker == MailTaker::Folder)
                .bind::<Uuid, _>(Id::from(mail));
                on_conn!(&mut *tx.conn, |conn| sent.execute(conn)?);
                tx.changed(Change::Mail);
                Ok(())
            })
            .await
    }

    /// Notes that this attempt failed and why. The mail is tried again after 10 seconds, then 20, doubled up
    /// to an hour, until three days after it was queued; then it is given up, and its text is gone. True if it is tried again.
    ///
    /// # Errors
    /// If the database fails; then it is tried again when the lease is over.
    pub async fn mail_failed(&self, mail: &ClaimedMail, problem: &str) -> Result<bool, Error> {
        self.note_failure(mail, problem, pause_after(mail.attempt), KEPT_TRYING).await
    }

    /// Notes that the mail can never be delivered and why: it is given up, and its text is gone.
    ///
    /// # Errors
    /// If the database fails; then it is tried again when the lease is over.
    pub async fn mail_refused(&self, mail: &ClaimedMail, problem: &str) -> Result<(), Error> {
        self.note_failure(mail, problem, Duration::ZERO, Duration::ZERO).await.map(drop)
    }

    /// The mail is due again after `pause`, unless it was queued longer ago than `patience`.
    async fn note_failure(
        &self,
        mail: &ClaimedMail,
        problem: &str,
        pause: Duration,
        patience: Duration,
    ) -> Result<bool, Error> {
        let (id, attempt, problem) = (mail.id, mail.attempt, one_line(&problem.replace('\0', "\u{fffd}")));
        self.database
            .write(move |tx| {
                let failed = statement::<Bool>(
                    "UPDATE mails SET problem = ?, due_at = CASE WHEN now_us() - created_at < ? THEN now_us() + ? END,
                                      text = CASE WHEN now_us() - created_at < ? THEN text ELSE '' END
                     WHERE id = ? AND attempts = ? AND due_at IS NOT NULL RETURNING due_at IS NOT NULL",
                )
                .bind::<Text, _>(problem)
                .bind::<BigInt, _>(micros_of(patience))
                .bind::<BigInt, _>(micros_of(pause))
                .bind::<BigInt, _>(micros_of(patience))
                .bind::<Uuid, _>(Id::from(id))
                .bind::<Integer, _>(column(attempt));
                let again: Option<bool> = on_conn!(&mut *tx.conn, |conn| failed.get_result(conn).optional()?);
                tx.changed(Change::Mail);
                // Somebody else has it, or it is gone: that is not for us to say.
                Ok(again.unwrap_or(true))
            })
            .await
    }
}

/// How long a mail waits after so many attempts have failed.
fn pause_after(attempts: u32) -> Duration {
    let doubled = PAUSE.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let seconds = |attempts| pause_after(attempts).as_secs();
        assert_eq!([1, 2, 3, 9, 10, 33, u32::MAX].map(seconds), [10, 20, 40, 2560, 3600, 3600, 3600]);
    }
}
