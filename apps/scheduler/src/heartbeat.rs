//! Tells the database every few seconds that this scheduler lives and how its clock goes.

use std::time::Duration;

use domain::{Elapsed, WorkerId};
use store::{Heartbeat, Store, WorkerRole};
use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock::Pulse;

/// How often.
const EVERY: Duration = Duration::from_secs(5);

/// How long saying goodbye may take. Who says nothing for a while is taken for dead all the same.
const GOODBYE: Duration = Duration::from_secs(1);

/// Beats until `shutdown`. While the database is away it is the clock that says so.
pub(crate) async fn run(store: &Store, pulse: watch::Receiver<Pulse>, shutdown: &CancellationToken) {
    let (id, host) = (WorkerId::new(), runtime::machine::name());
    let beat = async {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            let Pulse { ticks, lag } = *pulse.borrow();
            let beat = Heartbeat {
                id,
                role: WorkerRole::Scheduler,
                host: host.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                slots: 0,
                busy: 0,
                ticks,
                lag: Elapsed::from(lag),
            };
            if let Err(error) = store.heartbeat(beat).await {
                tracing::debug!(%error, "A heartbeat did not reach the database");
            }
        }
    };
    tracing::info!(scheduler = %id, "The clock runs");
    shutdown.run_until_cancelled(beat).await;
    if let Ok(Err(error)) = tokio::time::timeout(GOODBYE, store.goodbye(id)).await {
        tracing::debug!(%error, "The scheduler's goodbye did not reach the database");
    }
}
