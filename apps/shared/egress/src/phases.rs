//! Where the time of a request goes. A [`Trace`] travels with one hop as a task-local, so that the
//! resolver, the connector and the TLS configuration, which are shared by all requests, can mark
//! moments in it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Where the time went. Phases that did not happen (a connection kept alive) are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Waiting for a connection that another request opened or still used.
    pub queue: Duration,
    /// Looking the name up.
    pub dns: Duration,
    /// Opening the TCP connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request's first byte to the response's.
    pub wait: Duration,
    /// From the response's first byte to its last.
    pub download: Duration,
}

impl Phases {
    /// Everything together.
    pub fn total(&self) -> Duration {
        self.queue + self.dns + self.connect + self.tls + self.wait + self.download
    }
}

impl std::ops::AddAssign for Phases {
    fn add_assign(&mut self, other: Phases) {
        self.queue += other.queue;
        self.dns += other.dns;
        self.connect += other.connect;
        self.tls += other.tls;
        self.wait += other.wait;
        self.download += other.download;
    }
}

tokio::task_local! {
    /// The hop whose request is being sent. Does not cross `tokio::spawn` by itself.
    pub(crate) static TRACE: Arc<Trace>;
}

/// The moments of one hop.
#[derive(Debug)]
pub(crate) struct Trace {
    started: Instant,
    /// Where to; the resolver needs it to judge addresses.
    pub(crate) port: u16,
    pub(crate) lookup: Mark,
    pub(crate) found: Mark,
    pub(crate) connect: Mark,
    pub(crate) hello: Mark,
    pub(crate) connected: Mark,
    pub(crate) dispatched: Mark,
    pub(crate) head: Mark,
    /// Our end of the connection that was opened for this hop, if one was. The response may still
    /// come over another one that became free first.
    pub(crate) opened: OnceLock<SocketAddr>,
}

/// A moment, in nanoseconds after the hop's start and one; zero if it did not come.
#[derive(Debug, Default)]
pub(crate) struct Mark(AtomicU64);

impl Mark {
    /// Keeps the first of several calls.
    pub(crate) fn set(&self, trace: &Trace) {
        if self.0.load(Ordering::Relaxed) == 0 {
            let nanos = u64::try_from(trace.started.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
            self.0.store(nanos + 1, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    fn get(&self) -> Option<Duration> {
        let nanos = self.0.load(Ordering::Relaxed);
        (nanos != 0).then(|| Duration::from_nanos(nanos - 1))
    }
}

impl Trace {
    pub(crate) fn new(port: u16) -> Arc<Trace> {
        Arc::new(Trace {
            started: Instant::now(),
            port,
            lookup: Mark::default(),
            found: Mark::default(),
            connect: Mark::default(),
            hello: Mark::default(),
            connected: Mark::default(),
            dispatched: Mark::default(),
            head: Mark::default(),
            opened: OnceLock::new(),
        })
    }

    /// Where the time has gone until now. `local` is our end of the connection the response came
    /// over; none if there is no response (yet).
    pub(crate) fn phases(&self, local: Option<SocketAddr>) -> Phases {
        let now = self.started.elapsed();
        let head = self.head.get();
        let mut phases = Phases::default();
        let reused = local.is_some() && self.opened.get() != local.as_ref();
        if !reused && let Some(begun) = self.connect.get() {
            // Without a response the phase that was under way lasts until now.
            let end = self.connected.get().or(self.dispatched.get()).unwrap_or(now);
            let hello = self.hello.get();
            let found = match (self.lookup.get(), self.found.get()) {
                (Some(lookup), found) => {
                    let found = found.unwrap_or(end);
                    phases.dns = found.saturating_sub(lookup);
                    found
                }
                (None, _) => begun,
            };
            phases.connect = hello.unwrap_or(end).saturating_sub(found);
            phases.tls = hello.map(|hello| end.saturating_sub(hello)).unwrap_or_default();
        }
        let sent = self.dispatched.get().unwrap_or(head.unwrap_or(now));
        phases.queue = sent.saturating_sub(phases.dns + phases.connect + phases.tls);
        phases.wait = head.unwrap_or(now).saturating_sub(sent);
        phases.download = head.map(|head| now.saturating_sub(head)).unwrap_or_default();
        phases
    }
}

/// Marks a moment of the hop this task works for, if it works for one.
pub(crate) fn mark(which: impl Fn(&Trace) -> &Mark) {
    let _ = TRACE.try_with(|trace| which(trace).set(trace));
}
