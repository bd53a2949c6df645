//! A fake Stripe on a real socket: the part of Stripe's API that subscriptions need, with pages to
//! pay on, webhooks, a clock that can be moved, and faults on demand. It keeps state as Stripe does
//! and answers what Stripe answers at one version of its API; what it does not know it refuses.
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

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use actix_web::dev::ServerHandle;
use jiff::{SignedDuration, Timestamp};
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

    /// What its clock says.
    ///
    /// # Panics
    /// If the clock has been moved beyond the end of time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.shared.state().now).expect("the clock is within time")
    }

    /// Moves the clock forward, step by step, and does on the way what falls due.
    pub async fn advance(&self, time: SignedDuration) {
        control::advance(&self.shared, time.as_secs());
    }

    /// Asks the API without a socket; `params` are named as in a form.
    ///
    /// # Errors
    /// What the API answers when it refuses.
    pub fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Result<Value, Problem> {
        control::call(&self.shared, method, path, params)
    }

    /// An object as it stands, by its id; null if there is none.
    #[must_use]
    pub fn object(&self, id: &str) -> Value {
        self.shared.state().show(id)
    }

    /// A customer; null if there is none.
    #[must_use]
    pub fn customer(&self, id: &str) -> Value {
        self.object(id)
    }

    /// All customers that are not deleted, oldest first.
    #[must_use]
    pub fn customers(&self) -> Vec<Value> {
        self.all("customer", |_| true)
    }

    /// A subscription; null if there is none.
    #[must_use]
    pub fn subscription(&self, id: &str) -> Value {
        self.object(id)
    }

    /// The subscriptions of a customer, oldest first, also those that are over.
    #[must_use]
    pub fn subscriptions(&self, customer: &str) -> Vec<Value> {
        self.all("subscription", |one| one["customer"] == customer)
    }

    /// The invoices of a customer, oldest first.
    #[must_use]
    pub fn invoices(&self, customer: &str) -> Vec<Value> {
        self.all("invoice", |one| one["customer"] == customer)
    }

    /// What has happened, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.state().all("event").map(Event::of).collect()
    }

    fn all(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let state = self.shared.state();
        state.ids(kind, wanted).iter().map(|id| state.show(id)).collect()
    }

    /// Gives a customer another card, for everything from now on.
    ///
    /// # Panics
    /// If there is no such customer.
    pub fn set_card(&self, customer: &str, card: Card) {
        self.shared.change(|state| card::replace(state, customer, card)).expect("the customer is there");
    }

    /// What clicking **Pay** on a session's page does, and confirming if the card wants it. Gives back
    /// the session as it is then: still open if the card is declined.
    ///
    /// # Panics
    /// If there is no open session of this id.
    pub async fn pay_checkout(&self, session: &str, card: Card) -> Value {
        let paid = self.shared.change(|state| checkout::pay(state, session, "somebody@example.com", card));
        assert!(paid.is_ok() || card == Card::Declines, "{session} cannot be paid: {paid:?}");
        self.object(session)
    }

    /// What clicking **Pay** on the page of an open invoice does. Gives back the invoice as it is then.
    ///
    /// # Panics
    /// If there is no open invoice of this id.
    pub async fn pay_invoice(&self, invoice: &str, card: Card) -> Value {
        let paid = self.shared.change(|state| invoice::pay_on_page(state, invoice, card));
        assert!(paid.is_ok() || card == Card::Declines, "{invoice} cannot be paid: {paid:?}");
        self.object(invoice)
    }

    /// What clicking **Cancel** in the portal does: the subscription gets a date on which it ends,
    /// and `cancel_at_period_end` stays false.
    ///
    /// # Panics
    /// If there is no such subscription.
    pub fn cancel_in_portal(&self, subscription: &str) {
        self.shared.change(|state| subscription::cancel_later(state, subscription));
    }

    /// What becomes of a subscription whose payment has failed for the last time.
    pub fn after_retries(&self, after: AfterRetries) {
        self.shared.change(|state| state.after_retries = after);
    }

    /// Registers a webhook endpoint for these types of events (`*` for all). Gives back its signing
    /// secret.
    ///
    /// # Panics
    /// If the URL or a type is none.
    pub fn endpoint(&self, url: &str, events: &[&str]) -> String {
        let names: Vec<String> = (0..events.len()).map(|place| format!("enabled_events[{place}]")).collect();
        let events = names.iter().map(String::as_str).zip(events.iter().copied());
        let params: Vec<(&str, &str)> = [("url", url)].into_iter().chain(events).collect();
        let endpoint = self.call("POST", "/v1/webhook_endpoints", &params).expect("the endpoint can be made");
        endpoint["secret"].as_str().unwrap_or_default().to_owned()
    }

    /// Says what becomes of webhooks from now on. Those that are held stay held.
    pub fn webhooks(&self, webhooks: Webhooks) {
        self.shared.change(|state| state.webhooks = webhooks);
    }

    /// Holds webhooks back from now on.
    pub fn hold_webhooks(&self) {
        self.webhooks(Webhooks::Hold);
    }

    /// Loses webhooks from now on.
    pub fn lose_webhooks(&self) {
        self.webhooks(Webhooks::Lose);
    }

    /// Delivers each webhook so many times from now on.
    pub fn repeat_webhooks(&self, times: u32) {
        self.webhooks(Webhooks::Repeat(times));
    }

    /// Delivers webhooks from now on as they should be.
    pub fn deliver_webhooks(&self) {
        self.webhooks(Webhooks::Deliver);
    }

    /// The events whose webhooks are held back, in their order.
    #[must_use]
    pub fn held(&self) -> Vec<Event> {
        let state = self.shared.state();
        courier::held(&state).iter().map(|id| Event::of(&state.show(id))).collect()
    }

    /// The events that some endpoint has not taken: held, lost, given up or still under way.
    #[must_use]
    pub fn undelivered(&self) -> Vec<Event> {
        let state = self.shared.state();
        courier::undelivered(&state).iter().map(|id| Event::of(&state.show(id))).collect()
    }

    /// Lets go of held webhooks in this order, one after the other, by their places in [`held`](Self::held).
    /// A place may come several times; those that are not named stay held.
    ///
    /// # Panics
    /// If a place does not exist.
    pub async fn release(&self, order: &[usize]) {
        let held = courier::held(&self.shared.state());
        for &place in order {
            let event = held.get(place).unwrap_or_else(|| panic!("only {} webhooks are held, not {place}", held.len()));
            courier::release(&self.shared, event).await;
        }
    }

    /// Lets go of all held webhooks at once.
    pub async fn release_all(&self) {
        control::release_all(&self.shared).await;
    }

    /// Delivers an event, so many times at the same time, to each endpoint that wants it. Gives back
    /// the statuses; none where no answer came.
    pub async fn deliver(&self, event: &Event, times: usize) -> Vec<Option<u16>> {
        courier::deliver(&self.shared, &event.id, times).await
    }

    /// Waits until no webhook is under way, nor will be tried again.
    pub async fn settled(&self) {
        self.shared.courier.settled().await;
    }

    /// Lets the next requests to the API fail.
    pub fn fail_next(&self, times: u32, fault: Fault) {
        self.shared.faults().plan("", times, fault);
    }

    /// Lets the next requests fail whose path or query holds a text.
    pub fn fail_matching(&self, text: &str, times: u32, fault: Fault) {
        self.shared.faults().plan(text, times, fault);
    }

    /// Lets no further request fail.
    pub fn stop_failing(&self) {
        self.shared.faults().clear();
    }

    /// The requests to the API that came over its socket, oldest first; the last ten thousand.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.record().all()
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
