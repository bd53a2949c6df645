//! Asking for a run: inserting its row is queueing the job.

use std::collections::BTreeMap;

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, RunQueryDsl, insert_into, update};
use domain::{Cause, PlanId, RunId, RunState, UserId, admission::Priority};

use crate::{
    Change, Error, RunChange, Store, Tenant,
    connection::now_us,
    plan::count,
    schema::{plans, runs},
    sql::Id,
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
    /// Queued, or refused.
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
    /// Queues a run, due at once.
    pub async fn queue_run(&self, tenant: &Tenant, new: NewRun) -> Result<QueuedRun, QueueError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (plan, organization) = (Id::from(new.plan), Id::from(tenant.organization()));
                let theirs = plans::id.eq(plan).and(plans::organization_id.eq(organization));
                // Counting locks the plan's row, so that the numbers have no gaps and no doubles.
                let numbered: Option<(i32, i32, i32)> = update(diesel::QueryDsl::filter(plans::table, theirs))
                    .set(plans::last_run_number.eq(plans::last_run_number + 1))
                    .returning((plans::last_run_number, plans::version, plans::steps))
                    .get_result(tx.conn)
                    .optional()?;
                let Some((number, version, steps)) = numbered else { return Err(QueueError::NotFound) };
                let id = RunId::new();
                insert_into(runs::table)
                    .values((
                        runs::id.eq(Id::from(id)),
                        runs::organization_id.eq(organization),
                        runs::plan_id.eq(plan),
                        runs::version.eq(version),
                        runs::number.eq(number),
                        runs::state.eq(RunState::Queued.as_str()),
                        runs::cause.eq(new.cause.as_str()),
                        runs::priority.eq(i32::from(Priority::from(new.cause).0)),
                        runs::user_id.eq(new.user.map(Id::from)),
                        runs::due_at.eq(diesel::NullableExpressionMethods::nullable(now_us())),
                        runs::queued_at.eq(now_us()),
                        runs::steps.eq(steps),
                    ))
                    .execute(tx.conn)?;
                tx.changed(Change::Run {
                    kind: RunChange::Queued,
                    organization: tenant.organization(),
                    plan: new.plan,
                    run: id,
                });
                Ok(QueuedRun { id, number: count(number), state: RunState::Queued, reason: None })
            })
            .await
    }
}
