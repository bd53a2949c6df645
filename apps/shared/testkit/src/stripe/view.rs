//! What a test can see of the fake: its objects as they stand, its events, what it was asked.

use jiff::Timestamp;
use serde_json::Value;

use super::{Event, FakeStripe, Recorded, courier};

impl FakeStripe {
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

    /// What its clock says.
    ///
    /// # Panics
    /// If the clock has been moved beyond the end of time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.shared.state().now).expect("the clock is within time")
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

    /// The requests to the API that came over its socket, oldest first; the last ten thousand.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.record().all()
    }
}
