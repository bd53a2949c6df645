//! Stopping a run on somebody's demand.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, update};
use domain::{Deed, Elapsed, PlanId, RunId, RunState};
use serde_json::json;

use crate::{
    Change, Error, RunChange, Store, Tenant, audit,
    connection::now,
    database::Transaction,
    ending, metering,
    plan::{
        operators,
        recent::{self, RecentRun},
    },
    run::count::count_steps,
    schema::{plans, runs},
    sql::{Id, Word},
};

/// What became of the wish to stop a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It had not begun, and never will.
    Cancelled,
    /// It is under way: its executor hears of it, runs the steps of `finally`, and ends it as cancelled.
    Cancelling,
    /// It was over already, in this state.
    Over(RunState),
    /// Its plan is stopped by the operators who are named for it, and the actor is none of them.
    NotYours,
    /// There is no such run.
    NotFound,
}

impl Store {
    /// Cancels a run that waits; asks the executor of a run under way to stop it.
    pub async fn cancel_run(&self, tenant: &Tenant, run: RunId) -> Result<CancelOutcome, Error> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let theirs = runs::id.eq(Id::from(run)).and(runs::organization_id.eq(Id::from(tenant.organization())));
                let found: Option<(Id, String, i32, bool)> = runs::table
                    .inner_join(plans::table)
                    .filter(theirs)
                    .select((runs::plan_id, plans::name, runs::number, runs::cancelling))
                    .get_result(tx.conn)
                    .optional()?;
                let Some((plan, name, number, was_asked)) = found else { return Ok(CancelOutcome::NotFound) };
                if !operators::may_operate(tx.conn, &tenant, plan.into())? {
                    return Ok(CancelOutcome::NotYours);
                }
                let outcome = cancel(tx, &tenant, run, None)?;
                if matches!(outcome, CancelOutcome::Cancelled | CancelOutcome::Cancelling) && !was_asked {
                    let details = json!({ "plan": plan.0.to_string() });
                    let name = format!("{name} #{number}");
                    audit::note(tx, &tenant, Deed::RunCancelled, Some(run.0), &name, &details)?;
                }
                Ok(outcome)
            })
            .await
    }
}

/// Cancels a run in the caller's transaction; `reason` says why, if it has not begun.
pub(crate) fn cancel(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    run: RunId,
    reason: Option<&str>,
) -> Result<CancelOutcome, Error> {
    let id = Id::from(run);
    let theirs = runs::id.eq(id).and(runs::organization_id.eq(Id::from(tenant.organization())));
    loop {
        let found: Option<(Word<RunState>, Id)> =
            runs::table.filter(theirs).select((runs::state, runs::plan_id)).get_result(tx.conn).optional()?;
        let Some((Word(state), plan)) = found else { return Ok(CancelOutcome::NotFound) };
        if !state.may_become(RunState::Cancelled) {
            return Ok(CancelOutcome::Over(state));
        }
        let unchanged = theirs.and(runs::state.eq(state.as_str()));
        let outcome = match state {
            RunState::Running => CancelOutcome::Cancelling,
            _ => CancelOutcome::Cancelled,
        };
        let now = now(tx.conn)?;
        let updated = match outcome {
            CancelOutcome::Cancelling => {
                update(runs::table.filter(unchanged)).set(runs::cancelling.eq(true)).execute(tx.conn)?
            }
            _ => update(runs::table.filter(unchanged))
                .set((
                    runs::state.eq(RunState::Cancelled.as_str()),
                    runs::due_at.eq(None::<i64>),
                    runs::finished_at.eq(now),
                    runs::reason.eq(reason),
                ))
                .execute(tx.conn)?,
        };
        if updated == 0 {
            // It went on to another state between the two statements: look again.
            continue;
        }
        let plan = PlanId::from(plan);
        let kind = match outcome {
            CancelOutcome::Cancelling => RunChange::Cancelling,
            _ => RunChange::Finished,
        };
        if kind == RunChange::Finished {
            let ended = RecentRun { state: RunState::Cancelled, slow: false, duration: Elapsed::ZERO };
            recent::note(tx.conn, &[(plan, ended)])?;
            metering::add(tx.conn, std::iter::once((tenant.organization(), now)))?;
            ending::tidy(tx.conn, &[run])?;
            count_steps(tx.conn, run)?;
        }
        tx.changed(Change::Run { kind, organization: tenant.organization(), plan, run });
        return Ok(outcome);
    }
}
