//! What a claim may choose from.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::{
    OptionalExtension, QueryResult, RunQueryDsl,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text},
};
use domain::{
    Actor, OrganizationId, Restriction, ScheduleId, Tier, Tiers,
    admission::{Going as GoingRuns, Priority, Waiting},
};

use crate::{
    Tenant,
    connection::{AnyConnection, on_conn},
    lease::Lease,
    limited::limited,
    sql::{Id, Uuid, Word, time},
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
    /// Those that mean the same to admission, counted together.
    pub(super) runs: Vec<GoingRuns>,
    /// Whether the lease of one of them is over.
    pub(super) any_expired: bool,
}

impl Going {
    /// Whose runs let others of theirs wait.
    pub(super) fn restricting(&self) -> HashSet<OrganizationId> {
        let restricts = |runs: &&GoingRuns| runs.restriction != Restriction::None || runs.schedule.is_some();
        self.runs.iter().filter(restricts).map(|runs| runs.organization).collect()
    }

    fn plans(&self) -> Vec<Id> {
        self.runs.iter().map(|runs| runs.plan).collect::<BTreeSet<_>>().into_iter().map(Id::from).collect()
    }

    fn schedules(&self) -> Vec<Id> {
        self.runs.iter().filter_map(|runs| runs.schedule).collect::<BTreeSet<_>>().into_iter().map(Id::from).collect()
    }
}

type GoingRow = (Id, Id, Word<Restriction>, Option<Id>, i64, bool);
type GoingType = (Uuid, Uuid, Text, Nullable<Uuid>, BigInt, Bool);

pub(super) fn going(conn: &mut AnyConnection) -> QueryResult<Going> {
    let rows: Vec<GoingRow> = on_conn!(conn, |conn| {
        statement::<GoingType>(
            "SELECT organization_id, plan_id, restriction, schedule_id, count(*), min(due_at) <= now_us()
             FROM runs WHERE state = 'running' GROUP BY 1, 2, 3, 4",
        )
        .load(conn)?
    });
    let any_expired = rows.iter().any(|(.., expired)| *expired);
    let runs = |(organization, plan, Word(restriction), schedule, count, _): GoingRow| GoingRuns {
        organization: organization.into(),
        plan: plan.into(),
        restriction,
        schedule: schedule.map(ScheduleId::from),
        count: u32::try_from(count).unwrap_or(u32::MAX),
    };
    Ok(Going { runs: rows.into_iter().map(runs).collect(), any_expired })
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
        lease: Lease {
            run: run.into(),
            plan: plan.into(),
            tenant: Tenant::new(organization.into(), Actor::System),
            fence,
            again: true,
        },
        attempts,
    };
    Ok(rows.into_iter().map(expired).collect())
}

/// What may be chosen from.
pub(super) struct Candidates {
    pub(super) runs: Vec<Waiting>,
    /// Whether an organization has more than were read.
    pub(super) cut: bool,
}

type WaitingRow = (Id, Id, Id, i32, i64, Word<Restriction>, Option<Id>);
type WaitingType = (Uuid, Uuid, Uuid, Integer, BigInt, Text, Nullable<Uuid>);

/// The next runs, at least `each`, of every organization that has some queued and due, of at most
/// [`ORGANIZATIONS`]; `after` remembers where the next call goes on if there are more. Left out is what
/// certainly has to wait for one of those `going`: thousands of them hide nothing that may start.
pub(super) fn waiting(
    conn: &mut AnyConnection,
    going: &Going,
    after: &mut Option<Id>,
    each: usize,
) -> QueryResult<Candidates> {
    let from = after.take().unwrap_or(Id(uuid::Uuid::nil()));
    // Few different numbers, so that few different statements are prepared.
    let each = each.next_power_of_two();
    let (rows, last) = match conn {
        AnyConnection::Postgres(conn) => {
            // Jumps from one organization to the next in the index, whatever each has queued.
            let found: Vec<(Id, Option<WaitingRow>)> = statement::<(Uuid, Nullable<WaitingType>)>(
                "WITH RECURSIVE owners (id) AS (
                     (SELECT organization_id FROM runs WHERE state = 'queued' AND organization_id > ?
                      ORDER BY organization_id LIMIT 1)
                     UNION ALL
                     SELECT next.id FROM owners CROSS JOIN LATERAL (
                         SELECT organization_id AS id FROM runs
                         WHERE state = 'queued' AND organization_id > owners.id ORDER BY organization_id LIMIT 1
                     ) AS next
                 )
                 SELECT owner.id, next.*
                 FROM (SELECT id FROM owners LIMIT ?) AS owner LEFT JOIN LATERAL (
                     SELECT id, organization_id, plan_id, priority, due_at, restriction,
                            CASE WHEN serial THEN schedule_id END
                     FROM runs
                     WHERE state = 'queued' AND organization_id = owner.id AND due_at <= now_us()
                       AND NOT (restriction = 'self' AND plan_id = ANY (?))
                       AND NOT (serial AND schedule_id = ANY (?))
                     ORDER BY priority DESC, due_at LIMIT ?
                 ) AS next ON true",
            )
            .bind::<Uuid, _>(from)
            .bind::<BigInt, _>(limit(ORGANIZATIONS))
            .bind::<Array<Uuid>, _>(going.plans())
            .bind::<Array<Uuid>, _>(going.schedules())
            .bind::<BigInt, _>(limit(each))
            .load(conn)?;
            let mut owners: Vec<Id> = found.iter().map(|(owner, _)| *owner).collect();
            owners.sort_unstable();
            owners.dedup();
            let full = owners.len() >= ORGANIZATIONS;
            (found.into_iter().filter_map(|(_, next)| next).collect(), owners.pop().filter(|_| full))
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
                let theirs = statement::<WaitingType>(
                    "SELECT id, organization_id, plan_id, priority, due_at, restriction,
                            CASE WHEN serial THEN schedule_id END
                     FROM runs
                     WHERE state = 'queued' AND organization_id = ? AND due_at <= now_us()
                       AND NOT (restriction = 'self' AND plan_id IN
                                (SELECT plan_id FROM runs WHERE state = 'running' AND organization_id = ?))
                       AND NOT (serial AND schedule_id IN
                                (SELECT schedule_id FROM runs WHERE state = 'running' AND organization_id = ?
                                 AND schedule_id IS NOT NULL))
                     ORDER BY priority DESC, due_at",
                )
                .bind::<Uuid, _>(owner)
                .bind::<Uuid, _>(owner)
                .bind::<Uuid, _>(owner);
                rows.extend(limited(theirs, limit(each)).load::<WaitingRow>(conn)?);
            }
            (rows, Some(last).filter(|_| full))
        }
    };
    *after = last;
    let mut counts: HashMap<Id, usize> = HashMap::new();
    rows.iter().for_each(|row| *counts.entry(row.1).or_default() += 1);
    let cut = counts.values().any(|count| *count >= each);
    let waiting = |(run, organization, plan, priority, due_at, Word(restriction), schedule): WaitingRow| Waiting {
        run: run.into(),
        organization: organization.into(),
        plan: plan.into(),
        priority: Priority(i16::try_from(priority).unwrap_or_default()),
        due_at: time(due_at),
        restriction,
        schedule: schedule.map(ScheduleId::from),
    };
    Ok(Candidates { runs: rows.into_iter().map(waiting).collect(), cut })
}

/// How many runs each of the organizations may have going at the same time.
pub(super) fn most_at_once(
    conn: &mut AnyConnection,
    tiers: &Tiers,
    waiting: &[Waiting],
) -> QueryResult<HashMap<OrganizationId, Option<u32>>> {
    let ids: BTreeSet<OrganizationId> = waiting.iter().map(|run| run.organization).collect();
    if let Some(tier) = tiers.in_force {
        return Ok(ids.into_iter().map(|id| (id, tiers.limits(tier).concurrent_runs)).collect());
    }
    let ids = ids.into_iter().map(Id::from);
    let rows: Vec<(Id, Word<Tier>)> = match conn {
        AnyConnection::Postgres(conn) => {
            statement::<(Uuid, Text)>("SELECT id, tier FROM organizations WHERE id = ANY (?)")
                .bind::<Array<Uuid>, _>(ids.collect::<Vec<_>>())
                .load(conn)?
        }
        AnyConnection::Sqlite(conn) => ids
            .map(|id| {
                statement::<(Uuid, Text)>("SELECT id, tier FROM organizations WHERE id = ?")
                    .bind::<Uuid, _>(id)
                    .get_result(conn)
            })
            .collect::<QueryResult<_>>()?,
    };
    Ok(rows.into_iter().map(|(id, Word(tier))| (id.into(), tiers.limits(tier).concurrent_runs)).collect())
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
