//! A scripted HTTP/1.1 server on a real socket: what a plan under test talks to. It answers by its
//! routes, misbehaves by scripts, and remembers every request.
//!
//! ```no_run
//! # async fn example() {
//! use testkit::target::{Reply, Target};
//!
//! let target = Target::start().await;
//! target.on("GET /players", Reply::json(r#"[{"name": "Ada"}]"#));
//! // … ask target.url("/players") …
//! let requests = target.received(1).await;
//! assert_eq!(requests[0].header("accept"), Some("application/json"));
//! # }
//! ```

mod authority;
mod reply;
mod script;
mod serve;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use authority::{Authority, Identity};
pub use reply::Reply;
pub use script::{Act, Gate};
pub use wire::Received;

/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server on a port of its own. Stops when dropped.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    counts: watch::Receiver<Counts>,
    accepting: AbortHandle,
}

#[derive(Debug)]
pub(crate) struct Shared {
    greeting: Option<Vec<Act>>,
    routes: Mutex<HashMap<String, Route>>,
    requests: Mutex<Vec<Received>>,
    pub(crate) counts: watch::Sender<Counts>,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: usize,
    /// Connections that have ended, by either side.
    pub closed: usize,
    /// Whole requests received.
    pub requests: usize,
}

/// Replies in order; the last one repeats.
#[derive(Debug)]
struct Route {
    replies: Vec<Reply>,
    next: usize,
}

impl Target {
    /// Plain HTTP on a free port of 127.0.0.1.
    pub async fn start() -> Target {
        Target::listen(None, None).await
    }

    /// HTTPS with this certificate, under `https://localhost:port`.
    pub async fn start_tls(identity: &Identity) -> Target {
        Target::listen(Some(identity.acceptor(&[b"http/1.1"])), None).await
    }

    /// Plays the script on every connection, before any request is read: for servers that do not
    /// speak HTTP.
    pub async fn start_raw(script: impl Into<Vec<Act>>) -> Target {
        Target::listen(None, Some(script.into())).await
    }

    async fn listen(tls: Option<TlsAcceptor>, greeting: Option<Vec<Act>>) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (sender, counts) = watch::channel(Counts::default());
        let shared =
            Arc::new(Shared { greeting, routes: Mutex::default(), requests: Mutex::default(), counts: sender });
        let accepting = tokio::spawn(serve::accept(listener, tls, Arc::clone(&shared))).abort_handle();
        Target { address, scheme, shared, counts, accepting }
    }

    /// Answers a route, `GET /path` or `/path` for any method, in this way from now on. The path is
    /// compared without its query. What has no route is answered with 404.
    pub fn on(&self, route: &str, reply: impl Into<Reply>) -> &Target {
        self.on_each(route, [reply.into()])
    }

    /// Answers the route's requests with one reply after the other; the last one repeats.
    pub fn on_each(&self, route: &str, replies: impl IntoIterator<Item = Reply>) -> &Target {
        let replies: Vec<Reply> = replies.into_iter().collect();
        assert!(!replies.is_empty(), "the route {route} has no reply");
        lock(&self.shared.routes).insert(route.to_owned(), Route { replies, next: 0 });
        self
    }

    /// `http://127.0.0.1:port/path`, or `https://localhost:port/path`, as certificates name it.
    pub fn url(&self, path: &str) -> String {
        let port = self.address.port();
        let host = if self.scheme == "https" { "localhost" } else { "127.0.0.1" };
        format!("{}://{host}:{port}{path}", self.scheme)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, in the order they came.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.requests).clone()
    }

    /// Waits until there are at least `n` requests and returns them all.
    ///
    /// # Panics
    /// If they do not come.
    pub async fn received(&self, n: usize) -> Vec<Received> {
        self.until(|counts| counts.requests >= n, &format!("{n} requests")).await;
        self.requests()
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until what has happened satisfies the condition; `what` names it.
    ///
    /// # Panics
    /// If it does not come to that.
    pub async fn until(&self, condition: impl Fn(&Counts) -> bool, what: &str) -> Counts {
        let mut counts = self.counts.clone();
        let reached = timeout(PATIENCE, counts.wait_for(condition)).await;
        match reached {
            Ok(Ok(counts)) => *counts,
            _ => panic!("waited in vain for {what}; there were {:?}", self.counts()),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // The task owns the connections' tasks, so they end with it.
        self.accepting.abort();
    }
}

impl Shared {
    fn record(&self, request: Received) {
        lock(&self.requests).push(request);
        self.counts.send_modify(|counts| counts.requests += 1);
    }

    fn reply(&self, request: &Received) -> Reply {
        let mut routes = lock(&self.routes);
        let exact = format!("{} {}", request.method, request.path());
        let key = if routes.contains_key(&exact) { exact.as_str() } else { request.path() };
        match routes.get_mut(key) {
            Some(route) => route.take().answer(request),
            None => Reply::text(format!("nothing is scripted for {exact}\n")).status(404),
        }
    }
}

impl Route {
    fn take(&mut self) -> Reply {
        let reply = self.replies[self.next].clone();
        self.next = (self.next + 1).min(self.replies.len() - 1);
        reply
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
