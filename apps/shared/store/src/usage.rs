//! How many runs an organization had accepted, by day: what the limits of its tier are counted in.

mod warn;

use std::collections::{BTreeMap, HashMap};

use diesel::{
    QueryResult, RunQueryDsl,
    sql_types::{Array, BigInt, Integer, Nullable},
};
use domain::OrganizationId;

use crate::{
    Error, Store, Tenant,
    admission::{day_of, month_of},
    connection::{AnyConnection, now, on_conn},
    sql::{Id, Uuid},
    statement::statement,
};

/// How many runs were accepted, in days and months of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Since midnight.
    pub today: u32,
    /// Since the first of the month, today included.
    pub this_month: u32,
}

impl Store {
    /// What the organization has used up of its limits by now.
    pub async fn used(&self, tenant: &Tenant) -> Result<Used, Error> {
        let organization = tenant.organization();
        self.database
            .read(move |conn| {
                let now = now(conn)?;
                Ok(used_by(conn, organization.into(), now)?)
            })
            .await
    }
}

fn used_by(conn: &mut AnyConnection, organization: Id, now: i64) -> QueryResult<Used> {
    let sums = statement::<(Nullable<BigInt>, Nullable<BigInt>)>(
        "SELECT sum(CASE WHEN day = ? THEN runs END), sum(runs) FROM usage
         WHERE organization_id = ? AND day BETWEEN ? AND ?",
    )
    .bind::<Integer, _>(day_of(now))
    .bind::<Uuid, _>(organization)
    .bind::<Integer, _>(month_of(now))
    .bind::<Integer, _>(day_of(now));
    let (today, this_month): (Option<i64>, Option<i64>) = on_conn!(conn, |conn| sums.get_result(conn)?);
    let figure = |sum: Option<i64>| u32::try_from(sum.unwrap_or(0)).unwrap_or(u32::MAX);
    Ok(Used { today: figure(today), this_month: figure(this_month) })
}

/// What each of these organizations has used up, and no other transaction may change until the end of
/// this one. Whoever locks the rows of plans, too, does so before.
pub(crate) fn lock(
    conn: &mut AnyConnection,
    organizations: impl Iterator<Item = OrganizationId>,
    now: i64,
) -> QueryResult<HashMap<OrganizationId, Used>> {
    let none: BTreeMap<OrganizationId, u32> = organizations.map(|organization| (organization, 0)).collect();
    add(conn, &none, now)?;
    none.into_keys().map(|organization| Ok((organization, used_by(conn, organization.into(), now)?))).collect()
}

/// Counts runs that were accepted.
pub(crate) fn add(conn: &mut AnyConnection, runs: &BTreeMap<OrganizationId, u32>, now: i64) -> QueryResult<()> {
    let count = |runs: &u32| i32::try_from(*runs).unwrap_or(i32::MAX);
    match conn {
        _ if runs.is_empty() => {}
        AnyConnection::Postgres(conn) => {
            // In the order of their ids, so that two transactions never wait for each other.
            statement::<()>(
                "INSERT INTO usage (organization_id, day, runs) SELECT id, ?, runs FROM unnest(?, ?) AS new (id, runs)
                 ON CONFLICT (organization_id, day) DO UPDATE SET runs = usage.runs + excluded.runs",
            )
            .bind::<Integer, _>(day_of(now))
            .bind::<Array<Uuid>, _>(runs.keys().map(|id| Id::from(*id)).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(runs.values().map(count).collect::<Vec<_>>())
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for (organization, runs) in runs {
                statement::<()>(
                    "INSERT INTO usage (organization_id, day, runs) VALUES (?, ?, ?)
                     ON CONFLICT (organization_id, day) DO UPDATE SET runs = runs + excluded.runs",
                )
                .bind::<Uuid, _>(Id::from(*organization))
                .bind::<Integer, _>(day_of(now))
                .bind::<Integer, _>(count(runs))
                .execute(conn)?;
            }
        }
    }
    Ok(())
}
