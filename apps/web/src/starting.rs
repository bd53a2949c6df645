//! Starting runs, whoever asks for them: on a page, or in the API.

use std::collections::BTreeMap;

use store::{NewRun, QueueError, QueuedRun, RunRow, Tenant};

use crate::{editing, error::WebError, state::State};

/// Why an operator may neither run nor stop a plan.
pub(crate) const NOT_NAMED: &str = "This plan is run and stopped by the operators who are named for it, and by owners, admins and editors. Ask one of \
     them.";

/// Asks for a run of the plan's current version.
pub(crate) async fn start(state: &State, tenant: &Tenant, new: NewRun) -> Result<QueuedRun, WebError> {
    state.store.queue_run(tenant, new).await.map_err(|error| match error {
        QueueError::NotFound => WebError::NotFound,
        QueueError::NotYours => WebError::Forbidden(NOT_NAMED.to_owned()),
        QueueError::Store(error) => error.into(),
    })
}

/// The values that a run before had, but for those that its plan, which may be another by now, does not take any more.
pub(crate) async fn same(
    state: &State,
    tenant: &Tenant,
    before: &RunRow,
) -> Result<BTreeMap<String, String>, WebError> {
    let mut values = state.store.run_variables(tenant, before.id).await?.ok_or(WebError::NotFound)?;
    if !values.is_empty() {
        let plan = state.store.plan(tenant, before.plan_id).await?.ok_or(WebError::NotFound)?;
        let known = editing::variables(plan.text).await?;
        values.retain(|name, _| known.contains(name));
    }
    Ok(values)
}
