//! Stripe's events that have had their effect. Each enters in the transaction of its effect; one that is here
//! already changes nothing any more.

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Bool, Text},
};

use crate::{Error, Store, connection::on_conn, database::Transaction, statement::statement};

/// Stripe tells of an event for three days; with time to spare, 60 days in microseconds.
const REMEMBERED: i64 = 60 * 24 * 60 * 60 * 1_000_000;

/// So many rows go in one transaction: others want to write, too.
const AT_ONCE: i64 = 500;

/// An event, as Stripe names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeEvent {
    /// `evt_…`
    pub id: String,
    /// Such as `invoice.paid`.
    pub kind: String,
}

/// Notes an event; false if it was noted before.
pub(crate) fn note(tx: &mut Transaction<'_>, event: &StripeEvent) -> Result<bool, Error> {
    let insert = statement::<()>(
        "INSERT INTO stripe_events (id, kind, received_at) VALUES (?, ?, now_us()) ON CONFLICT (id) DO NOTHING",
    )
    .bind::<Text, _>(event.id.as_str())
    .bind::<Text, _>(event.kind.as_str());
    Ok(on_conn!(&mut *tx.conn, |conn| insert.execute(conn)?) > 0)
}

impl Store {
    /// Whether the event has had its effect.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn knows_stripe_event(&self, id: &str) -> Result<bool, Error> {
        let id = id.to_owned();
        self.database
            .read(move |conn| {
                let known =
                    statement::<Bool>("SELECT EXISTS (SELECT 1 FROM stripe_events WHERE id = ?)").bind::<Text, _>(&id);
                Ok(on_conn!(conn, |conn| known.get_result(conn)?))
            })
            .await
    }

    /// Forgets the events of more than 60 days ago; tells how many. May be done by several processes at once.
    ///
    /// # Errors
    /// If the database fails; what was forgotten until then stays forgotten.
    pub async fn forget_stripe_events(&self) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let forgotten = self
                .database
                .write(|tx| {
                    let forget = statement::<()>(
                        "DELETE FROM stripe_events WHERE id IN
                         (SELECT id FROM stripe_events WHERE received_at <= now_us() - ? ORDER BY received_at LIMIT ?)",
                    )
                    .bind::<BigInt, _>(REMEMBERED)
                    .bind::<BigInt, _>(AT_ONCE);
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
