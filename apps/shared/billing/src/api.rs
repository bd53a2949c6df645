//! Asking Stripe: within a time, and again if that may help.
//!
//! async-stripe tries once; a write that is tried again must carry the key of the first try, so the trying is
//! done here.

use std::time::Duration;

use miniserde::Deserialize;
use runtime::config::BillingConfig;
use secrecy::ExposeSecret;
use stripe::{IdempotencyKey, RequestStrategy, StripeRequest};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Error, error::Answer};

/// How many times the same is asked.
const TRIES: u32 = 3;

/// The pause after the first try, doubled after each: half as long to one and a half times as long, so that
/// those who failed together do not come back together.
const PAUSE: Duration = Duration::from_millis(400);

/// How long Stripe is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one answer.
    pub answer: Duration,
    /// For everything that one errand asks, with all that is tried again.
    pub errand: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { answer: Duration::from_secs(6), errand: Duration::from_secs(15) }
    }
}

/// The way to Stripe.
#[derive(Clone)]
pub(crate) struct Api {
    client: stripe::Client,
    pub(crate) patience: Patience,
}

impl Api {
    pub(crate) fn new(config: &BillingConfig) -> Result<Self, Error> {
        let client = stripe::ClientBuilder::new(config.secret_key.expose_secret())
            .url(config.api_url.as_str())
            .app_info("smokex", Some(env!("CARGO_PKG_VERSION").to_owned()), None)
            .build()?;
        Ok(Self { client, patience: Patience::default() })
    }

    /// Begins to ask for one purpose.
    pub(crate) fn errand(&self) -> Errand<'_> {
        self.errand_within(self.patience.errand)
    }

    /// As [`Self::errand`], within another time.
    pub(crate) fn errand_within(&self, time: Duration) -> Errand<'_> {
        Errand { api: self, until: Instant::now() + time }
    }
}

/// What is asked for one purpose, all of it within one time.
pub(crate) struct Errand<'a> {
    api: &'a Api,
    until: Instant,
}

/// A key of a write that nothing else shares.
pub(crate) fn fresh_key() -> IdempotencyKey {
    key(&Uuid::new_v4().simple().to_string())
}

/// A key of a write that is done once for what the text names; at most 255 bytes of it count.
pub(crate) fn key(text: &str) -> IdempotencyKey {
    let end = (0..=text.len().min(255)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    IdempotencyKey::new(&text[..end]).unwrap_or_else(|_| fresh_key())
}

impl Errand<'_> {
    /// Asks for something.
    pub(crate) async fn read<R>(&self, request: &R) -> Result<R::Output, Error>
    where
        R: StripeRequest + Sync,
        R::Output: Deserialize + Send,
    {
        self.ask(request, RequestStrategy::Once).await
    }

    /// Has something done, once for each key however often it is asked.
    pub(crate) async fn write<R>(&self, request: &R, key: IdempotencyKey) -> Result<R::Output, Error>
    where
        R: StripeRequest + Sync,
        R::Output: Deserialize + Send,
    {
        self.ask(request, RequestStrategy::Idempotent(key)).await
    }

    async fn ask<R>(&self, request: &R, strategy: RequestStrategy) -> Result<R::Output, Error>
    where
        R: StripeRequest + Sync,
        R::Output: Deserialize + Send,
    {
        let mut tries = 0;
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Unreachable(Answer::new("no time was left to ask")));
            }
            let ask =
                request.customize().request_strategy(strategy.clone()).timeout(self.api.patience.answer.min(left));
            let error = match ask.send(&self.api.client).await {
                Ok(answer) => return Ok(answer),
                Err(error) => Error::from(error),
            };
            tries += 1;
            let pause = PAUSE * 2_u32.pow(tries - 1);
            let pause = pause.mul_f64(0.5 + fastrand::f64());
            if !error.may_pass() || tries == TRIES || Instant::now() + pause >= self.until {
                let asked = request.build();
                let problem = std::error::Error::source(&error).map(ToString::to_string);
                // Callers tell people; what Stripe said is told here. That something is not there may be no news.
                if matches!(error, Error::Missing(_)) {
                    tracing::debug!(method = ?asked.method, path = asked.path, problem, "Stripe does not know this");
                } else {
                    tracing::warn!(method = ?asked.method, path = asked.path, tries, problem, "Stripe did not do as asked");
                }
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }
}
