//! Plans that were read already. A version never changes, so a plan read once is good for all its runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::PlanId;
use plan::{Known, Plan, Severity};
use store::ClaimedRun;

/// How many are kept.
const ROOM: usize = 1000;

/// A plan and the names that it needs from outside.
#[derive(Clone)]
pub(crate) struct ReadPlan {
    pub(crate) plan: Arc<Plan>,
    pub(crate) outside: Arc<[String]>,
}

/// The plans of the last versions.
#[derive(Default)]
pub(crate) struct Plans(Mutex<HashMap<(PlanId, u32), ReadPlan>>);

impl Plans {
    /// The plan of a run, or in one sentence why it cannot be read.
    pub(crate) fn read(&self, run: &ClaimedRun) -> Result<ReadPlan, String> {
        let key = (run.lease.plan, run.version);
        if let Some(plan) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(plan.clone());
        }
        // Variables from outside are not known here; one that is missing fails the step that uses it.
        let checked = plan::check(&run.text, &Known::default());
        let plan = checked.plan.map(Arc::new).ok_or_else(|| {
            let mistake = checked.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
            match mistake {
                Some(mistake) => format!("The plan cannot be read, line {}: {}", mistake.line, mistake.message),
                None => "The plan cannot be read.".to_owned(),
            }
        })?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ROOM {
            kept.clear();
        }
        let read = ReadPlan { plan, outside: checked.outside.into() };
        kept.insert(key, read.clone());
        Ok(read)
    }
}
