//! What the web application must be told. Where it comes from (the environment, a test) is not its
//! business.

use std::{num::NonZeroU32, time::Duration};

use runtime::{
    config::{BillingConfig, MetricsConfig, ServingConfig},
    metrics::Metrics,
};

/// Addresses and limits of the web application.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where pages and the demo API are served, and under which addresses people know them.
    pub serving: ServingConfig,
    /// Through which account subscriptions are sold; none if none are.
    pub billing: Option<BillingConfig>,
    /// Where mail goes.
    pub mail: MailDelivery,
    /// How many threads answer requests.
    pub workers: usize,
    /// How much is let in.
    pub limits: Limits,
    /// Where requests are counted, with whatever else the process counts.
    pub metrics: Metrics,
    /// Who may read that.
    pub metrics_access: MetricsConfig,
    /// A path whose handler panics, so that a test can see what becomes of that. None anywhere else.
    pub panics_at: Option<&'static str>,
}

/// Where mail goes that is sent to people: what they are told to look into depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailDelivery {
    /// Through a mail server, into their mailboxes.
    Server,
    /// Into a folder of this machine, where whoever runs it may look.
    Folder,
}

/// How much is let in, and how fast.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long the headers of a request may take.
    pub headers_within: Duration,
    /// How long the body of a request may take, from the end of its headers.
    pub body_within: Duration,
    /// How many attempts to sign in one account takes at once.
    pub account_burst: NonZeroU32,
    /// After how long one more attempt is allowed.
    pub account_refill: Duration,
    /// How many sign-ins and sign-ups one address (IPv6: one /64) makes at once; and as many calls of hooks that do
    /// not exist.
    pub address_burst: NonZeroU32,
    /// After how long one more is allowed.
    pub address_refill: Duration,
    /// How many codes of a second factor one account takes at once.
    pub code_burst: NonZeroU32,
    /// After how long one more is allowed.
    pub code_refill: Duration,
    /// How many mails one e-mail address may be sent at once because somebody asked for them.
    pub mail_burst: NonZeroU32,
    /// After how long one more may be asked for.
    pub mail_refill: Duration,
    /// How many requests to the API one organization makes at once.
    pub api_burst: NonZeroU32,
    /// After how long one more is allowed.
    pub api_refill: Duration,
    /// How many calls one hook takes at once.
    pub hook_burst: NonZeroU32,
    /// After how long one more is allowed.
    pub hook_refill: Duration,
    /// How long a session lives.
    pub session: Duration,
    /// After how long without news a live stream is looked after: whether anybody still listens, and
    /// is still signed in.
    pub heartbeat: Duration,
    /// How many live streams one organization keeps open at once.
    pub streams: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers_within: Duration::from_secs(5),
            body_within: Duration::from_secs(15),
            account_burst: NonZeroU32::new(10).expect("ten is not zero"),
            account_refill: Duration::from_secs(15),
            address_burst: NonZeroU32::new(30).expect("thirty is not zero"),
            address_refill: Duration::from_secs(5),
            code_burst: NonZeroU32::new(5).expect("five is not zero"),
            // Three of a million codes are good at a time: who knows the password guesses for years.
            code_refill: Duration::from_secs(5 * 60),
            mail_burst: NonZeroU32::new(5).expect("five is not zero"),
            mail_refill: Duration::from_secs(5 * 60),
            api_burst: NonZeroU32::new(300).expect("three hundred is not zero"),
            api_refill: Duration::from_millis(100),
            hook_burst: NonZeroU32::new(10).expect("ten is not zero"),
            hook_refill: Duration::from_secs(6),
            session: Duration::from_hours(30 * 24),
            heartbeat: Duration::from_secs(15),
            streams: 100,
        }
    }
}

impl Config {
    /// With the limits of production and a thread per core, without subscriptions and a mail server.
    #[must_use]
    pub fn new(serving: ServingConfig) -> Self {
        Self {
            serving,
            billing: None,
            mail: MailDelivery::Folder,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            limits: Limits::default(),
            metrics: Metrics::default(),
            metrics_access: MetricsConfig::default(),
            panics_at: None,
        }
    }
}
