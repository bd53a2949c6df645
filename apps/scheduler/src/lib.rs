//! The clock, which turns due schedules into runs, and the upkeep of the database.
//!
//! Any number of schedulers may run: what is due is shared out between them, and every duty may be done
//! twice, or by two at once.

mod clock;
mod duty;
mod heartbeat;
mod tick;
mod upkeep;

use billing::Billing;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use clock::Pulse;

pub use upkeep::perform_all;

/// Runs the clock and keeps house until `shutdown`; looks after subscriptions if there is billing.
///
/// # Errors
/// If the duties cannot be scheduled.
pub async fn run(store: Store, billing: Option<Billing>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let (pulse, felt) = watch::channel(Pulse::default());
    let ticking = async {
        shutdown.run_until_cancelled(clock::run(store.clone(), pulse)).await;
        Ok(())
    };
    let beating = async {
        heartbeat::run(&store, felt, &shutdown).await;
        Ok(())
    };
    tokio::try_join!(ticking, beating, upkeep::run(&store, billing.as_ref(), &shutdown)).map(|_| ())
}
