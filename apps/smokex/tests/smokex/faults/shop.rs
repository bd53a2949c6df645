//! The target of all runs: a shop that remembers every order, so that one that came twice is noticed.
//!
//! Each run first takes a ticket, no two of which are alike, and shows it with every request after that. Which
//! ticket a run has is recorded with its first step. So a request that shows a ticket twice, or one that no run
//! has, was sent by somebody who should not have sent it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use testkit::target::{Received, Reply, Target};

/// Paths that are posted to: what must not happen twice.
pub const ORDERS: [&str; 2] = ["/orders", "/invoices"];

/// A shop on loopback.
pub struct Shop {
    target: Target,
    books: Arc<Books>,
}

#[derive(Default)]
struct Books {
    tickets: AtomicU64,
    /// How often each path was posted to with each ticket.
    posts: Mutex<HashMap<(String, String), u32>>,
}

impl Shop {
    /// Opens it. Every answer takes up to so many milliseconds.
    pub async fn open(slowest: u64) -> Self {
        let (target, books) = (Target::start().await, Arc::<Books>::default());
        let ticket = Arc::clone(&books);
        target.on(
            "GET /ticket",
            Reply::made(move |_| {
                let number = ticket.tickets.fetch_add(1, Ordering::Relaxed);
                Reply::json(format!(r#"{{"ticket": "t-{number}"}}"#)).delayed(pause(slowest))
            }),
        );
        for path in ORDERS {
            let posts = Arc::clone(&books);
            let answer = move |request: &Received| {
                posts.post(request);
                Reply::ok().delayed(pause(slowest))
            };
            target.on(&format!("POST {path}"), Reply::made(answer));
        }
        target.on("PUT /stock", Reply::made(move |_| Reply::ok().delayed(pause(slowest))));
        Self { target, books }
    }

    /// For `EGRESS_ALLOW`.
    pub fn address(&self) -> String {
        self.target.address().to_string()
    }

    /// A plan that buys something: a ticket, an order, a request that may be repeated, an invoice.
    pub fn plan(&self) -> String {
        let step = |method: &str, path: &str, more: &str| {
            format!("  - {method}: {{ url: \"{}\", {more}, options: {{ timeout: 30s }} }}\n", self.target.url(path))
        };
        let ticket = r#"headers: { x-ticket: "${ticket}" }"#;
        [
            "name: Buy\nsteps:\n".to_owned(),
            step("get", "/ticket", "save_from_response: { ticket: $.ticket }"),
            step("post", ORDERS[0], ticket),
            step("put", "/stock", ticket),
            step("post", ORDERS[1], ticket),
        ]
        .concat()
    }

    /// How often each path was posted to with each ticket, so far.
    pub fn posts(&self) -> HashMap<(String, String), u32> {
        self.books.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many POSTs came so far.
    pub fn post_count(&self) -> u32 {
        self.posts().values().sum()
    }
}

impl Books {
    fn post(&self, request: &Received) {
        let ticket = request.header("x-ticket").unwrap_or("none").to_owned();
        let key = (request.path().to_owned(), ticket);
        *self.posts.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }
}

fn pause(slowest: u64) -> Duration {
    Duration::from_millis(fastrand::u64(..=slowest))
}
