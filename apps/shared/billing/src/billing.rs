//! Who sells subscriptions.

use jiff::Timestamp;
use runtime::config::BillingConfig;
use secrecy::SecretString;
use std::sync::Arc;
use store::Store;
use url::Url;

use crate::{Error, Patience, api::Api};

/// Sells subscriptions through an account at Stripe. Cheap to clone.
#[derive(Clone)]
pub struct Billing {
    pub(crate) api: Api,
    pub(crate) store: Store,
    pub(crate) webhook_secrets: Arc<[SecretString]>,
    origin: Url,
    now: Option<Timestamp>,
}

impl Billing {
    /// Sells through the account of the configuration; `origin` is the address that people type. Asks nothing
    /// yet.
    ///
    /// # Errors
    /// If the key or the address cannot be used in requests.
    pub fn new(config: &BillingConfig, store: Store, origin: Url) -> Result<Self, Error> {
        let webhook_secrets = config.webhook_secrets.clone().into();
        Ok(Self { api: Api::new(config)?, store, webhook_secrets, origin, now: None })
    }

    /// The same, which waits for Stripe for as long as this.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.api.patience = patience;
        self
    }

    /// The same, which judges everything as if it were this time instead of the database's: for those who move
    /// the clock.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// The address of the billing page.
    #[must_use]
    pub fn page(&self) -> Url {
        self.address("billing")
    }

    /// An address of ours.
    pub(crate) fn address(&self, path: &str) -> Url {
        let mut url = self.origin.clone();
        url.set_path(path);
        url
    }

    /// The time by which what was read at `now` is judged.
    pub(crate) fn judged_at(&self, now: Timestamp) -> Timestamp {
        self.now.unwrap_or(now)
    }

    /// Does what is due by time alone, though nothing was heard from Stripe: a grace that has ended, mail
    /// about what is about to end. Tells for how many customers.
    ///
    /// # Errors
    /// If the database fails; what was done until then stays done.
    pub async fn settle(&self) -> Result<u64, store::Error> {
        let now = self.judged_at(self.store.now().await?);
        self.store.settle_customers(now, self.page().as_str()).await
    }
}
