//! The tier of an organization: changing it, and holding what is there already against what it allows.
//!
//! Locks are taken in this order: the organization, its schedules, its plans.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use domain::{Deed, Limits, OrganizationId, OverLimit, PlanId, Tier, Tiers, schedule::Timetable};
use serde_json::json;

use crate::{
    Change, Error, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    limited::limited,
    organization,
    plan::count,
    schedule::next_due,
    schema::{plans, schedules},
    sql::{Id, Json, Uuid, Word, time},
    statement::statement,
};

/// What a tier would not let run of what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The names of the plans, the oldest first.
    pub plans: Vec<String>,
    /// How many schedules: those of these plans, and those that come due too often.
    pub schedules: u32,
}

/// So many organizations are looked at in one transaction.
const AT_ONCE: usize = 20;

impl Store {
    /// Grants an organization a tier by contract, whatever it has subscribed to; [`Tier::Free`] takes that back.
    /// False if there is no such organization.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn grant_tier(&self, organization: OrganizationId, tier: Tier) -> Result<bool, Error> {
        let tiers = self.tiers.clone();
        self.database
            .write(move |tx| {
                let Some(mut standing) = lock(tx.conn, organization.into())? else { return Ok(false) };
                standing.granted = (tier != Tier::Free).then_some(tier);
                settle(tx, &tiers, organization, &standing)?;
                Ok(true)
            })
            .await
    }

    /// What would have to wait if the organization were on this tier.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn would_wait(&self, tenant: &Tenant, tier: Tier) -> Result<Waiting, Error> {
        let (organization, tiers) = (Id::from(tenant.organization()), self.tiers.clone());
        self.database
            .read(move |conn| {
                let limits = tiers.limits(tier);
                let last = last_allowed(conn, limits, organization)?;
                let later = plans::table
                    .filter(plans::organization_id.eq(organization))
                    .filter(plans::id.gt(last))
                    .order(plans::id)
                    .select(plans::name);
                let now = time(now(conn)?);
                let schedules: Vec<(Id, Json<Timetable>)> = on_conn!(&mut *conn, |conn| schedules::table
                    .filter(schedules::organization_id.eq(organization))
                    .select((schedules::plan_id, schedules::timetable))
                    .load(conn)?);
                let waits = |(plan, Json(timetable)): &&(Id, Json<Timetable>)| {
                    *plan > last || limits.allow_timetable(timetable, now).is_err()
                };
                Ok(Waiting {
                    plans: on_conn!(conn, |conn| later.load(conn)?),
                    schedules: u32::try_from(schedules.iter().filter(waits).count()).unwrap_or(u32::MAX),
                })
            })
            .await
    }

    /// The limits of a tier, as they are configured.
    #[must_use]
    pub fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    /// Holds the plans and schedules of every organization against the limits of its tier: those may have
    /// been configured anew. Tells how many organizations were looked at. May be done by several processes
    /// at once.
    ///
    /// # Errors
    /// If the database fails; what was done until then stays done.
    pub async fn apply_limits(&self) -> Result<u64, Error> {
        let organizations: Vec<Id> = self
            .database
            .read(|conn| {
                let query = statement::<Uuid>(
                    "SELECT id FROM organizations WHERE EXISTS (SELECT 1 FROM plans WHERE organization_id = organizations.id)
                     ORDER BY id",
                );
                Ok(on_conn!(conn, |conn| query.load(conn)?))
            })
            .await?;
        for some in organizations.chunks(AT_ONCE) {
            let (some, tiers) = (some.to_vec(), self.tiers.clone());
            self.database
                .write(move |tx| {
                    for organization in some {
                        if let Some(Standing { tier, .. }) = lock(tx.conn, organization)? {
                            apply(tx, tiers.limits(tier), organization.into())?;
                        }
                    }
                    Ok::<_, Error>(())
                })
                .await?;
        }
        Ok(organizations.len() as u64)
    }
}

/// The tiers of an organization.
pub(crate) struct Standing {
    /// Whose limits hold.
    pub(crate) tier: Tier,
    subscribed: Tier,
    granted: Option<Tier>,
    /// By which its runs are kept still.
    kept_as: Option<Tier>,
}

/// Where an organization stands, which nobody else changes until the end of the transaction. None if there is
/// no such organization.
pub(crate) fn lock(conn: &mut AnyConnection, organization: Id) -> Result<Option<Standing>, Error> {
    type RowType = (Text, Text, Nullable<Text>, Nullable<Text>);
    type Row = (Word<Tier>, Word<Tier>, Option<Word<Tier>>, Option<Word<Tier>>);
    let found: Option<Row> = match conn {
        AnyConnection::Postgres(conn) => statement::<RowType>(
            "SELECT tier, subscribed, granted, kept_as FROM organizations WHERE id = ? FOR NO KEY UPDATE",
        )
        .bind::<Uuid, _>(organization)
        .get_result(conn)
        .optional()?,
        AnyConnection::Sqlite(conn) => {
            statement::<RowType>("SELECT tier, subscribed, granted, kept_as FROM organizations WHERE id = ?")
                .bind::<Uuid, _>(organization)
                .get_result(conn)
                .optional()?
        }
    };
    Ok(found.map(|(Word(tier), Word(subscribed), granted, kept_as)| Standing {
        tier,
        subscribed,
        granted: granted.map(|Word(granted)| granted),
        kept_as: kept_as.map(|Word(kept_as)| kept_as),
    }))
}

/// Notes what an organization has subscribed to, with what follows from it; tells the tier in force.
pub(crate) fn subscribe(
    tx: &mut Transaction<'_>,
    tiers: &Tiers,
    organization: OrganizationId,
    tier: Tier,
) -> Result<Tier, Error> {
    let Some(mut standing) = lock(tx.conn, organization.into())? else { return Ok(Tier::Free) };
    standing.subscribed = tier;
    settle(tx, tiers, organization, &standing)
}

/// Puts an organization on the higher one of what it has subscribed to and what it is granted, with what
/// follows for its plans, its schedules and its history; tells which it is.
fn settle(
    tx: &mut Transaction<'_>,
    tiers: &Tiers,
    organization: OrganizationId,
    standing: &Standing,
) -> Result<Tier, Error> {
    let tier = standing.granted.map_or(standing.subscribed, |granted| granted.max(standing.subscribed));
    // What is there stays for now, however much less the new tier keeps.
    let kept = standing.kept_as.unwrap_or(standing.tier);
    let keeps_less = tiers.limits(tier).history < tiers.limits(kept).history;
    let is_same = tier == standing.tier;
    let now = now(tx.conn)?;
    let update = statement::<()>(
        "UPDATE organizations SET tier = ?, subscribed = ?, granted = ?,
                kept_as = CASE WHEN ? THEN kept_as ELSE ? END, kept_since = CASE WHEN ? THEN kept_since ELSE ? END
         WHERE id = ?",
    )
    .bind::<Text, _>(tier.as_str())
    .bind::<Text, _>(standing.subscribed.as_str())
    .bind::<Nullable<Text>, _>(standing.granted.map(Tier::as_str))
    .bind::<Bool, _>(is_same)
    .bind::<Nullable<Text>, _>(keeps_less.then_some(kept.as_str()))
    .bind::<Bool, _>(is_same)
    .bind::<Nullable<BigInt>, _>(keeps_less.then_some(now))
    .bind::<Uuid, _>(Id::from(organization));
    on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
    if !is_same {
        apply(tx, tiers.limits(tier), organization)?;
        let (name, before) = (organization::name(tx, organization)?, standing.tier.as_str());
        let details = json!({ "before": before, "after": tier.as_str(), "granted": standing.granted.is_some() });
        audit::note_of_system(tx, organization, Deed::OrganizationTierChanged, &name, &details)?;
        tx.changed(Change::Organization { organization });
    }
    Ok(tier)
}

/// Holds what is there against the limits: of the plans the oldest may run, of the schedules those of such
/// plans that do not come due too often. The rest waits, and goes on by itself once it may again; what came
/// due meanwhile is not made up for. The organization must be locked.
pub(crate) fn apply(tx: &mut Transaction<'_>, limits: &Limits, organization: OrganizationId) -> Result<(), Error> {
    let last = last_allowed(tx.conn, limits, organization.into())?;
    schedules(tx, limits, organization, last)?;
    plans(tx, limits, organization, last)
}

/// After a plan has gone: lets the next one run in its place, if there is one that waits.
pub(crate) fn make_room(tx: &mut Transaction<'_>, tiers: &Tiers, organization: OrganizationId) -> Result<(), Error> {
    let id = Id::from(organization);
    let waiting =
        statement::<Bool>("SELECT EXISTS (SELECT 1 FROM plans WHERE organization_id = ? AND over_limit IS NOT NULL)")
            .bind::<Uuid, _>(id);
    if on_conn!(&mut *tx.conn, |conn| waiting.get_result(conn)?)
        && let Some(Standing { tier, .. }) = lock(tx.conn, id)?
    {
        apply(tx, tiers.limits(tier), organization)?;
    }
    Ok(())
}

/// The newest plan that may run; every plan may if that is the last id there can be.
fn last_allowed(conn: &mut AnyConnection, limits: &Limits, organization: Id) -> Result<Id, Error> {
    let Some(limit) = limits.plans else { return Ok(Id(uuid::Uuid::max())) };
    let query = plans::table.filter(plans::organization_id.eq(organization)).order(plans::id).select(plans::id);
    let allowed: Vec<Id> = on_conn!(conn, |conn| limited(query, i64::from(limit)).load(conn)?);
    let is_full = u32::try_from(allowed.len()).is_ok_and(|there_are| there_are == limit);
    Ok(match allowed.last() {
        Some(last) if is_full => *last,
        None if limit == 0 => Id(uuid::Uuid::nil()),
        _ => Id(uuid::Uuid::max()),
    })
}

type ScheduleType = (Uuid, Uuid, Text, Integer, Nullable<BigInt>, Nullable<Text>);
type ScheduleRow = (Id, Id, Json<Timetable>, i32, Option<i64>, Option<String>);

fn schedules(tx: &mut Transaction<'_>, limits: &Limits, organization: OrganizationId, last: Id) -> Result<(), Error> {
    let now = time(now(tx.conn)?);
    let any = limits.limit_what_is_there();
    let rows: Vec<ScheduleRow> = match tx.conn {
        AnyConnection::Postgres(conn) => statement::<ScheduleType>(
            "SELECT id, plan_id, timetable, fired, paused_at, over_limit FROM schedules
             WHERE organization_id = ? AND (? OR over_limit IS NOT NULL) ORDER BY id FOR NO KEY UPDATE",
        )
        .bind::<Uuid, _>(Id::from(organization))
        .bind::<Bool, _>(any)
        .load(conn)?,
        AnyConnection::Sqlite(conn) => statement::<ScheduleType>(
            "SELECT id, plan_id, timetable, fired, paused_at, over_limit FROM schedules
             WHERE organization_id = ? AND (? OR over_limit IS NOT NULL)",
        )
        .bind::<Uuid, _>(Id::from(organization))
        .bind::<Bool, _>(any)
        .load(conn)?,
    };
    for (id, plan, Json(timetable), fired, paused_at, before) in rows {
        let over_limit = match limits.allow_timetable(&timetable, now) {
            _ if plan > last => later_plan(limits),
            Err(over_limit) if any => Some(over_limit.to_string()),
            _ => None,
        };
        if over_limit == before {
            continue;
        }
        let next = match (&over_limit, paused_at) {
            (None, None) => next_due(tx.conn, id.into(), &timetable, count(fired))?,
            _ => None,
        };
        let update = statement::<()>("UPDATE schedules SET over_limit = ?, next_due_at = ? WHERE id = ?")
            .bind::<Nullable<Text>, _>(over_limit)
            .bind::<Nullable<BigInt>, _>(next)
            .bind::<Uuid, _>(id);
        on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
        tx.changed(Change::Plan { organization, plan: plan.into() });
    }
    Ok(())
}

fn plans(tx: &mut Transaction<'_>, limits: &Limits, organization: OrganizationId, last: Id) -> Result<(), Error> {
    let over_limit = later_plan(limits);
    let update = statement::<Uuid>(
        "UPDATE plans SET over_limit = CASE WHEN id > ? THEN ? END
         WHERE organization_id = ? AND over_limit IS DISTINCT FROM CASE WHEN id > ? THEN ? END RETURNING id",
    )
    .bind::<Uuid, _>(last)
    .bind::<Nullable<Text>, _>(over_limit.clone())
    .bind::<Uuid, _>(Id::from(organization))
    .bind::<Uuid, _>(last)
    .bind::<Nullable<Text>, _>(over_limit);
    let changed: Vec<Id> = on_conn!(&mut *tx.conn, |conn| update.load(conn)?);
    for plan in changed {
        tx.changed(Change::Plan { organization, plan: PlanId::from(plan) });
    }
    Ok(())
}

/// What is said of a plan that is one too many.
fn later_plan(limits: &Limits) -> Option<String> {
    limits.plans.map(|limit| OverLimit::LaterPlan { limit }.to_string())
}
