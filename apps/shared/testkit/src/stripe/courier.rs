//! Webhooks: what becomes of an event for an endpoint, and bringing it there.

mod signature;

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::document::Document;
use super::endpoint;
use super::shared::Shared;
use super::state::State;

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between tries, in real time.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

/// What becomes of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Webhooks {
    /// They are delivered in the order of the events; one that is not taken comes again.
    #[default]
    Deliver,
    /// They are held back until they are released.
    Hold,
    /// They never come.
    Lose,
    /// Each is delivered so many times.
    Repeat(u32),
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub event: String,
    pub endpoint: String,
    pub stage: Stage,
    /// What each try came to; none where no answer came.
    pub tries: Vec<Option<u16>>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    New,
    UnderWay,
    Held,
    Lost,
    Delivered,
    GivenUp,
}

impl Delivery {
    pub(crate) fn new(event: String, endpoint: String) -> Delivery {
        Delivery { event, endpoint, stage: Stage::New, tries: Vec::new() }
    }
}

/// A delivery by its place in the state, and how often it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel {
    delivery: usize,
    times: u32,
}

/// Brings webhooks to their endpoints.
#[derive(Debug)]
pub(crate) struct Courier {
    client: reqwest::Client,
    parcels: mpsc::UnboundedSender<Parcel>,
    under_way: watch::Sender<usize>,
}

impl Courier {
    pub(crate) fn new() -> (Courier, mpsc::UnboundedReceiver<Parcel>) {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .build()
            .expect("a client without special wishes can be made");
        let (parcels, received) = mpsc::unbounded_channel();
        (Courier { client, parcels, under_way: watch::Sender::new(0) }, received)
    }

    /// Sends off what has just come up.
    pub(crate) fn dispatch(&self, state: &mut State) {
        let mode = state.webhooks;
        let known = state.deliveries.iter().rposition(|delivery| delivery.stage != Stage::New);
        for place in known.map_or(0, |place| place + 1)..state.deliveries.len() {
            state.deliveries[place].stage = match mode {
                Webhooks::Hold => Stage::Held,
                Webhooks::Lose => Stage::Lost,
                Webhooks::Deliver | Webhooks::Repeat(_) => Stage::UnderWay,
            };
            match mode {
                Webhooks::Deliver => self.send(Parcel { delivery: place, times: 1 }),
                Webhooks::Repeat(times) => self.send(Parcel { delivery: place, times: times.max(1) }),
                Webhooks::Hold | Webhooks::Lose => {}
            }
        }
    }

    /// Sends off what was under way when the state was written down.
    pub(crate) fn take_up(&self, state: &State) {
        for (place, delivery) in state.deliveries.iter().enumerate() {
            if delivery.stage == Stage::UnderWay {
                self.send(Parcel { delivery: place, times: 1 });
            }
        }
    }

    fn send(&self, parcel: Parcel) {
        self.under_way.send_modify(|count| *count += 1);
        if self.parcels.send(parcel).is_err() {
            self.arrived();
        }
    }

    fn arrived(&self) {
        self.under_way.send_modify(|count| *count -= 1);
    }

    /// Waits until nothing is under way.
    pub(crate) async fn settled(&self) {
        // The sender is here, so that the wait ends with an answer.
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }
}

/// Takes parcels in their order, until the fake is gone.
pub(crate) async fn work(shared: Weak<Shared>, mut parcels: mpsc::UnboundedReceiver<Parcel>) {
    while let Some(parcel) = parcels.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        let (event, endpoint) = addressed(&shared.state(), parcel.delivery);
        let mut status = None;
        for _ in 0..parcel.times {
            status = attempt(&shared, &event, &endpoint).await;
        }
        if is_taken(status) {
            shared.courier.arrived();
        } else {
            // The others do not wait for what has to come again.
            tokio::spawn(again(Arc::downgrade(&shared), parcel.delivery));
        }
    }
}

async fn again(shared: Weak<Shared>, place: usize) {
    for pause in PAUSES {
        sleep(pause).await;
        let Some(shared) = shared.upgrade() else { return };
        let (event, endpoint) = addressed(&shared.state(), place);
        if is_taken(attempt(&shared, &event, &endpoint).await) {
            return shared.courier.arrived();
        }
    }
    if let Some(shared) = shared.upgrade() {
        shared.change(|state| state.deliveries[place].stage = Stage::GivenUp);
        shared.courier.arrived();
    }
}

/// Brings an event to all endpoints that want it, so many times at once. Tells what each try came to.
pub(crate) async fn deliver(shared: &Arc<Shared>, event: &str, times: usize) -> Vec<Option<u16>> {
    let endpoints = {
        let state = shared.state();
        endpoint::of(&state, state.show(event).text("type"))
    };
    let mut tries = JoinSet::new();
    for endpoint in endpoints {
        for _ in 0..times {
            let (shared, event, endpoint) = (Arc::clone(shared), event.to_owned(), endpoint.clone());
            tries.spawn(async move { attempt(&shared, &event, &endpoint).await });
        }
    }
    tries.join_all().await
}

/// The events that are held back, each once, in their order.
pub(crate) fn held(state: &State) -> Vec<String> {
    at_stage(state, |stage| stage == Stage::Held)
}

/// The events that some endpoint has not taken yet, each once, in their order.
pub(crate) fn undelivered(state: &State) -> Vec<String> {
    at_stage(state, |stage| stage != Stage::Delivered)
}

fn at_stage(state: &State, wanted: impl Fn(Stage) -> bool) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for delivery in state.deliveries.iter().filter(|delivery| wanted(delivery.stage)) {
        if events.last() != Some(&delivery.event) {
            events.push(delivery.event.clone());
        }
    }
    events
}

/// Lets go of an event that is held back. What is not taken then comes again as ever.
pub(crate) async fn release(shared: &Arc<Shared>, event: &str) {
    deliver(shared, event, 1).await;
    let left = shared.change(|state| {
        let mut left = Vec::new();
        for (place, delivery) in state.deliveries.iter_mut().enumerate() {
            if delivery.event == event && delivery.stage == Stage::Held {
                delivery.stage = Stage::UnderWay;
                left.push(place);
            }
        }
        left
    });
    for place in left {
        shared.courier.under_way.send_modify(|count| *count += 1);
        tokio::spawn(again(Arc::downgrade(shared), place));
    }
}

/// One try, which is written down; none if no answer came, or if the endpoint is gone.
async fn attempt(shared: &Shared, event: &str, endpoint: &str) -> Option<u16> {
    let status = bring(shared, event, endpoint).await;
    shared.change(|state| {
        let of_both = |delivery: &&mut Delivery| delivery.event == event && delivery.endpoint == endpoint;
        let Some(delivery) = state.deliveries.iter_mut().rev().find(of_both) else { return };
        delivery.tries.push(status);
        if is_taken(status) && delivery.stage != Stage::Delivered {
            delivery.stage = Stage::Delivered;
            state.edit(event, |event| event["pending_webhooks"] = (event.number("pending_webhooks") - 1).into());
        }
    });
    status
}

async fn bring(shared: &Shared, event: &str, endpoint: &str) -> Option<u16> {
    let (event, target) = {
        let state = shared.state();
        (state.show(event), endpoint::target(&state, endpoint))
    };
    let (url, secret) = target?;
    let body = serde_json::to_string_pretty(&event).expect("JSON can be written");
    let request = shared
        .courier
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", signature::sign(&secret, &body))
        .body(body);
    Some(request.send().await.ok()?.status().as_u16())
}

fn addressed(state: &State, place: usize) -> (String, String) {
    let delivery = &state.deliveries[place];
    (delivery.event.clone(), delivery.endpoint.clone())
}

fn is_taken(status: Option<u16>) -> bool {
    status.is_some_and(|status| (200..300).contains(&status))
}
