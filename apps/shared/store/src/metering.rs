//! What was used: how many runs of an organization came to their end, by day. Counted once for each, in the
//! transaction that ends it.

use std::collections::BTreeMap;

use diesel::{
    QueryResult, RunQueryDsl,
    sql_types::{Array, Integer},
};
use domain::OrganizationId;
use jiff::civil::Date;

use crate::{
    Error, Store, Tenant,
    admission::{date_of, day_of},
    connection::{AnyConnection, now, on_conn},
    sql::{Id, Uuid},
    statement::statement,
};

/// What an organization used in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// The first day of the month, in UTC.
    pub month: Date,
    /// How many runs ended in it, however they did.
    pub runs: u64,
}

impl Store {
    /// What the organization used in this month and those before it, the newest first: at most so many, and
    /// none without runs.
    pub async fn metered(&self, tenant: &Tenant, months: usize) -> Result<Vec<Metered>, Error> {
        let organization = Id::from(tenant.organization());
        let days: Vec<(i32, i32)> = self
            .database
            .read(move |conn| {
                // Days of more months than are wanted cost less than a query that knows the calendar.
                let oldest = i32::try_from(months.saturating_mul(31)).unwrap_or(i32::MAX);
                let since = day_of(now(conn)?).saturating_sub(oldest);
                let query = statement::<(Integer, Integer)>(
                    "SELECT day, runs FROM metered WHERE organization_id = ? AND day >= ? ORDER BY day DESC",
                )
                .bind::<Uuid, _>(organization)
                .bind::<Integer, _>(since);
                Ok(on_conn!(conn, |conn| query.load(conn)?))
            })
            .await?;
        let mut metered: Vec<Metered> = Vec::new();
        for (day, runs) in days {
            let (month, runs) = (date_of(day).first_of_month(), u64::try_from(runs).unwrap_or(0));
            match metered.last_mut() {
                Some(last) if last.month == month => last.runs += runs,
                _ => metered.push(Metered { month, runs }),
            }
        }
        metered.truncate(months);
        Ok(metered)
    }
}

/// Counts runs that ended, each with whose it was and when it ended.
pub(crate) fn add(conn: &mut AnyConnection, ended: impl Iterator<Item = (OrganizationId, i64)>) -> QueryResult<()> {
    // In the order of their ids, so that two transactions never wait for each other.
    let mut runs: BTreeMap<(Id, i32), i32> = BTreeMap::new();
    for (organization, at) in ended {
        *runs.entry((organization.into(), day_of(at))).or_default() += 1;
    }
    match conn {
        _ if runs.is_empty() => {}
        AnyConnection::Postgres(conn) => {
            statement::<()>(
                "INSERT INTO metered (organization_id, day, runs)
                 SELECT id, day, runs FROM unnest(?, ?, ?) AS new (id, day, runs)
                 ON CONFLICT (organization_id, day) DO UPDATE SET runs = metered.runs + excluded.runs",
            )
            .bind::<Array<Uuid>, _>(runs.keys().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(runs.keys().map(|(_, day)| *day).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(runs.values().copied().collect::<Vec<_>>())
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for ((organization, day), runs) in runs {
                statement::<()>(
                    "INSERT INTO metered (organization_id, day, runs) VALUES (?, ?, ?)
                     ON CONFLICT (organization_id, day) DO UPDATE SET runs = runs + excluded.runs",
                )
                .bind::<Uuid, _>(organization)
                .bind::<Integer, _>(day)
                .bind::<Integer, _>(runs)
                .execute(conn)?;
            }
        }
    }
    Ok(())
}
