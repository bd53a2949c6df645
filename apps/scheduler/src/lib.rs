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
use runtime::metrics::Metrics;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use clock::Pulse;

pub use upkeep::perform_all;

/// What the upkeep needs beside the store.
#[derive(Clone)]
pub struct Config {
    /// Through what subscriptions are sold; none if they are not.
    pub billing: Option<Billing>,
    /// The address that people type, for links in mails.
    pub origin: Url,
    /// Where the clock tells its lag.
    pub metrics: Metrics,
}

impl Config {
    /// Without subscriptions.
    #[must_use]
    pub fn new(origin: Url) -> Self {
        Self { billing: None, origin, metrics: Metrics::default() }
    }
}

/// Runs the clock and keeps house until `shutdown`.
///
/// # Errors
/// If the duties cannot be scheduled.
pub async fn run(config: Config, store: Store, shutdown: CancellationToken) -> anyhow::Result<()> {
    let (pulse, felt) = watch::channel(Pulse::default());
    let ticking = async {
        shutdown.run_until_cancelled(clock::run(store.clone(), pulse, config.metrics.clone())).await;
        Ok(())
    };
    let beating = async {
        heartbeat::run(&store, felt, &shutdown).await;
        Ok(())
    };
    tokio::try_join!(ticking, beating, upkeep::run(&config, &store, &shutdown)).map(|_| ())
}
