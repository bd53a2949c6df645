//! Names to addresses, through the operating system. Fails closed: one forbidden answer among
//! several and none is used, or else a name could be made to lead inside every second time.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::phases::TRACE;
use crate::policy::{Blocked, Policy};

/// How many names are looked up at once. The operating system blocks a thread for each, sometimes
/// for half a minute and long after the request has given up; others need those threads too.
const MOST_LOOKUPS: usize = 128;

#[derive(Debug)]
pub(crate) struct Resolver {
    policy: Arc<Policy>,
    slots: Arc<Semaphore>,
}

impl Resolver {
    pub(crate) fn new(policy: Arc<Policy>) -> Resolver {
        Resolver { policy, slots: Arc::new(Semaphore::new(MOST_LOOKUPS)) }
    }
}

/// A name could not be looked up.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct LookupFailed(#[source] pub(crate) io::Error);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, slots) = (Arc::clone(&self.policy), Arc::clone(&self.slots));
        Box::pin(async move {
            let trace = TRACE.try_with(Arc::clone)?;
            trace.lookup.set(&trace);
            let slot = slots.acquire_owned().await?;
            // With the port, because what is allowed may depend on it.
            let (host, port) = (name.as_str().to_owned(), trace.port);
            let lookup = tokio::task::spawn_blocking(move || {
                let _slot = slot;
                (host.as_str(), port).to_socket_addrs()
            });
            let found = lookup.await?;
            trace.found.set(&trace);
            let addresses: Vec<SocketAddr> = found.map_err(LookupFailed)?.collect();
            judge(name.as_str(), &addresses, &policy)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn judge(name: &str, addresses: &[SocketAddr], policy: &Policy) -> Result<(), Blocked> {
    if addresses.iter().all(|address| policy.permits(*address)) { Ok(()) } else { Err(Blocked::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_forbidden_answer_spoils_all() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 80);
        let (public, private) = (address("93.184.216.34"), address("10.0.0.1"));
        let policy = Policy::public();
        assert_eq!(judge("a", &[public, public], &policy), Ok(()));
        for answers in [[public, private], [private, public], [private, private], [public, address("::1")]] {
            assert_eq!(judge("a", &answers, &policy), Err(Blocked::Name("a".into())));
        }
    }

    #[tokio::test]
    async fn outside_of_a_request_nothing_is_looked_up() {
        let resolver = Resolver::new(Arc::new(Policy::any()));
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
