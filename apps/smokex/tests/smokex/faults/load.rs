//! The load: somebody who starts one run after the other through the pages, and notes which were accepted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::RunId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{super::browser::Browser, fleet::Origin};

/// Runs that were accepted: an answer said so.
#[derive(Clone, Default)]
pub struct Accepted(Arc<Mutex<Vec<RunId>>>);

impl Accepted {
    /// The run that an answer leads to.
    pub fn add(&self, location: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(run_of(location));
    }

    pub fn all(&self) -> Vec<RunId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Goes on until it is stopped.
pub struct Load {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts a run of the plan (a path) every `pause` with everybody who serves pages.
    pub fn start(
        browser: &Arc<Browser>,
        plan: &str,
        origins: Vec<Origin>,
        pause: Duration,
        accepted: &Accepted,
    ) -> Self {
        let stop = CancellationToken::new();
        let person = |origin: Origin| {
            let (browser, path, accepted) = (Arc::clone(browser), format!("{plan}/runs"), accepted.clone());
            let working = async move {
                loop {
                    let origin = origin.borrow().clone();
                    if let Some(origin) = origin
                        && let Some(location) = browser.try_submit(&format!("{origin}{path}")).await
                    {
                        accepted.add(&location);
                    }
                    tokio::time::sleep(pause).await;
                }
            };
            let stop = stop.clone();
            tokio::spawn(async move {
                stop.run_until_cancelled(working).await;
            })
        };
        let tasks = origins.into_iter().map(person).collect();
        Self { stop, tasks }
    }

    /// Ends it.
    pub async fn end(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.expect("whoever starts runs does not panic");
        }
    }
}

/// The run that a path such as `/runs/0…` leads to.
fn run_of(location: &str) -> RunId {
    let id = location.split(['?', '#']).next().and_then(|path| path.strip_prefix("/runs/"));
    id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{location} does not lead to a run"))
}
