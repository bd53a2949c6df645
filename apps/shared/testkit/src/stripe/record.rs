//! What the API was asked, for tests to look at.

use std::collections::{BTreeMap, VecDeque};

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// A request to the API, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The parameters in the order of their names: of the body, or of the query if there is none.
    pub form: Vec<(String, String)>,
    /// Names in lower case; without the key.
    pub headers: BTreeMap<String, String>,
    /// What was answered; none while there is no answer.
    pub status: Option<u16>,
}

impl Recorded {
    /// The value of a parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Record {
    requests: VecDeque<Recorded>,
    /// How many have been forgotten.
    forgotten: usize,
}

impl Record {
    /// Gives back its number.
    pub(crate) fn add(&mut self, request: Recorded) -> usize {
        if self.requests.len() == REMEMBERED {
            self.requests.pop_front();
            self.forgotten += 1;
        }
        self.requests.push_back(request);
        self.forgotten + self.requests.len() - 1
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        let place = number.checked_sub(self.forgotten);
        if let Some(request) = place.and_then(|place| self.requests.get_mut(place)) {
            request.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.requests.iter().cloned().collect()
    }
}
