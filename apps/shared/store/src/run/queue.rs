//! Asking for one run.

use std::{collections::BTreeMap, sync::Arc};

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use domain::{Actor, Cause, Deed, PlanId, Restriction, RunId, RunState, Tier, UserId, WhenBusy};
use serde_json::json;

use super::insert::{self, Beginning};
use crate::{
    Error, Store, Tenant,
    admission::{self, Ask},
    audit,
    connection::{AnyConnection, on_conn},
    once,
    plan::{count, operators},
    schema::runs,
    sql::{Id, Uuid, Word},
    statement::statement,
};

/// A run of the current version of a plan.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The plan.
    pub plan: PlanId,
    /// Why.
    pub cause: Cause,
    /// Who asks; none if nobody does.
    pub user: Option<UserId>,
    /// Values for the plan's variables, for this run only.
    pub variables: BTreeMap<String, String>,
}

impl NewRun {
    /// A run that nobody in particular asks for, with the plan's own variables.
    #[must_use]
    pub fn of(plan: PlanId, cause: Cause) -> Self {
        Self { plan, cause, user: None, variables: BTreeMap::new() }
    }
}

/// A run that was just asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRun {
    /// Itself.
    pub id: RunId,
    /// Counted per plan, from 1.
    pub number: u32,
    /// Queued, or refused; further on if it was asked for before.
    pub state: RunState,
    /// Why it was refused, in plain words.
    pub reason: Option<String>,
}

/// Why no run was queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no such plan.
    #[error("This plan does not exist.")]
    NotFound,
    /// The plan is run by the operators who are named for it, and the actor is none of them.
    #[error("This plan is run by the operators who are named for it, and you are none of them.")]
    NotYours,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for QueueError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Asks for a run, due at once. One that a limit or its plan's restriction forbids is kept, too: as
    /// refused, with the reason. A request that came before gets the run that was asked for then.
    pub async fn queue_run(&self, tenant: &Tenant, new: NewRun) -> Result<QueuedRun, QueueError> {
        let (tenant, organization) = (*tenant, tenant.organization());
        let tiers = Arc::clone(&self.tiers);
        self.database
            .write(move |tx| {
                if matches!(tenant.actor(), Actor::Hook(own) if own != new.plan) {
                    return Err(QueueError::NotFound);
                }
                let id = RunId::new();
                if let Some(asked) = once::begin(tx, &tenant, "run", id.0)? {
                    return read(tx.conn, RunId(asked))?.ok_or(QueueError::NotFound);
                }
                // Counting locks the plan's row, so that the numbers have no gaps and no doubles.
                let numbered = statement::<Numbered>(
                    "UPDATE plans SET last_run_number = last_run_number + 1 WHERE id = ? AND organization_id = ?
                     RETURNING last_run_number, version, steps, restriction, when_busy, over_limit,
                               (SELECT tier FROM organizations WHERE id = plans.organization_id), now_us(),
                               name, EXISTS (SELECT 1 FROM plan_operators WHERE plan_id = plans.id)",
                )
                .bind::<Uuid, _>(Id::from(new.plan))
                .bind::<Uuid, _>(Id::from(organization));
                let numbered: Option<NumberedRow> =
                    on_conn!(&mut *tx.conn, |conn| numbered.get_result(conn).optional()?);
                let Some((of_plan, Word(tier), now, name, has_operators)) = numbered else {
                    return Err(QueueError::NotFound);
                };
                let (number, version, steps, Word(restriction), Word(when_busy), over_limit) = of_plan;
                if has_operators && !operators::may_operate(tx.conn, &tenant, new.plan)? {
                    return Err(QueueError::NotYours);
                }
                let limits = tiers.limits(tier);
                let ask = Ask { organization, plan: new.plan, over_limit, restriction, when_busy };
                let admitted = admission::one(tx.conn, ask, limits, now)?;
                let run = Beginning {
                    id,
                    organization,
                    plan: new.plan,
                    version,
                    number,
                    steps,
                    cause: new.cause,
                    user: new.user,
                    restriction,
                    variables: new.variables,
                    occurrence: None,
                    admitted,
                };
                let queued = QueuedRun { id: run.id, number: count(number), state: run.state(), reason: run.reason() };
                insert::insert(tx, now, &[run])?;
                // What a schedule wants is told by its runs; that would fill the log.
                if new.cause != Cause::Schedule {
                    let details = json!({ "plan": new.plan.to_string(), "state": queued.state.as_str() });
                    let name = format!("{name} #{number}");
                    audit::note(tx, &tenant, Deed::RunRequested, Some(queued.id.0), &name, &details)?;
                }
                Ok(queued)
            })
            .await
    }
}

/// What was told of a run when it was asked for, by what it has become since; none if it is forgotten.
fn read(conn: &mut AnyConnection, run: RunId) -> Result<Option<QueuedRun>, Error> {
    let query = runs::table.filter(runs::id.eq(Id::from(run))).select((runs::number, runs::state, runs::reason));
    let found: Option<(i32, Word<RunState>, Option<String>)> =
        on_conn!(conn, |conn| query.get_result(conn).optional()?);
    Ok(found.map(|(number, Word(state), reason)| QueuedRun { id: run, number: count(number), state, reason }))
}

/// A plan's count of runs, version, steps, restriction, what to do when busy, why it may not run; its
/// organization's tier; now; its name; whether its operators are named.
type Numbered = ((Integer, Integer, Integer, Text, Text, Nullable<Text>), Text, BigInt, Text, Bool);
type NumberedRow = ((i32, i32, i32, Word<Restriction>, Word<WhenBusy>, Option<String>), Word<Tier>, i64, String, bool);
