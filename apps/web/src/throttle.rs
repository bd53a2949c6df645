//! How often one account and one address may try to sign in or up, and how often mail may be asked for. A
//! bucket refills with time, so nobody is locked out for good. The buckets live in this process.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use domain::{Email, UserId};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use sha2::{Digest, Sha256};

use crate::{address::neighborhood, config::Limits, error::WebError};

/// Buckets beyond this many are looked through for full ones, which say nothing.
const MANY: usize = 50_000;

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// The buckets of accounts and of addresses.
pub(crate) struct Throttle {
    accounts: Buckets<[u8; 32]>,
    mails: Buckets<[u8; 32]>,
    codes: Buckets<UserId>,
    addresses: Buckets<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        let quota = |burst: NonZeroU32, refill: Duration| {
            Quota::with_period(refill).expect("a refill takes some time").allow_burst(burst)
        };
        Self {
            accounts: RateLimiter::dashmap(quota(limits.account_burst, limits.account_refill)),
            mails: RateLimiter::dashmap(quota(limits.mail_burst, limits.mail_refill)),
            codes: RateLimiter::dashmap(quota(limits.code_burst, limits.code_refill)),
            addresses: RateLimiter::dashmap(quota(limits.address_burst, limits.address_refill)),
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

    /// Takes one mail that somebody asked for to be sent to an e-mail address, whether it has an account or
    /// not, or says how long to wait: nobody's mailbox is filled through us.
    pub(crate) fn mail(&self, email: &Email) -> Result<(), WebError> {
        take(&self.mails, &Sha256::digest(email.as_str()).into())
    }
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
