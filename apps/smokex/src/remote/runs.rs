//! The runs of a server: started, and waited for.

use std::{collections::BTreeMap, time::Duration};

use domain::{Elapsed, PlanId, RunId, RunState, StepReport, StepState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Call, Remote, RemoteError};

/// A run, and how far it is.
#[derive(Debug, Deserialize)]
pub struct RemoteRun {
    pub id: RunId,
    pub state: RunState,
    pub queued_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub duration_us: Option<u64>,
    /// Why it did not pass, in one sentence.
    pub reason: Option<String>,
    /// Its steps in their order; none where the answer does not tell them.
    #[serde(default)]
    pub step_list: Vec<RemoteStep>,
}

/// A step of a run, ended or not.
#[derive(Debug, Deserialize)]
pub struct RemoteStep {
    /// From zero.
    pub position: u32,
    pub name: String,
    pub state: StepState,
    pub report: Option<StepReport>,
}

impl RemoteRun {
    /// How long it took.
    pub fn duration(&self) -> Elapsed {
        Elapsed(self.duration_us.unwrap_or_default())
    }
}

#[derive(Serialize)]
struct Start<'s> {
    variables: &'s BTreeMap<&'s str, &'s str>,
}

impl Remote {
    /// Starts a run of a plan; variables win over its own.
    pub async fn start_run(&self, plan: PlanId, variables: &BTreeMap<&str, &str>) -> Result<RemoteRun, RemoteError> {
        self.ask(Call::make(format!("plans/{plan}/runs"), &Start { variables })).await
    }

    /// The page of a run.
    pub fn page_of_run(&self, id: RunId) -> String {
        self.address.at(&format!("runs/{id}")).into()
    }

    /// Where a POST stops a run.
    pub fn stop_of_run(&self, id: RunId) -> String {
        self.address.at(&format!("api/v1/runs/{id}/cancel")).into()
    }

    /// The run as it is once it is over, or after `wait` (whole seconds, at most 60) if it is not.
    pub async fn run(&self, id: RunId, wait: Duration) -> Result<RemoteRun, RemoteError> {
        self.ask(Call { wait, ..Call::get(format!("runs/{id}?wait={}", wait.as_secs())) }).await
    }
}
