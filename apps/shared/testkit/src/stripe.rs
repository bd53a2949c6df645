//! A fake Stripe on a real socket: the part of Stripe's API that subscriptions need, with pages to
//! pay on, webhooks, a clock that can be moved, and faults on demand. It keeps state as Stripe does
//! and answers what Stripe answers at one version of its API; what it does not know it refuses.
//! It knows no taxes, discounts, prorations, refunds or changes of a subscription's price, no payments
//! but for subscriptions, and no ways to pay but cards, which are not real.
//!
//! ```no_run
//! # async fn example() {
//! use jiff::SignedDuration;
//! use testkit::stripe::{Card, FakeStripe};
//!
//! let stripe = FakeStripe::start().await;
//! // … a client with stripe.url() and stripe.secret_key() makes a checkout session …
//! # let session = "";
//! stripe.pay_checkout(session, Card::Good).await;
//! stripe.advance(SignedDuration::from_hours(31 * 24)).await;
//! stripe.settled().await; // the webhooks of all that have been delivered
//! # }
//! ```

mod api;
mod card;
mod checkout;
mod clock;
mod control;
mod courier;
mod customer;
mod document;
mod endpoint;
mod event;
mod expand;
mod fault;
mod form;
mod html;
mod idempotency;
mod invoice;
mod levers;
mod listing;
mod pages;
mod portal;
mod price;
mod problem;
mod product;
mod purchase;
mod record;
mod serve;
mod shared;
mod state;
mod subscription;
mod view;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use actix_web::dev::ServerHandle;
use serde_json::Value;
use tokio::task::AbortHandle;

pub use card::Card;
pub use courier::Webhooks;
pub use event::Event;
pub use fault::Fault;
pub use problem::Problem;
pub use record::Recorded;
pub use subscription::AfterRetries;

use courier::Courier;
use shared::Shared;
use state::State;

/// The version of Stripe's API that it speaks.
pub const API_VERSION: &str = "2026-09-30.endive";

/// How it is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The secret key that requests must show.
    pub key: String,
    /// The address of its pages for browsers, with a slash at the end; none for where it listens.
    pub origin: Option<String>,
    /// Where its state is kept; none to forget it.
    pub file: Option<PathBuf>,
}

impl Default for Settings {
    /// A free port of 127.0.0.1, nothing kept.
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: document::id("sk_test_", 24),
            origin: None,
            file: None,
        }
    }
}

/// A running fake. Stops when dropped.
pub struct FakeStripe {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: ServerHandle,
    tasks: Vec<AbortHandle>,
}

impl FakeStripe {
    /// On a free port, with nothing in it. Its clock stands at the present time until it is moved.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub async fn start() -> FakeStripe {
        FakeStripe::open(Settings::default()).await.expect("loopback has a free port")
    }

    /// As the settings say.
    ///
    /// # Errors
    /// If the address is taken or the file cannot be read.
    pub async fn open(settings: Settings) -> io::Result<FakeStripe> {
        let mut state = match &settings.file {
            Some(file) if file.exists() => serde_json::from_slice(&fs::read(file)?).map_err(|error| {
                let file = file.display();
                io::Error::other(format!("{file} does not hold the state of a fake Stripe ({error}). Move it away."))
            })?,
            _ => State::new(),
        };
        let listener = std::net::TcpListener::bind(settings.listen)?;
        let address = listener.local_addr()?;
        state.origin = settings.origin.unwrap_or_else(|| format!("http://{address}/"));
        let (courier, parcels) = Courier::new();
        courier.take_up(&state);
        let shared = Arc::new(Shared::new(state, settings.key, courier, settings.file));
        let server = serve::serve(listener, Arc::clone(&shared))?;
        let handle = server.handle();
        // It ends by its handle, so that its threads end as well.
        tokio::spawn(server);
        let work = tokio::spawn(courier::work(Arc::downgrade(&shared), parcels)).abort_handle();
        Ok(FakeStripe { shared, address, server: handle, tasks: vec![work] })
    }

    /// Lets the clock go on with the real one, as far ahead of it as it has been moved.
    pub fn follow_the_real_clock(&mut self) {
        let shared = Arc::clone(&self.shared);
        let follow = tokio::spawn(async move {
            let mut seconds = tokio::time::interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                control::follow(&shared);
            }
        });
        self.tasks.push(follow.abort_handle());
    }

    /// Its address, with a slash at the end, as Stripe's clients take it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The key that requests must show.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.shared.key
    }

    /// Asks the API without a socket; `params` are named as in a form. No fault hits this, and it is not
    /// among the requests.
    ///
    /// # Errors
    /// What the API answers when it refuses.
    pub fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Result<Value, Problem> {
        control::call(&self.shared, method, path, params)
    }

    /// Stops it, and waits until its threads are gone.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

impl Drop for FakeStripe {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // The order to stop is given here and now; nobody needs to wait for it.
        drop(self.server.stop(false));
    }
}
