//! What a claim may choose from.

use std::collections::HashMap;

use diesel::{
    OptionalExtension, QueryResult, RunQueryDsl,
    sql_types::{BigInt, Bool, Integer},
};
use domain::{
    OrganizationId,
    admission::{Priority, Share, Waiting},
};

use crate::{
    Tenant,
    connection::{AnyConnection, on_conn},
    lease::Lease,
    sql::{Id, Uuid, time},
    statement::statement,
};

/// Held by the one claim that is under way (PostgreSQL).
const CLAIM_LOCK: i64 = 0x736d_6f6b_6500;

/// At how many organizations one claim looks. The next claim goes on after the last one.
const ORGANIZATIONS: usize = 100;

/// Lets no other claim happen until the end of the transaction.
pub(super) fn lock(conn: &mut AnyConnection) -> QueryResult<()> {
    if let AnyConnection::Postgres(conn) = conn {
        // A claim need not be on disk before its runs begin: whatever is written about them later takes
        // the claim to the disk first, and if nothing is, they are still queued.
        // What waits comes and goes faster than statistics about it: the indexes are always right.
        statement::<()>(
            "SELECT pg_advisory_xact_lock(?), set_config('synchronous_commit', 'off', true),
                    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
                    set_config('enable_sort', 'off', true)",
        )
        .bind::<BigInt, _>(CLAIM_LOCK)
        .execute(conn)?;
    }
    Ok(())
}

/// The runs that hold a lease.
pub(super) struct Going {
    pub(super) shares: HashMap<OrganizationId, Share>,
    /// Whether the lease of one of them is over.
    pub(super) any_expired: bool,
}

pub(super) fn going(conn: &mut AnyConnection) -> QueryResult<Going> {
    let rows: Vec<(Id, i64, bool)> = on_conn!(conn, |conn| {
        statement::<(Uuid, BigInt, Bool)>(
            "SELECT organization_id, count(*), min(due_at) <= now_us() FROM runs WHERE state = 'running'
             GROUP BY organization_id",
        )
        .load(conn)?
    });
    let any_expired = rows.iter().any(|(.., expired)| *expired);
    let share = |running| Share { running: u32::try_from(running).unwrap_or(u32::MAX), most: None };
    let shares = rows.into_iter().map(|(id, running, _)| (id.into(), share(running))).collect();
    Ok(Going { shares, any_expired })
}

/// A run whose worker did not renew its lease.
pub(super) struct Expired {
    pub(super) lease: Lease,
    pub(super) attempts: i32,
}

/// At most `most` runs of lost workers, the one lost first at the front.
pub(super) fn expired(conn: &mut AnyConnection, most: usize) -> QueryResult<Vec<Expired>> {
    let rows: Vec<(Id, Id, Id, i64, i32)> = on_conn!(conn, |conn| {
        statement::<(Uuid, Uuid, Uuid, BigInt, Integer)>(
            "SELECT id, organization_id, plan_id, fence, attempts FROM runs
             WHERE state = 'running' AND due_at <= now_us() ORDER BY due_at, id LIMIT ?",
        )
        .bind::<BigInt, _>(limit(most))
        .load(conn)?
    });
    let expired = |(run, organization, plan, fence, attempts): (Id, Id, Id, i64, i32)| Expired {
        lease: Lease { run: run.into(), plan: plan.into(), tenant: Tenant::new(organization.into()), fence },
        attempts,
    };
    Ok(rows.into_iter().map(expired).collect())
}

type WaitingRow = (Id, Id, Id, i32, i64);
type WaitingType = (Uuid, Uuid, Uuid, Integer, BigInt);

/// The next `each` runs of every organization that has some queued and due, of at most
/// [`ORGANIZATIONS`]; `after` remembers where the next call goes on if there are more.
pub(super) fn waiting(conn: &mut AnyConnection, after: &mut Option<Id>, each: usize) -> QueryResult<Vec<Waiting>> {
    let from = after.take().unwrap_or(Id(uuid::Uuid::nil()));
    let (rows, last) = match conn {
        AnyConnection::Postgres(conn) => {
            // Jumps from one organization to the next in the index, whatever each has queued.
            let rows: Vec<WaitingRow> = statement::<WaitingType>(
                "WITH RECURSIVE owners (id) AS (
                     (SELECT organization_id FROM runs WHERE state = 'queued' AND organization_id > ?
                      ORDER BY organization_id LIMIT 1)
                     UNION ALL
                     SELECT next.id FROM owners CROSS JOIN LATERAL (
                         SELECT organization_id AS id FROM runs
                         WHERE state = 'queued' AND organization_id > owners.id ORDER BY organization_id LIMIT 1
                     ) AS next
                 )
                 SELECT next.id, owner.id, next.plan_id, next.priority, next.due_at
                 FROM (SELECT id FROM owners LIMIT ?) AS owner CROSS JOIN LATERAL (
                     SELECT id, plan_id, priority, due_at FROM runs
                     WHERE state = 'queued' AND organization_id = owner.id AND due_at <= now_us()
                     ORDER BY priority DESC, due_at LIMIT ?
                 ) AS next",
            )
            .bind::<Uuid, _>(from)
            .bind::<BigInt, _>(limit(ORGANIZATIONS))
            .bind::<BigInt, _>(limit(each))
            .load(conn)?;
            let mut owners: Vec<Id> = rows.iter().map(|row| row.1).collect();
            owners.sort_unstable();
            owners.dedup();
            let full = owners.len() >= ORGANIZATIONS;
            (rows, owners.pop().filter(|_| full))
        }
        AnyConnection::Sqlite(conn) => {
            let (mut rows, mut last) = (Vec::new(), from);
            let mut full = true;
            for _ in 0..ORGANIZATIONS {
                let next: Option<Id> = statement::<Uuid>(
                    "SELECT organization_id FROM runs WHERE state = 'queued' AND organization_id > ?
                     ORDER BY organization_id LIMIT 1",
                )
                .bind::<Uuid, _>(last)
                .get_result(conn)
                .optional()?;
                let Some(owner) = next else {
                    full = false;
                    break;
                };
                last = owner;
                rows.extend(
                    statement::<WaitingType>(
                        "SELECT id, organization_id, plan_id, priority, due_at FROM runs
                         WHERE state = 'queued' AND organization_id = ? AND due_at <= now_us()
                         ORDER BY priority DESC, due_at LIMIT ?",
                    )
                    .bind::<Uuid, _>(owner)
                    .bind::<BigInt, _>(limit(each))
                    .load::<WaitingRow>(conn)?,
                );
            }
            (rows, Some(last).filter(|_| full))
        }
    };
    *after = last;
    let waiting = |(run, organization, plan, priority, due_at): WaitingRow| Waiting {
        run: run.into(),
        organization: organization.into(),
        plan: plan.into(),
        priority: Priority(i16::try_from(priority).unwrap_or_default()),
        due_at: time(due_at),
    };
    Ok(rows.into_iter().map(waiting).collect())
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
