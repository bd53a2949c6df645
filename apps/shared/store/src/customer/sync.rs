//! Writing down what was read at Stripe.
//!
//! Readings are numbered before they begin, and one is written only if none with a higher number was: whatever
//! order they end in, what stays is what was read last. Whoever heard of a change begins a reading afterwards,
//! so once theirs has ended, no older state comes back.

use std::sync::Arc;

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use domain::{Notice, OrganizationId, Subscription, SubscriptionStatus, Tier, Tiers};
use jiff::Timestamp;

use super::read_subscription;
use crate::{
    Change, Error, Store, StripeEvent,
    connection::{AnyConnection, on_conn},
    database::Transaction,
    mail,
    sql::{Id, Uuid, Word, micros, time},
    statement::statement,
    stripe_event, tier,
};

/// A reading of a customer at Stripe that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Whom to read: `cus_…`.
    pub customer: String,
    /// The time by which what is read is judged: the database's, when it began.
    pub now: Timestamp,
    number: i64,
}

/// A customer as read at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where Stripe sends receipts.
    pub email: Option<String>,
    /// The subscription that counts.
    pub subscription: Option<Subscription>,
}

/// How an organization stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// Whose limits hold.
    pub tier: Tier,
    /// The status of the subscription that counts; none without one.
    pub status: Option<SubscriptionStatus>,
}

/// What came of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synced {
    /// It is written.
    Written {
        /// The organization's name.
        organization: String,
        /// How it stood.
        before: Footing,
        /// How it stands.
        after: Footing,
    },
    /// The event that caused it has had its effect before: nothing is changed.
    Repeated,
    /// A reading that began later is written already.
    Overtaken,
    /// There is no such customer any more.
    Gone,
}

/// A customer's row, locked until the transaction is over.
pub(super) struct Locked {
    pub(super) organization: OrganizationId,
    pub(super) name: String,
    pub(super) tier: Tier,
    pub(super) subscription: Option<String>,
    pub(super) done: i64,
    pub(super) review_at: Option<i64>,
}

impl Store {
    /// Begins to read a customer; none if nobody of ours is that customer.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_sync(&self, customer: &str) -> Result<Option<Reading>, Error> {
        let customer = customer.to_owned();
        self.database
            .write(move |tx| {
                let begin = statement::<(Uuid, BigInt, BigInt)>(
                    "UPDATE customers SET begun = begun + 1 WHERE customer_id = ?
                     RETURNING organization_id, begun, now_us()",
                )
                .bind::<Text, _>(customer.as_str());
                let row: Option<(Id, i64, i64)> = on_conn!(&mut *tx.conn, |conn| begin.get_result(conn).optional()?);
                Ok(row.map(|(organization, number, now)| Reading {
                    organization: organization.into(),
                    customer,
                    now: time(now),
                    number,
                }))
            })
            .await
    }

    /// Writes what was read (none: the customer was deleted, and all subscriptions with them), sets the tier and queues the mail that follow from it, and notes the event that
    /// caused the reading: all or nothing. `page` is the address of the billing page, for links in mails.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed, and the event may come again.
    pub async fn finish_sync(
        &self,
        reading: Reading,
        found: Option<Found>,
        event: Option<StripeEvent>,
        page: &str,
    ) -> Result<Synced, Error> {
        let (page, tiers) = (page.to_owned(), Arc::clone(&self.tiers));
        self.database
            .write(move |tx| {
                let Some(row) = lock(tx.conn, reading.organization)? else { return Ok(Synced::Gone) };
                if let Some(event) = &event
                    && !stripe_event::note(tx, event)?
                {
                    return Ok(Synced::Repeated);
                }
                if row.done >= reading.number {
                    return Ok(Synced::Overtaken);
                }
                // One that cannot be read is about to be replaced.
                let old = read_subscription(row.subscription.as_deref()).unwrap_or_default();
                let before = Footing { tier: row.tier, status: old.as_ref().map(|old| old.status) };
                let new = match found {
                    Some(Found { email, subscription }) => {
                        write(tx, &row, &reading, email.as_deref(), subscription.as_ref())?;
                        subscription
                    }
                    None => {
                        delete(tx, row.organization)?;
                        old.clone().map(|old| old.ended(reading.now))
                    }
                };
                let tier = follow(tx, &tiers, &row, new.as_ref(), reading.now, &page)?;
                if old != new {
                    tx.changed(Change::Organization { organization: row.organization });
                }
                let after = Footing { tier, status: new.map(|new| new.status) };
                Ok(Synced::Written { organization: row.name, before, after })
            })
            .await
    }
}

/// The row of the organization's customer, for this transaction alone.
pub(super) fn lock(conn: &mut AnyConnection, organization: OrganizationId) -> Result<Option<Locked>, Error> {
    type RowType = (Text, Text, Nullable<Text>, BigInt, Nullable<BigInt>);
    type Row = (String, Word<Tier>, Option<String>, i64, Option<i64>);
    let row: Option<Row> = match conn {
        AnyConnection::Postgres(conn) => statement::<RowType>(
            "SELECT name, tier, subscription, done, review_at FROM customers JOIN organizations ON id = organization_id
             WHERE organization_id = ? FOR UPDATE OF customers",
        )
        .bind::<Uuid, _>(Id::from(organization))
        .get_result(conn)
        .optional()?,
        AnyConnection::Sqlite(conn) => statement::<RowType>(
            "SELECT name, tier, subscription, done, review_at FROM customers JOIN organizations ON id = organization_id
             WHERE organization_id = ?",
        )
        .bind::<Uuid, _>(Id::from(organization))
        .get_result(conn)
        .optional()?,
    };
    Ok(row.map(|(name, tier, subscription, done, review_at)| Locked {
        organization,
        name,
        tier: tier.0,
        subscription,
        done,
        review_at,
    }))
}

fn write(
    tx: &mut Transaction<'_>,
    row: &Locked,
    reading: &Reading,
    email: Option<&str>,
    subscription: Option<&Subscription>,
) -> Result<(), Error> {
    let text = subscription
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::Unreadable { noun: "subscription", problem: error.to_string() })?;
    let update = statement::<()>(
        "UPDATE customers SET email = ?, subscription = ?, done = ?, synced_at = ? WHERE organization_id = ?",
    )
    .bind::<Nullable<Text>, _>(email)
    .bind::<Nullable<Text>, _>(text)
    .bind::<BigInt, _>(reading.number)
    .bind::<BigInt, _>(micros(reading.now))
    .bind::<Uuid, _>(Id::from(row.organization));
    on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
    Ok(())
}

fn delete(tx: &mut Transaction<'_>, organization: OrganizationId) -> Result<(), Error> {
    let delete =
        statement::<()>("DELETE FROM customers WHERE organization_id = ?").bind::<Uuid, _>(Id::from(organization));
    on_conn!(&mut *tx.conn, |conn| delete.execute(conn)?);
    Ok(())
}

/// Sets the tier that follows from the subscription at a time, queues what its owners are to know, and notes
/// when to look again; tells the tier.
pub(super) fn follow(
    tx: &mut Transaction<'_>,
    tiers: &Tiers,
    row: &Locked,
    subscription: Option<&Subscription>,
    now: Timestamp,
    page: &str,
) -> Result<Tier, Error> {
    let subscribed = subscription.map_or(Tier::Free, |subscription| subscription.standing(now).tier);
    let tier = tier::subscribe(tx, tiers, row.organization, subscribed)?;
    let notice = subscription.and_then(|subscription| Notice::of(subscription, now, &row.name, page));
    if let Some(Notice { key, subject, text }) = notice {
        mail::queue_to_owners(tx, row.organization, &key, &subject, &text)?;
    }
    let review_at = subscription.and_then(|subscription| subscription.review_at(now)).map(micros);
    let update = statement::<()>("UPDATE customers SET review_at = ? WHERE organization_id = ?")
        .bind::<Nullable<BigInt>, _>(review_at)
        .bind::<Uuid, _>(Id::from(row.organization));
    on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
    Ok(tier)
}
