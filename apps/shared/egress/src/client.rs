//! How reqwest is set up: no proxy, no redirects, no retries, no referer, no cookies, no decoding
//! of its own. All of that is done by hand or not at all.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::redirect;

use crate::connector::Guard;
use crate::policy::Policy;
use crate::resolver::Resolver;
use crate::{Tls, tls};

/// How long connecting may take at most, all addresses of a name together. Shorter deadlines win.
const CONNECT: Duration = Duration::from_secs(30);

/// Many servers close idle connections after five seconds; a request that meets the closing fails.
const IDLE: Duration = Duration::from_secs(4);

/// Headers of an HTTP/2 response, decompressed, in bytes. HTTP/1 allows hyper's 400 KiB.
const HTTP2_HEADERS: u32 = 64 * 1024;

/// The only HTTP client that may reach addresses customers chose. Cheap to make and to clone;
/// clones share their connections. A connection in the pool passes every check made when it was
/// opened, so clients of different policies share none.
#[derive(Clone, Debug)]
pub struct Egress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: Arc<Policy>,
    verifying: OnceLock<reqwest::Client>,
    accepting: OnceLock<reqwest::Client>,
}

impl Egress {
    /// A client that reaches what the policy permits. Nothing is loaded before the first request.
    pub fn new(policy: Policy) -> Egress {
        let policy = Arc::new(policy);
        Egress(Arc::new(Shared { policy, verifying: OnceLock::new(), accepting: OnceLock::new() }))
    }

    /// What may be reached.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub(crate) fn client(&self, tls: Tls) -> &reqwest::Client {
        let slot = match tls {
            Tls::Verify => &self.0.verifying,
            Tls::Accept => &self.0.accepting,
        };
        slot.get_or_init(|| build(&self.0.policy, tls))
    }
}

fn build(policy: &Arc<Policy>, tls: Tls) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .dns_resolver(Resolver::new(Arc::clone(policy)))
        .connector_layer(Guard { policy: Arc::clone(policy) })
        .tls_backend_preconfigured(tls::config(tls, policy.trusted()))
        .tls_info(true)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .http2_max_header_list_size(HTTP2_HEADERS)
        .build()
        .expect("nothing in these settings can be refused")
}
