//! One plan: made, saved as a new version, read, deleted.

mod delete;
mod list;
pub(crate) mod operators;
mod outside;
pub(crate) mod recent;
mod version;

use std::sync::Arc;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl, insert_into, update,
};
use domain::{Deed, Email, Health, OverLimit, PlanId, PlanName, Restriction, UserId, WhenBusy};
use jiff::Timestamp;
use serde_json::json;

pub(crate) use self::list::{LastRunColumns, containing, lower};
pub use self::{
    list::{LastRun, PlanFilter, PlanRow},
    operators::PlanOperator,
    outside::{PlanInNeed, PlansInNeed, UnreadPlan},
    recent::RecentRun,
    version::{PlanVersion, VersionRow},
};
use crate::{
    Change, Error, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    once,
    schema::{plan_versions, plans, users},
    sql::{Id, Word, time},
    tier,
};

/// What a plan says, checked before it comes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// Its name in lists.
    pub name: PlanName,
    /// The YAML as it was written.
    pub text: String,
    /// The JSON of its outline: what the run page shows before a step has begun.
    pub outline: String,
    /// How many steps the outline has.
    pub steps: u32,
    /// Beside which other runs its runs may go.
    pub restriction: Restriction,
    /// What becomes of a run that may not go now.
    pub when_busy: WhenBusy,
    /// The names that it uses and does not give a value itself.
    pub outside: Vec<String>,
}

/// A plan in its current version.
#[derive(Clone, Debug)]
pub struct PlanDetail {
    /// Itself.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// The number of the current version, from 1.
    pub version: u32,
    /// How many steps it has.
    pub steps: u32,
    /// The YAML.
    pub text: String,
    /// The JSON of its outline.
    pub outline: String,
    /// How it is doing; none before the first verdict.
    pub health: Option<Health>,
    /// Why it does not run on its organization's tier, in a sentence; none if it does.
    pub over_limit: Option<String>,
    /// The last 30 finished runs, newest first.
    pub recent: Vec<RecentRun>,
    /// Who wrote this version; none if they are gone.
    pub author: Option<Email>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When this version was saved.
    pub updated_at: Timestamp,
}

/// Why a plan was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// There is no such plan.
    #[error("This plan does not exist.")]
    NotFound,
    /// Somebody saved another version meanwhile.
    #[error("Somebody else saved version {current} of this plan meanwhile.")]
    Conflict {
        /// The version that is current now.
        current: u32,
    },
    /// The organization's tier does not allow another one.
    #[error("{0}")]
    OverLimit(OverLimit),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for SaveError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Makes a plan, if the organization's tier allows another one. Two plans may have the same name. A request
    /// that came before gets the plan that was made then.
    pub async fn create_plan(&self, tenant: &Tenant, author: UserId, new: NewPlan) -> Result<PlanId, SaveError> {
        let (tenant, tiers) = (*tenant, Arc::clone(&self.tiers));
        self.database
            .write(move |tx| {
                let organization = Id::from(tenant.organization());
                let plan = PlanId::new();
                if let Some(made) = once::begin(tx, &tenant, "plan", plan.0)? {
                    return Ok(PlanId(made));
                }
                // Whoever else makes one waits here, so that two at once cannot both be the last.
                let standing = tier::lock(tx.conn, organization)?.ok_or(SaveError::NotFound)?;
                let limits = tiers.limits(standing.tier);
                if limits.plans.is_some() {
                    limits.allow_another_plan(number_of(tx.conn, organization)?).map_err(SaveError::OverLimit)?;
                }
                insert(tx, &tenant, author, plan, &new)?;
                Ok(plan)
            })
            .await
    }

    /// How many plans the organization has.
    pub async fn number_of_plans(&self, tenant: &Tenant) -> Result<u32, Error> {
        let organization = Id::from(tenant.organization());
        self.database.read(move |conn| Ok(number_of(conn, organization)?)).await
    }

    /// Saves a new version over the version the author began with, and gives its number. What is the
    /// same as the current version makes no new one.
    pub async fn save_plan(
        &self,
        tenant: &Tenant,
        author: UserId,
        plan: PlanId,
        base_version: u32,
        new: NewPlan,
    ) -> Result<u32, SaveError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let id = Id::from(plan);
                let Some((version, name, text)) = current(tx.conn, &tenant, id)? else {
                    return Err(SaveError::NotFound);
                };
                if version != column(base_version) {
                    return Err(SaveError::Conflict { current: count(version) });
                }
                if name == new.name.as_str() && text == new.text {
                    return Ok(count(version));
                }
                let now = now(tx.conn)?;
                let next = version + 1;
                // Compared once more: over PostgreSQL somebody may have saved since the line above.
                let same = plans::id.eq(id).and(plans::version.eq(version));
                let updated = update(plans::table.filter(same))
                    .set((
                        plans::name.eq(new.name.as_str()),
                        plans::version.eq(next),
                        plans::steps.eq(column(new.steps)),
                        plans::restriction.eq(new.restriction.as_str()),
                        plans::when_busy.eq(new.when_busy.as_str()),
                        plans::outside.eq(outside::encode(&new.outside)),
                        plans::updated_at.eq(now),
                    ))
                    .execute(tx.conn)?;
                if updated == 0 {
                    return Err(match current(tx.conn, &tenant, id)? {
                        Some((version, ..)) => SaveError::Conflict { current: count(version) },
                        None => SaveError::NotFound,
                    });
                }
                version::insert(tx.conn, id, next, author, &new, now)?;
                let details = json!({ "version": next });
                audit::note(tx, &tenant, Deed::PlanSaved, Some(plan.0), new.name.as_str(), &details)?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan });
                Ok(count(next))
            })
            .await
    }

    /// A plan in its current version.
    pub async fn plan(&self, tenant: &Tenant, plan: PlanId) -> Result<Option<PlanDetail>, Error> {
        type Row = (
            (Id, String, i32, i32, String, String),
            (Option<Word<Health>>, Option<String>, String, Option<Word<Email>>, i64, i64),
        );
        let (organization, plan) = (Id::from(tenant.organization()), Id::from(plan));
        let found: Option<Row> = self
            .database
            .read(move |conn| {
                let current = plan_versions::plan_id.eq(plans::id).and(plan_versions::version.eq(plans::version));
                let query = plans::table
                    .inner_join(plan_versions::table.on(current))
                    .left_join(users::table.on(plan_versions::author_id.eq(users::id.nullable())))
                    .filter(plans::id.eq(plan).and(plans::organization_id.eq(organization)))
                    .select((
                        (
                            plans::id,
                            plans::name,
                            plans::version,
                            plans::steps,
                            plan_versions::text,
                            plan_versions::outline,
                        ),
                        (
                            plans::health,
                            plans::over_limit,
                            plans::recent,
                            users::email.nullable(),
                            plans::created_at,
                            plans::updated_at,
                        ),
                    ));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        Ok(found.map(|((id, name, version, steps, text, outline), state)| {
            let (health, over_limit, recent, author, created, updated) = state;
            PlanDetail {
                id: id.into(),
                name,
                version: count(version),
                steps: count(steps),
                text,
                outline,
                health: health.map(|word| word.0),
                over_limit,
                recent: recent::decode(&recent),
                author: author.map(|word| word.0),
                created_at: time(created),
                updated_at: time(updated),
            }
        }))
    }
}

fn number_of(conn: &mut AnyConnection, organization: Id) -> diesel::QueryResult<u32> {
    let plans = plans::table.filter(plans::organization_id.eq(organization)).count();
    let number: i64 = on_conn!(conn, |conn| plans.get_result(conn)?);
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Makes a plan with its first version.
pub(crate) fn insert(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    author: UserId,
    plan: PlanId,
    new: &NewPlan,
) -> Result<(), Error> {
    let now = now(tx.conn)?;
    insert_into(plans::table)
        .values((
            plans::id.eq(Id::from(plan)),
            plans::organization_id.eq(Id::from(tenant.organization())),
            plans::name.eq(new.name.as_str()),
            plans::version.eq(1),
            plans::steps.eq(column(new.steps)),
            plans::restriction.eq(new.restriction.as_str()),
            plans::when_busy.eq(new.when_busy.as_str()),
            plans::outside.eq(outside::encode(&new.outside)),
            plans::created_at.eq(now),
            plans::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    version::insert(tx.conn, plan.into(), 1, author, new, now)?;
    audit::note(tx, tenant, Deed::PlanCreated, Some(plan.0), new.name.as_str(), &json!({}))?;
    tx.changed(Change::Plan { organization: tenant.organization(), plan });
    Ok(())
}

/// The current version's number, name and text.
fn current(conn: &mut AnyConnection, tenant: &Tenant, plan: Id) -> diesel::QueryResult<Option<(i32, String, String)>> {
    let version = plan_versions::plan_id.eq(plans::id).and(plan_versions::version.eq(plans::version));
    plans::table
        .inner_join(plan_versions::table.on(version))
        .filter(plans::id.eq(plan).and(plans::organization_id.eq(Id::from(tenant.organization()))))
        .select((plans::version, plan_versions::name, plan_versions::text))
        .get_result(conn)
        .optional()
}

/// A number of things as a column holds it; there are never two billion.
pub(crate) fn column(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A column's number of things, which is never negative.
pub(crate) fn count(column: i32) -> u32 {
    u32::try_from(column).unwrap_or(0)
}
