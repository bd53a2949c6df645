//! Waiting for the end of a run, for programs that ask once and want to know how it went.

use std::time::Duration;

use domain::RunId;
use serde::Deserialize;
use store::{Change, Changes, RunChange, RunRow, Tenant};
use tokio::time::{Instant, timeout_at};
use utoipa::IntoParams;

use crate::{error::WebError, events::Place, state::State};

/// For how long one request waits at most.
const LONGEST: Duration = Duration::from_secs(60);

/// What an address says of waiting.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// For how many seconds to wait for the end of the run.
    #[param(minimum = 0, maximum = 60)]
    pub(crate) wait: Option<u64>,
}

impl Wait {
    /// For how long to wait: not at all if it does not say.
    pub(crate) fn within(&self) -> Result<Duration, WebError> {
        let within = Duration::from_secs(self.wait.unwrap_or(0));
        if within <= LONGEST {
            return Ok(within);
        }
        Err(WebError::BadRequest(format!("`wait` is a number of seconds from 0 to {}.", LONGEST.as_secs())))
    }
}

/// The run as it is once it is over, the time is up, or the process stops. Whoever waits takes one of the
/// organization's live streams: where none is left, nobody waits, and the run is told as it is now.
///
/// # Errors
/// 404 if there is no such run, or not any more; and if the database fails.
pub(crate) async fn until_over(
    state: &State,
    tenant: &Tenant,
    run: RunId,
    within: Duration,
) -> Result<RunRow, WebError> {
    let deadline = Instant::now() + within;
    let place = Place::take(&state.streams, tenant.organization(), state.config.limits.streams);
    // From before the run is read: an end that comes right after is heard.
    let mut changes = state.store.changes();
    loop {
        let row = state.store.run_row(tenant, run).await?.ok_or(WebError::NotFound)?;
        if row.state.is_final() || place.is_err() || Instant::now() >= deadline {
            return Ok(row);
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return Ok(row),
            // However it ended: what is told is read again.
            _ = timeout_at(deadline, end(&mut changes, run)) => {}
        }
    }
}

/// Returns when the run has ended, or may have.
async fn end(changes: &mut Changes, run: RunId) {
    loop {
        match changes.next().await {
            Change::Run { kind: RunChange::Finished, run: ended, .. } if ended == run => return,
            Change::Resync => return,
            _ => {}
        }
    }
}
