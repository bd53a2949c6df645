//! How often one account and one address may try to sign in or up, how often mail may be asked for, and how often
//! an organization may call the API and a deployment its hook. A bucket refills with time, so nobody is locked out
//! for good. The buckets live in this process.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use domain::{Email, OrganizationId, PlanId, UserId};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use sha2::{Digest, Sha256};

use crate::{address::neighborhood, config::Limits, error::WebError};

/// Buckets beyond this many are looked through for full ones, which say nothing.
const MANY: usize = 50_000;

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// What is left of how often an organization may call the API, or a deployment its hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// How many requests may come at once.
    pub(crate) limit: u32,
    /// How many are left now.
    pub(crate) remaining: u32,
    /// In how many seconds all are there again.
    pub(crate) reset: u32,
}

/// The buckets of accounts, of addresses and of organizations.
pub(crate) struct Throttle {
    accounts: Buckets<[u8; 32]>,
    mails: Buckets<[u8; 32]>,
    codes: Buckets<UserId>,
    addresses: Buckets<IpAddr>,
    api: Counted<OrganizationId>,
    hooks: Counted<PlanId>,
    strangers: Buckets<IpAddr>,
}

/// Buckets that tell what is left in them.
struct Counted<K: std::hash::Hash + Eq + Clone> {
    buckets: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    /// After how long a bucket holds one request more.
    refill: Duration,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            accounts: RateLimiter::dashmap(quota(limits.account_burst, limits.account_refill)),
            mails: RateLimiter::dashmap(quota(limits.mail_burst, limits.mail_refill)),
            codes: RateLimiter::dashmap(quota(limits.code_burst, limits.code_refill)),
            addresses: RateLimiter::dashmap(quota(limits.address_burst, limits.address_refill)),
            api: Counted::new(limits.api_burst, limits.api_refill),
            hooks: Counted::new(limits.hook_burst, limits.hook_refill),
            strangers: RateLimiter::dashmap(quota(limits.address_burst, limits.address_refill)),
        }
    }

    /// Takes one attempt from an address, or says how long to wait.
    pub(crate) fn address(&self, address: IpAddr) -> Result<(), WebError> {
        take(&self.addresses, &neighborhood(address))
    }

    /// Takes one attempt at an account, whether it exists or not, or says how long to wait.
    pub(crate) fn account(&self, email: &Email) -> Result<(), WebError> {
        // A digest, so that long addresses take no more memory than short ones.
        take(&self.accounts, &Sha256::digest(email.as_str()).into())
    }

    /// Takes one try at a second factor, or says how long to wait: six digits are guessed sooner than a password.
    pub(crate) fn code(&self, user: UserId) -> Result<(), WebError> {
        take(&self.codes, &user)
    }

    /// Takes one request to the API from an organization: tells how many are left, and how long to wait if there is
    /// none.
    pub(crate) fn api(&self, organization: OrganizationId) -> (Allowance, Result<(), WebError>) {
        self.api.take(&organization)
    }

    /// Takes one call of a plan's hook: tells how many are left, and how long to wait if there is none.
    pub(crate) fn hook(&self, plan: PlanId) -> (Allowance, Result<(), WebError>) {
        self.hooks.take(&plan)
    }

    /// Takes one call of a hook that does not exist from an address, or says how long to wait: whoever guesses
    /// soon hears nothing any more.
    pub(crate) fn stranger(&self, address: IpAddr) -> Result<(), WebError> {
        take(&self.strangers, &neighborhood(address))
    }

    /// Takes one mail that somebody asked for to be sent to an e-mail address, whether it has an account or
    /// not, or says how long to wait: nobody's mailbox is filled through us.
    pub(crate) fn mail(&self, email: &Email) -> Result<(), WebError> {
        take(&self.mails, &Sha256::digest(email.as_str()).into())
    }
}

impl<K: std::hash::Hash + Eq + Clone> Counted<K> {
    fn new(burst: NonZeroU32, refill: Duration) -> Self {
        Self { buckets: RateLimiter::dashmap(quota(burst, refill)).with_middleware(), refill }
    }

    fn take(&self, key: &K) -> (Allowance, Result<(), WebError>) {
        if self.buckets.len() > MANY {
            self.buckets.retain_recent();
        }
        let (quota, left) = match self.buckets.check_key(key) {
            Ok(snapshot) => (snapshot.quota(), Ok(snapshot.remaining_burst_capacity())),
            Err(not_until) => (not_until.quota(), Err(not_until.wait_time_from(DefaultClock::default().now()))),
        };
        let limit = quota.burst_size().get();
        let remaining = *left.as_ref().unwrap_or(&0);
        let reset = self.refill.saturating_mul(limit.saturating_sub(remaining));
        let reset = u32::try_from(reset.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        let taken = left.map(|_| ()).map_err(|wait| WebError::Throttled { seconds: wait.as_secs() + 1 });
        (Allowance { limit, remaining, reset }, taken)
    }
}

fn quota(burst: NonZeroU32, refill: Duration) -> Quota {
    Quota::with_period(refill).expect("a refill takes some time").allow_burst(burst)
}

fn take<K: std::hash::Hash + Eq + Clone>(buckets: &Buckets<K>, key: &K) -> Result<(), WebError> {
    if buckets.len() > MANY {
        buckets.retain_recent();
    }
    buckets.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        WebError::Throttled { seconds: wait.as_secs() + 1 }
    })
}
