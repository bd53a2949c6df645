//! What time alone changes: a grace that ends, a trial that is about to end.

use diesel::{RunQueryDsl, sql_types::BigInt};
use domain::OrganizationId;
use jiff::Timestamp;

use super::{
    read_subscription,
    sync::{follow, lock},
};
use crate::{
    Error, Store,
    connection::on_conn,
    sql::{Id, Uuid, micros},
    statement::statement,
};

impl Store {
    /// Looks again at the customers for whom something is due by now, though nothing was heard from Stripe:
    /// sets the tier and queues the mail that follow. Tells how many there were. May be done by several
    /// processes at once. `now` is the time to judge by; `page` is the address of the billing page, for links in
    /// mails.
    ///
    /// # Errors
    /// If the database fails; what was done until then stays done.
    pub async fn settle_customers(&self, now: Timestamp, page: &str) -> Result<u64, Error> {
        let due: Vec<Id> = self
            .database
            .read(move |conn| {
                let due = statement::<Uuid>(
                    "SELECT organization_id FROM customers WHERE review_at <= ? ORDER BY review_at, organization_id",
                )
                .bind::<BigInt, _>(micros(now));
                Ok(on_conn!(conn, |conn| due.load(conn)?))
            })
            .await?;
        let mut settled = 0;
        for organization in due {
            settled += u64::from(self.settle_one(organization.into(), now, page).await?);
        }
        Ok(settled)
    }

    /// False if it is not due any more, or cannot be read.
    async fn settle_one(&self, organization: OrganizationId, now: Timestamp, page: &str) -> Result<bool, Error> {
        let (page, tiers) = (page.to_owned(), self.tiers.clone());
        self.database
            .write(move |tx| {
                let Some(row) = lock(tx.conn, organization)? else { return Ok(false) };
                if row.review_at.is_none_or(|due| due > micros(now)) {
                    return Ok(false);
                }
                match read_subscription(row.subscription.as_deref()) {
                    Ok(subscription) => {
                        follow(tx, &tiers, &row, subscription.as_ref(), now, &page)?;
                        Ok(true)
                    }
                    Err(error) => {
                        // The next reading replaces it.
                        tracing::warn!(%error, %organization, "A subscription is not looked at again");
                        Ok(false)
                    }
                }
            })
            .await
    }
}
