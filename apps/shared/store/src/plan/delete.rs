//! Deleting a plan with everything that belongs to it.

use std::sync::Arc;

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Text},
};
use domain::{Deed, PlanId, RunId, Tiers};
use serde_json::json;

use crate::{
    Change, Error, RunChange, Store, Tenant, audit,
    connection::on_conn,
    database::Transaction,
    sql::{Id, Uuid},
    statement::statement,
    tier,
};

/// So many runs go in one transaction: a long history does not keep others from writing.
const AT_ONCE: i64 = 500;

impl Store {
    /// Deletes a plan with its versions, runs and steps; false if there is no such plan. Runs under way
    /// go first: their executors find nothing left to write to and stop. A long history goes in several
    /// transactions; if the program ends between them, the plan is still there, and can be deleted again.
    pub async fn delete_plan(&self, tenant: &Tenant, plan: PlanId) -> Result<bool, Error> {
        let mut patience = 5;
        loop {
            let (tenant, tiers) = (*tenant, Arc::clone(&self.tiers));
            match self.database.write(move |tx| delete_some(tx, &tiers, &tenant, plan)).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                // A recorder writes to several of the runs, in an order of its own. It goes first.
                Err(Error::Deadlock) if patience > 0 => patience -= 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Deletes the newest runs, and the plan if none is left then. None if there is more to delete.
fn delete_some(tx: &mut Transaction<'_>, tiers: &Tiers, tenant: &Tenant, plan: PlanId) -> Result<Option<bool>, Error> {
    let (id, organization) = (Id::from(plan), Id::from(tenant.organization()));
    let open = statement::<Uuid>(
        "SELECT id FROM runs WHERE organization_id = ? AND state = 'queued' AND plan_id = ? \
         UNION ALL SELECT id FROM runs WHERE organization_id = ? AND state = 'running' AND plan_id = ?",
    )
    .bind::<Uuid, _>(organization)
    .bind::<Uuid, _>(id)
    .bind::<Uuid, _>(organization)
    .bind::<Uuid, _>(id);
    let open: Vec<Id> = on_conn!(&mut *tx.conn, |conn| open.load(conn)?);
    for run in open {
        let (organization, run) = (tenant.organization(), RunId::from(run));
        tx.changed(Change::Run { kind: RunChange::Finished, organization, plan, run });
    }
    let runs = statement::<()>(
        "DELETE FROM runs WHERE id IN \
         (SELECT id FROM runs WHERE plan_id = ? AND organization_id = ? ORDER BY number DESC LIMIT ?)",
    )
    .bind::<Uuid, _>(id)
    .bind::<Uuid, _>(organization)
    .bind::<BigInt, _>(AT_ONCE);
    let deleted = on_conn!(&mut *tx.conn, |conn| runs.execute(conn)?);
    if i64::try_from(deleted).is_ok_and(|deleted| deleted == AT_ONCE) {
        return Ok(None);
    }
    let gone = statement::<Text>("DELETE FROM plans WHERE id = ? AND organization_id = ? RETURNING name")
        .bind::<Uuid, _>(id)
        .bind::<Uuid, _>(organization);
    let name: Option<String> = on_conn!(&mut *tx.conn, |conn| gone.get_result(conn).optional()?);
    if let Some(name) = &name {
        audit::note(tx, tenant, Deed::PlanDeleted, Some(plan.0), name, &json!({}))?;
        tx.changed(Change::Plan { organization: tenant.organization(), plan });
        // In its place another one may run.
        tier::make_room(tx, tiers, tenant.organization())?;
    }
    Ok(Some(name.is_some()))
}
