//! The upkeep: every duty once at the start, and then when it comes due.

use std::sync::Arc;

use anyhow::Context;
use store::Store;
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::duty::Duty;

/// Keeps house until `shutdown`.
///
/// # Errors
/// If the duties cannot be scheduled. A duty that fails is logged and comes again.
pub(crate) async fn run(store: &Store, shutdown: &CancellationToken) -> anyhow::Result<()> {
    if shutdown.run_until_cancelled(perform_all(store)).await.is_none() {
        return Ok(());
    }
    let mut scheduler = JobScheduler::new().await.context("The upkeep cannot be scheduled")?;
    for duty in Duty::ALL {
        scheduler.add(job(*duty, store.clone())?).await.with_context(|| format!("{duty:?} cannot be scheduled"))?;
    }
    scheduler.start().await.context("The upkeep does not start")?;
    shutdown.cancelled().await;
    scheduler.shutdown().await.context("The upkeep does not stop")
}

/// Performs every duty once. One that fails is logged.
pub async fn perform_all(store: &Store) {
    for duty in Duty::ALL {
        duty.perform(store).await;
    }
}

fn job(duty: Duty, store: Store) -> anyhow::Result<Job> {
    let performing = Arc::new(Mutex::new(()));
    let perform = move |_, _| {
        let (store, performing) = (store.clone(), Arc::clone(&performing));
        let performed: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            // One that is still going on is not begun again.
            if let Ok(_performing) = performing.try_lock() {
                duty.perform(&store).await;
            }
        });
        performed
    };
    Job::new_async(duty.schedule(), perform).with_context(|| format!("The schedule of {duty:?} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_schedule_of_a_duty_can_be_read() {
        let database = testkit::TestDatabase::sqlite().await;
        let store = database.open().await;
        for duty in Duty::ALL {
            job(*duty, store.clone()).unwrap();
        }
    }
}
