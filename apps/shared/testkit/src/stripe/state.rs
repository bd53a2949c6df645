//! Everything the fake knows: its objects by their ids, oldest first, and what Stripe keeps beside
//! them. Whoever changes an object does it here, so that the event about it is never forgotten.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::courier::{Delivery, Webhooks};
use super::document::{Document, previous};
use super::idempotency::Answered;
use super::purchase::Purchase;
use super::subscription::AfterRetries;
use super::{Problem, event, subscription};

/// Everything. Kept in a file as it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    /// Seconds since 1970 by the fake's clock.
    pub now: i64,
    /// How many seconds the fake's clock has been moved.
    pub ahead: i64,
    /// In force when a payment has failed for the last time.
    pub after_retries: AfterRetries,
    /// What becomes of webhooks from now on.
    pub webhooks: Webhooks,
    /// By kind and id.
    objects: BTreeMap<String, IndexMap<String, Value>>,
    /// What a checkout session is for.
    pub purchases: BTreeMap<String, Purchase>,
    /// Signing secrets of webhook endpoints.
    pub secrets: BTreeMap<String, String>,
    /// By idempotency key.
    pub answers: BTreeMap<String, Answered>,
    /// Every delivery of an event to an endpoint, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Of which subscriptions it has been said that their trial ends soon, and when it ends.
    pub announced: BTreeMap<String, i64>,
    /// Where the pages are, with a slash at the end.
    #[serde(skip)]
    pub origin: String,
    /// The request under way: its id and idempotency key.
    #[serde(skip)]
    pub cause: Option<(String, Option<String>)>,
}

impl State {
    pub(crate) fn new() -> State {
        State {
            now: Timestamp::now().as_second(),
            ahead: 0,
            after_retries: AfterRetries::default(),
            webhooks: Webhooks::default(),
            objects: BTreeMap::new(),
            purchases: BTreeMap::new(),
            secrets: BTreeMap::new(),
            answers: BTreeMap::new(),
            deliveries: Vec::new(),
            announced: BTreeMap::new(),
            origin: String::new(),
            cause: None,
        }
    }

    /// Puts in a new object, without a word to anybody.
    pub(crate) fn add(&mut self, object: Value) -> String {
        let (kind, id) = (object.text("object").to_owned(), object.text("id").to_owned());
        self.objects.entry(kind).or_default().insert(id.clone(), object);
        id
    }

    pub(crate) fn remove(&mut self, id: &str) {
        for objects in self.objects.values_mut() {
            objects.shift_remove(id);
        }
    }

    /// As it is stored.
    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.objects.values().find_map(|objects| objects.get(id))
    }

    /// As Stripe shows it; null if there is none.
    pub(crate) fn show(&self, id: &str) -> Value {
        self.get(id).map_or(Value::Null, |object| self.shown(object))
    }

    fn shown(&self, object: &Value) -> Value {
        match object.text("object") {
            "subscription" => subscription::shown(self, object),
            _ => object.clone(),
        }
    }

    /// Those of one kind that are not deleted, oldest first.
    pub(crate) fn all(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> + use<'_> {
        let objects = self.objects.get(kind).into_iter().flat_map(IndexMap::values);
        objects.filter(|object| !object.is("deleted"))
    }

    /// The ids of those that fulfill a condition.
    pub(crate) fn ids(&self, kind: &str, condition: impl Fn(&Value) -> bool) -> Vec<String> {
        self.all(kind).filter(|object| condition(object)).map(|object| object.text("id").to_owned()).collect()
    }

    /// What the path of a request names. Deleted ones are there.
    pub(crate) fn at(&self, kind: &str, id: &str) -> Result<&Value, Problem> {
        self.get(id).filter(|object| object["object"] == kind).ok_or_else(|| Problem::no_such(kind, id))
    }

    /// What the path of a request names and is not deleted.
    pub(crate) fn alive(&self, kind: &str, id: &str) -> Result<&Value, Problem> {
        let object = self.at(kind, id)?;
        if object.is("deleted") { Err(Problem::no_such(kind, id)) } else { Ok(object) }
    }

    /// What a parameter of a request names.
    pub(crate) fn named(&self, kind: &str, id: &str, param: &str) -> Result<&Value, Problem> {
        self.alive(kind, id).map_err(|_| Problem::no_such_value(kind, id, param))
    }

    /// Changes an object, without a word to anybody. Gives back what the changed fields were.
    ///
    /// # Panics
    /// If there is no such object.
    pub(crate) fn edit(&mut self, id: &str, change: impl FnOnce(&mut Value)) -> Map<String, Value> {
        let before = self.show(id);
        let object = self.objects.values_mut().find_map(|objects| objects.get_mut(id));
        change(object.expect("an object that is changed is there"));
        previous(&before, &self.show(id))
    }

    /// Changes an object and tells it as an event of this type, unless nothing has changed.
    pub(crate) fn update(&mut self, id: &str, event: &str, change: impl FnOnce(&mut Value)) {
        let previous = self.edit(id, change);
        if !previous.is_empty() {
            let object = self.show(id);
            event::tell(self, event, &object, Some(previous));
        }
    }

    /// Tells an event about an object as it is now.
    pub(crate) fn tell(&mut self, event: &str, id: &str) {
        let object = self.show(id);
        event::tell(self, event, &object, None);
    }
}
