//! What a test can do with the fake: move its clock, pay as a customer, steer webhooks, set faults.

use jiff::SignedDuration;
use serde_json::Value;

use super::subscription;
use super::{AfterRetries, Card, Event, FakeStripe, Fault, Webhooks, card, checkout, control, courier, invoice};

impl FakeStripe {
    /// Moves the clock forward, step by step, and does on the way what falls due.
    ///
    /// # Panics
    /// If it should go back, or on by more than ten years.
    pub async fn advance(&self, time: SignedDuration) {
        control::advance(&self.shared, time.as_secs()).expect("the clock can go there");
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

    /// A new customer who has subscribed to a new price, whose metadata names this tier, with a good card.
    /// Gives back their id.
    ///
    /// # Panics
    /// If the tier cannot stand in metadata.
    #[must_use]
    pub fn subscriber(&self, tier: &str) -> String {
        let make = |path: &str, params: &[(&str, &str)]| {
            let made = self.call("POST", path, params).expect("it can be made");
            made["id"].as_str().unwrap_or_default().to_owned()
        };
        let costs = [("currency", "usd"), ("unit_amount", "3999"), ("recurring[interval]", "month")];
        let is = [("product_data[name]", tier), ("metadata[tier]", tier)];
        let price = make("/v1/prices", &[costs.as_slice(), is.as_slice()].concat());
        let customer = make("/v1/customers", &[("email", "ada@example.com")]);
        self.set_card(&customer, Card::Good);
        make("/v1/subscriptions", &[("customer", customer.as_str()), ("items[0][price]", &price)]);
        customer
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
}
