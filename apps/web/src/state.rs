//! What every handler may use. One per process, shared by all threads.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use domain::OrganizationId;
use store::Store;
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
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) sessions: Sessions,
    /// How many live streams each organization has open.
    pub(crate) streams: Arc<Mutex<HashMap<OrganizationId, usize>>>,
    /// Cancelled when the process stops: streams end, so that it can.
    pub(crate) shutdown: CancellationToken,
}

impl State {
    pub(crate) fn new(config: Config, store: Store, bound: SocketAddr, demo: SocketAddr) -> Self {
        let origin = config.serving.origin(bound);
        let demo_url = config.serving.demo_url(demo).as_str().trim_end_matches('/').to_owned();
        let throttle = Throttle::new(&config.limits);
        Self {
            config,
            origin,
            demo_url,
            store,
            passwords: Passwords::new(),
            throttle,
            sessions: Sessions::default(),
            streams: Arc::default(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }
}
