//! A database that does not answer: how often to ask again, and what to say of it.

use std::time::{Duration, Instant};

use store::Error;

/// The first pause, doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One stretch of failures, told when it begins and when it is over.
pub(crate) struct Trouble {
    who: &'static str,
    began: Option<Instant>,
    pause: Duration,
}

impl Trouble {
    /// None so far for `who`, as the log names it.
    pub(crate) fn none(who: &'static str) -> Self {
        Self { who, began: None, pause: PAUSE }
    }

    /// It failed: how long to wait before it is tried again.
    pub(crate) fn pause(&mut self, error: &Error) -> Duration {
        if self.began.is_none() {
            tracing::warn!(%error, "{} waits for the database and goes on by itself", self.who);
            self.began = Some(Instant::now());
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// It succeeded.
    pub(crate) fn is_over(&mut self) {
        if let Some(began) = self.began.take() {
            tracing::info!(seconds = began.elapsed().as_secs_f32(), "{} goes on", self.who);
            self.pause = PAUSE;
        }
    }
}
