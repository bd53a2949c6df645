//! The clock: schedules that are due become runs, at the beginning of each second of the database's time
//! or, within a second, when the next one is due.
//!
//! Only the database's clock counts. It is looked at on every wake, and slept between two looks by a
//! monotonic timer: a step of any clock neither stops nor doubles anything. What two schedulers find due
//! at once the store shares out between them.

use std::time::Duration;

use jiff::Timestamp;
use runtime::{metrics::Metrics, trouble::Trouble};
use store::{Error, Fired, Store};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::tick::Ticker;

/// So many schedules are taken in one transaction: enough to be fast, few enough that others who write
/// are not kept waiting.
const BATCH: usize = 1000;

/// How long the clock waits at most until it asks a database again that was away.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How the clock goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// How many seconds it has seen begin.
    pub(crate) ticks: u64,
    /// By how much it was late for the last of them.
    pub(crate) lag: Duration,
}

/// Runs the clock for ever. A database that is away is waited for.
pub(crate) async fn run(store: Store, pulse: watch::Sender<Pulse>, metrics: Metrics) {
    let mut clock = Clock { store, pulse, metrics, ticker: None };
    let mut trouble = Trouble::none("The clock", "the database", LONGEST_PAUSE);
    loop {
        match clock.turn().await {
            Ok(wake) => {
                trouble.is_over();
                sleep_until(wake).await;
            }
            Err(error) => sleep(trouble.pause(&error)).await,
        }
    }
}

struct Clock {
    store: Store,
    pulse: watch::Sender<Pulse>,
    metrics: Metrics,
    /// None until the database's time is known.
    ticker: Option<Ticker>,
}

/// What one look at the database shows.
struct Glance {
    now: Timestamp,
    /// The earliest time at which anything is due.
    due: Option<Timestamp>,
    /// When it was `now`.
    seen: Instant,
}

impl Clock {
    /// Fires until nothing is due; tells when to wake again.
    async fn turn(&mut self) -> Result<Instant, Error> {
        let mut glance = self.look().await?;
        let mut much = false;
        while glance.due.is_some_and(|due| due <= glance.now) {
            let fire = || self.store.fire(glance.now, BATCH);
            // Two at once share out what is due, so that neither the database nor this process waits.
            let (one, other) = if much { tokio::try_join!(fire(), fire())? } else { (fire().await?, Fired::default()) };
            if one.schedules + other.schedules == 0 {
                // The clock is paused, or what is due is under way in another scheduler.
                break;
            }
            much = one.schedules == BATCH;
            tracing::debug!(?one, ?other, "Schedules were due");
            glance = self.look().await?;
        }
        let ticker = self.ticker.unwrap_or_else(|| Ticker::after(glance.now));
        Ok(glance.seen + ticker.pause(glance.now, glance.due))
    }

    /// Looks at the time and at what is due; a second that has begun is counted.
    async fn look(&mut self) -> Result<Glance, Error> {
        let asked = Instant::now();
        let (now, due) = self.store.next_due().await?;
        // The answer is as old as half of the way there and back.
        let seen = asked + asked.elapsed() / 2;
        match &mut self.ticker {
            None => self.ticker = Some(Ticker::after(now)),
            Some(ticker) => {
                if let Some(lag) = ticker.tick(now) {
                    self.metrics.clock_lag(lag);
                    self.pulse.send_modify(|pulse| *pulse = Pulse { ticks: pulse.ticks + 1, lag });
                }
            }
        }
        Ok(Glance { now, due, seen })
    }
}
