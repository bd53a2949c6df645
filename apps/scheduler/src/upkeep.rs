//! The upkeep: every duty once at the start, and then when it comes due.

use std::{pin::Pin, sync::Arc};

use anyhow::Context;
use store::Store;
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::{Config, duty::Duty};

/// Keeps house until `shutdown`.
///
/// # Errors
/// If the duties cannot be scheduled. A duty that fails is logged and comes again.
pub(crate) async fn run(config: &Config, store: &Store, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let chores = chores(config, store);
    let mut scheduler = JobScheduler::new().await.context("The upkeep cannot be scheduled")?;
    for chore in &chores {
        let duty = chore.duty;
        scheduler.add(chore.job()?).await.with_context(|| format!("{duty:?} cannot be scheduled"))?;
    }
    scheduler.start().await.context("The upkeep does not start")?;
    shutdown.run_until_cancelled(perform(&chores)).await;
    shutdown.cancelled().await;
    scheduler.shutdown().await.context("The upkeep does not stop")
}

/// Performs every duty once. One that fails is logged.
pub async fn perform_all(config: &Config, store: &Store) {
    perform(&chores(config, store)).await;
}

fn chores(config: &Config, store: &Store) -> Vec<Chore> {
    let chore =
        |duty: &Duty| Chore { duty: *duty, store: store.clone(), config: config.clone(), performing: Arc::default() };
    Duty::ALL.iter().map(chore).collect()
}

async fn perform(chores: &[Chore]) {
    for chore in chores {
        chore.perform().await;
    }
}

/// A duty and what it is performed with.
#[derive(Clone)]
struct Chore {
    duty: Duty,
    store: Store,
    config: Config,
    performing: Arc<Mutex<()>>,
}

impl Chore {
    async fn perform(&self) {
        // One that is still going on is not begun again.
        if let Ok(_performing) = self.performing.try_lock() {
            self.duty.perform(&self.config, &self.store).await;
        }
    }

    fn job(&self) -> anyhow::Result<Job> {
        let chore = self.clone();
        let perform = move |_, _| {
            let chore = chore.clone();
            let performed: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { chore.perform().await });
            performed
        };
        let duty = self.duty;
        Job::new_async(duty.schedule(), perform).with_context(|| format!("The schedule of {duty:?} cannot be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_schedule_of_a_duty_can_be_read() {
        let database = testkit::TestDatabase::sqlite().await;
        let store = database.open().await;
        let config = Config::new("http://localhost:8080".parse().unwrap());
        for chore in chores(&config, &store) {
            chore.job().unwrap();
        }
    }
}
