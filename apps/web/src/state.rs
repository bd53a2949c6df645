//! What every handler may use. One per process, shared by all threads.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use billing::Billing;
use domain::{OrganizationId, UserId};
use store::{Member, Store};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{config::Config, password::Passwords, session::Sessions, throttle::Throttle};

/// Shared by all handlers.
pub(crate) struct State {
    pub(crate) config: Config,
    /// Scheme, host and port that people type.
    pub(crate) origin: Url,
    /// What plans write to reach the demo API, without a slash at the end.
    pub(crate) demo_url: String,
    pub(crate) store: Store,
    /// What subscriptions are sold through; none if none are.
    pub(crate) billing: Option<Billing>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: Sessions,
    /// Whoever signed up first, once somebody has.
    first: OnceCell<UserId>,
    /// How many live streams each organization has open.
    pub(crate) streams: Arc<Mutex<HashMap<OrganizationId, usize>>>,
    /// Cancelled when the process stops: streams end, so that it can.
    pub(crate) shutdown: CancellationToken,
}

impl State {
    /// # Errors
    /// If the account for subscriptions cannot be used.
    pub(crate) fn new(
        config: Config,
        store: Store,
        bound: SocketAddr,
        demo: SocketAddr,
    ) -> Result<Self, billing::Error> {
        let origin = config.serving.origin(bound);
        let sold_through = |account| Billing::new(account, store.clone(), origin.clone());
        let billing = config.billing.as_ref().map(sold_through).transpose()?;
        let demo_url = config.serving.demo_url(demo).as_str().trim_end_matches('/').to_owned();
        let throttle = Throttle::new(&config.limits);
        Ok(Self {
            config,
            origin,
            demo_url,
            store,
            billing,
            passwords: Passwords::new(),
            throttle,
            sessions: Sessions::default(),
            first: OnceCell::new(),
            streams: Arc::default(),
            shutdown: CancellationToken::new(),
        })
    }

    /// Whether this is somebody who runs the server: those who are named, else whoever signed up first.
    pub(crate) async fn is_operator(&self, member: &Member) -> Result<bool, store::Error> {
        let named = &self.config.serving.operators;
        if !named.is_empty() {
            return Ok(named.iter().any(|name| name.eq_ignore_ascii_case(member.email.as_str())));
        }
        if let Some(first) = self.first.get() {
            return Ok(*first == member.user_id);
        }
        let Some(first) = self.store.oldest_account().await? else { return Ok(false) };
        Ok(*self.first.get_or_init(|| async { first }).await == member.user_id)
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }
}
