//! Something that others depend on and that does not answer: how often to ask again, and what to say of it.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// The first pause, doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(50);

/// One stretch of failures, told when it begins and when it is over.
#[derive(Debug)]
pub struct Trouble {
    who: &'static str,
    with: String,
    longest: Duration,
    began: Option<Instant>,
    pause: Duration,
}

impl Trouble {
    /// None so far for `who`, as the log names it, with what it waits for; pauses grow up to `longest`.
    #[must_use]
    pub fn none(who: &'static str, with: impl Into<String>, longest: Duration) -> Self {
        Self { who, with: with.into(), longest, began: None, pause: PAUSE }
    }

    /// It failed: how long to wait before it is tried again.
    pub fn pause(&mut self, error: &dyn Display) -> Duration {
        if self.began.is_none() {
            tracing::warn!(%error, "{} waits for {} and goes on by itself", self.who, self.with);
            self.began = Some(Instant::now());
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(self.longest);
        pause
    }

    /// Whether it has failed and not yet succeeded since.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.began.is_some()
    }

    /// It succeeded.
    pub fn is_over(&mut self) {
        if let Some(began) = self.began.take() {
            tracing::info!(seconds = began.elapsed().as_secs_f32(), "{} goes on", self.who);
            self.pause = PAUSE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_it_is_over() {
        let mut trouble = Trouble::none("The clock", "the database", Duration::from_millis(150));
        let pauses: Vec<_> = (0..4).map(|_| trouble.pause(&"away").as_millis()).collect();
        assert_eq!(pauses, [50, 100, 150, 150]);
        assert!(trouble.lasts());
        trouble.is_over();
        assert!(!trouble.lasts());
        assert_eq!(trouble.pause(&"away again").as_millis(), 50);
    }
}
