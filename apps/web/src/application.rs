//! The two listeners: pages on one, the demo API on another, because plans may reach only the latter.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Compress, Condition, from_fn},
    web::{self, Data},
};
use store::{Change, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    config::Config,
    demo,
    middleware::{observe, origin},
    routes,
    state::State,
};

/// For how long requests under way may go on after the process was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why there is no application.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An address that cannot be listened on.
    #[error("{variable}: {address} cannot be listened on: {reason}. Stop what uses it, or choose another address.")]
    Address {
        /// What it comes from.
        variable: &'static str,
        /// Itself.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
    /// Subscriptions cannot be sold so.
    #[error("STRIPE_SECRET_KEY: {0}")]
    Billing(#[from] billing::Error),
}

/// A bound web application that is not answering yet.
pub struct Application {
    pages: Server,
    demo: Server,
    state: Data<State>,
    address: SocketAddr,
    demo_address: SocketAddr,
}

impl Application {
    /// Binds both listeners.
    ///
    /// # Errors
    /// If an address is taken or is not ours, and if the account for subscriptions cannot be used.
    pub fn build(config: Config, store: Store) -> Result<Self, BuildError> {
        let (listener, address) = bind("LISTEN", config.serving.listen)?;
        let (demo_listener, demo_address) = bind("DEMO_LISTEN", config.serving.demo_listen)?;
        let workers = config.workers.max(1);
        let headers_within = config.limits.headers_within;
        let panics_at = config.panics_at;
        let has_sentry = sentry::Hub::main().client().is_some();
        let state = Data::new(State::new(config, store, address, demo_address)?);

        let shared = state.clone();
        let pages = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .configure(routes::configure)
                .service(api::services())
                .configure(|services| {
                    if let Some(path) = panics_at {
                        routes::panic_at(path, services);
                    }
                })
                .default_service(web::to(routes::nothing_here))
                // The last one is the outermost.
                .wrap(Compress::default())
                .wrap(from_fn(origin::guard))
                .wrap(from_fn(observe::tag))
                // Without a client it would only cost time.
                .wrap(Condition::new(has_sentry, sentry_actix::Sentry::new()))
                .wrap(from_fn(observe::observe))
        })
        .workers(workers)
        .client_request_timeout(headers_within)
        .shutdown_timeout(GRACE.as_secs())
        .disable_signals()
        .listen(listener)
        .map_err(|reason| BuildError::Address { variable: "LISTEN", address, reason })?
        .run();

        let key = Data::new(demo::Key::new());
        let demo = HttpServer::new(move || App::new().app_data(key.clone()).configure(demo::configure))
            .workers(1)
            .client_request_timeout(headers_within)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(demo_listener)
            .map_err(|reason| BuildError::Address { variable: "DEMO_LISTEN", address: demo_address, reason })?
            .run();
        Ok(Self { pages, demo, state, address, demo_address })
    }

    /// Where pages are served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the demo API is served.
    #[must_use]
    pub fn demo_address(&self) -> SocketAddr {
        self.demo_address
    }

    /// Scheme, host and port that people type, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        self.state.origin.as_str().trim_end_matches('/').to_owned()
    }

    /// What plans write to reach the demo API, without a slash at the end.
    #[must_use]
    pub fn demo_url(&self) -> &str {
        &self.state.demo_url
    }

    /// Answers until `shutdown` is cancelled and what is under way has ended.
    ///
    /// # Errors
    /// If a listener breaks.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let handles = [self.pages.handle(), self.demo.handle()];
        let streams = self.state.shutdown.clone();
        let stop = async {
            shutdown.cancelled().await;
            streams.cancel();
            futures_util::future::join_all(handles.iter().map(stop)).await;
            Ok(())
        };
        let forget = self.state.clone();
        let forget = async { shutdown.run_until_cancelled(forget_changed(&forget)).await };
        let (stopped, pages, demo, _): (io::Result<()>, _, _, _) = tokio::join!(stop, self.pages, self.demo, forget);
        stopped.and(pages).and(demo)
    }
}

/// Believes nobody any more of whose organization something has changed, in this process or in another one.
async fn forget_changed(state: &State) {
    let mut changes = state.store.changes();
    loop {
        match changes.next().await {
            Change::Organization { organization } => state.sessions.forget_organization(organization),
            Change::Resync => state.sessions.forget_everybody(),
            Change::Run { .. } | Change::Plan { .. } | Change::Mail => {}
        }
    }
}

async fn stop(handle: &ServerHandle) {
    handle.stop(true).await;
}

pub(crate) fn bind(variable: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), BuildError> {
    let broken = |reason| BuildError::Address { variable, address, reason };
    let listener = TcpListener::bind(address).map_err(broken)?;
    let bound = listener.local_addr().map_err(broken)?;
    Ok((listener, bound))
}
