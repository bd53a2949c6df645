//! Hooks: the address of a plan that starts a run of it, for deployments. A plan has one at most, and the database
//! holds the hash of its token.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl, delete, insert_into, update,
};
use domain::{Action, Actor, Deed, Email, PlanId};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Change, Error, MemberError, Store, Tenant, audit,
    connection::{now, now_us, on_conn},
    database::Transaction,
    member,
    schema::{hooks, plans, users},
    sql::{Id, Word, time},
    tier,
};

/// How exact `last_used_at` is, in microseconds: a minute, so that calling a hook seldom writes.
const USED: i64 = 60 * 1_000_000;

/// What is told of a plan's hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRow {
    /// Who made its address; none if they are gone.
    pub created_by: Option<Email>,
    /// When.
    pub created_at: Timestamp,
    /// When the address was last called, to the minute; none before the first time.
    pub last_used_at: Option<Timestamp>,
}

/// What became of the wish for a new address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMade {
    /// The plan had no hook before.
    New,
    /// The address before leads nowhere any more.
    Rotated,
}

/// Whoever calls a hook that is good: the proof that makes a [`Tenant`], which may run this one plan.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    tenant: Tenant,
    /// The plan.
    pub plan: PlanId,
}

impl Hook {
    /// The organization the plan is of.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl Store {
    /// Gives the plan a hook whose token has this hash. The one before is dead at once.
    ///
    /// # Errors
    /// If there is no such plan, if the actor may not change plans, and if the database fails.
    pub async fn make_hook(
        &self,
        tenant: &Tenant,
        plan: PlanId,
        token_hash: [u8; 32],
    ) -> Result<HookMade, MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let name = plan_to_change(tx, &tenant, plan)?;
                let former = delete(hooks::table.filter(hooks::plan_id.eq(Id::from(plan)))).execute(tx.conn)?;
                let made = if former > 0 { HookMade::Rotated } else { HookMade::New };
                let now = now(tx.conn)?;
                insert_into(hooks::table)
                    .values((
                        hooks::plan_id.eq(Id::from(plan)),
                        hooks::token_hash.eq(token_hash.as_slice()),
                        hooks::created_by.eq(tenant.actor().user().map(Id::from)),
                        hooks::created_at.eq(now),
                    ))
                    .execute(tx.conn)?;
                let details = json!({ "before": if made == HookMade::Rotated { "another address" } else { "none" } });
                audit::note(tx, &tenant, Deed::HookCreated, Some(plan.0), &name, &details)?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan });
                Ok(made)
            })
            .await
    }

    /// Deletes the plan's hook: from now on its address leads nowhere.
    ///
    /// # Errors
    /// If there is no such plan or it has no hook, if the actor may not change plans, and if the database fails.
    pub async fn delete_hook(&self, tenant: &Tenant, plan: PlanId) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let name = plan_to_change(tx, &tenant, plan)?;
                if delete(hooks::table.filter(hooks::plan_id.eq(Id::from(plan)))).execute(tx.conn)? == 0 {
                    return Err(MemberError::NotFound);
                }
                audit::note(tx, &tenant, Deed::HookDeleted, Some(plan.0), &name, &json!({}))?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan });
                Ok(())
            })
            .await
    }

    /// The plan's hook; none if there is no such plan or it has none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn plan_hook(&self, tenant: &Tenant, plan: PlanId) -> Result<Option<HookRow>, Error> {
        let theirs = plans::id.eq(Id::from(plan)).and(plans::organization_id.eq(Id::from(tenant.organization())));
        self.database
            .read(move |conn| {
                let query = hooks::table
                    .inner_join(plans::table)
                    .left_join(users::table.on(hooks::created_by.eq(users::id.nullable())))
                    .filter(theirs)
                    .select((users::email.nullable(), hooks::created_at, hooks::last_used_at));
                let found: Option<(Option<Word<Email>>, i64, Option<i64>)> =
                    on_conn!(conn, |conn| query.get_result(conn).optional()?);
                Ok(found.map(|(created_by, created_at, used)| HookRow {
                    created_by: created_by.map(|Word(email)| email),
                    created_at: time(created_at),
                    last_used_at: used.map(time),
                }))
            })
            .await
    }

    /// Whoever calls the hook whose token has this hash; none if there is no such hook, or not any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn hook(&self, token_hash: [u8; 32]) -> Result<Option<Hook>, Error> {
        type Row = (Id, Id, Option<i64>, i64);
        let found: Option<Row> = self
            .database
            .read(move |conn| {
                let query = hooks::table
                    .inner_join(plans::table)
                    .filter(hooks::token_hash.eq(token_hash.as_slice()))
                    .select((hooks::plan_id, plans::organization_id, hooks::last_used_at, now_us()));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        let Some((plan, organization, used_at, now)) = found else { return Ok(None) };
        if used_at.is_none_or(|used_at| now - used_at > USED) {
            // That it was used is not worth a failure.
            if let Err(error) = self.used_hook(token_hash, now).await {
                tracing::warn!(%error, "could not note when a hook was last used");
            }
        }
        let plan = PlanId::from(plan);
        Ok(Some(Hook { tenant: Tenant::new(organization.into(), Actor::Hook(plan)), plan }))
    }

    async fn used_hook(&self, token_hash: [u8; 32], now: i64) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                update(hooks::table.filter(hooks::token_hash.eq(token_hash.as_slice())))
                    .set(hooks::last_used_at.eq(now))
                    .execute(tx.conn)?;
                Ok(())
            })
            .await
    }
}

/// With the organization locked: the name of the tenant's plan, which the actor may change.
fn plan_to_change(tx: &mut Transaction<'_>, tenant: &Tenant, plan: PlanId) -> Result<String, MemberError> {
    tier::lock(tx.conn, tenant.organization().into())?.ok_or(MemberError::NotFound)?;
    let theirs = plans::id.eq(Id::from(plan)).and(plans::organization_id.eq(Id::from(tenant.organization())));
    let name: Option<String> = plans::table.filter(theirs).select(plans::name).get_result(tx.conn).optional()?;
    let name = name.ok_or(MemberError::NotFound)?;
    member::must(tx.conn, tenant, Action::EditPlans)?;
    Ok(name)
}
