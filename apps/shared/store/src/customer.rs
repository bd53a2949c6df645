//! Organizations as Stripe's customers: what Stripe has, as it was read last, and what follows from it (the
//! tier, what owners are told).

mod settle;
mod sync;

use std::time::Duration;

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use domain::{OrganizationId, Subscription};
use jiff::Timestamp;

use crate::{
    Error, Store, Tenant,
    connection::{AnyConnection, on_conn},
    lease::micros_of,
    sql::{Id, Uuid, time},
    statement::statement,
};

pub use sync::{Footing, Found, Reading, Synced};

/// An organization as Stripe's customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The organization.
    pub organization: OrganizationId,
    /// `cus_…`
    pub id: String,
    /// Where Stripe sends receipts.
    pub email: Option<String>,
    /// The subscription that counts; none if there never was one.
    pub subscription: Option<Subscription>,
    /// When Stripe was read last.
    pub synced_at: Option<Timestamp>,
}

type RowType = (Uuid, Text, Nullable<Text>, Nullable<Text>, Nullable<BigInt>);
type Row = (Id, String, Option<String>, Option<String>, Option<i64>);

impl Customer {
    fn read((organization, id, email, subscription, synced_at): Row) -> Result<Self, Error> {
        Ok(Self {
            organization: organization.into(),
            id,
            email,
            subscription: read_subscription(subscription.as_deref())?,
            synced_at: synced_at.map(time),
        })
    }
}

impl Store {
    /// The tenant as Stripe's customer; none if it never was about to pay.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn customer(&self, tenant: &Tenant) -> Result<Option<Customer>, Error> {
        let organization = tenant.organization();
        self.database.read(move |conn| find(conn, organization)).await
    }

    /// Keeps that the tenant is this customer at Stripe, unless it is one already: gives back the one it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_customer(&self, tenant: &Tenant, id: &str, email: Option<&str>) -> Result<Customer, Error> {
        let (organization, id, email) = (tenant.organization(), id.to_owned(), email.map(str::to_owned));
        self.database
            .write(move |tx| {
                let insert = statement::<()>(
                    "INSERT INTO customers (organization_id, customer_id, email, created_at) VALUES (?, ?, ?, now_us())
                     ON CONFLICT (organization_id) DO NOTHING",
                )
                .bind::<Uuid, _>(Id::from(organization))
                .bind::<Text, _>(id.as_str())
                .bind::<Nullable<Text>, _>(email.as_deref());
                on_conn!(&mut *tx.conn, |conn| insert.execute(conn)?);
                find(tx.conn, organization)?.ok_or_else(|| Error::Unreadable {
                    noun: "customer",
                    problem: "it went away while it was made".to_owned(),
                })
            })
            .await
    }

    /// The customers whom nobody has read at Stripe for so long, in the order of their organizations, from
    /// after one of them: at most so many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unread_customers(
        &self,
        for_so_long: Duration,
        after: Option<OrganizationId>,
        most: u32,
    ) -> Result<Vec<(OrganizationId, String)>, Error> {
        let after = after.map_or(Id(uuid::Uuid::nil()), Id::from);
        self.database
            .read(move |conn| {
                let query = statement::<(Uuid, Text)>(
                    "SELECT organization_id, customer_id FROM customers
                     WHERE organization_id > ? AND (synced_at IS NULL OR synced_at <= now_us() - ?)
                     ORDER BY organization_id LIMIT ?",
                )
                .bind::<Uuid, _>(after)
                .bind::<BigInt, _>(micros_of(for_so_long))
                .bind::<BigInt, _>(i64::from(most));
                let rows: Vec<(Id, String)> = on_conn!(conn, |conn| query.load(conn)?);
                Ok(rows.into_iter().map(|(organization, id)| (organization.into(), id)).collect())
            })
            .await
    }
}

fn find(conn: &mut AnyConnection, organization: OrganizationId) -> Result<Option<Customer>, Error> {
    let query = statement::<RowType>(
        "SELECT organization_id, customer_id, email, subscription, synced_at FROM customers WHERE organization_id = ?",
    )
    .bind::<Uuid, _>(Id::from(organization));
    let row: Option<Row> = on_conn!(conn, |conn| query.get_result(conn).optional()?);
    row.map(Customer::read).transpose()
}

/// What the organization has subscribed to; none if it never did.
pub(crate) fn subscription(
    conn: &mut AnyConnection,
    organization: OrganizationId,
) -> Result<Option<Subscription>, Error> {
    Ok(find(conn, organization)?.and_then(|customer| customer.subscription))
}

fn read_subscription(text: Option<&str>) -> Result<Option<Subscription>, Error> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|error| Error::Unreadable { noun: "subscription", problem: error.to_string() })
}
