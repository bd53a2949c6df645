//! What a caller asks for.

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use url::Url;

/// One request, and how to treat what comes back.
#[derive(Clone, Debug)]
pub struct Request {
    /// Any method but CONNECT.
    pub method: Method,
    /// An `http` or `https` URL. A user name and password in it become basic authorization unless
    /// the headers already hold one.
    pub url: Url,
    /// The customer's headers. `content-length` and `transfer-encoding` are left out when sending:
    /// they follow from the body.
    pub headers: HeaderMap,
    /// None sends no body and no length; an empty body sends `content-length: 0`.
    pub body: Option<Bytes>,
    /// When the whole exchange, redirects and body included, must be over.
    pub deadline: Instant,
    /// Whether redirects are followed.
    pub redirects: Redirects,
    /// Whether the server's certificate must be valid.
    pub tls: Tls,
    /// How many bytes of decoded response body are accepted.
    pub max_body: usize,
}

/// What to do with a response that points elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Ask there, up to [`MAX_REDIRECTS`] times, each place checked like the first.
    Follow,
    /// The redirect is the response.
    Stop,
}

/// How many redirects one request follows.
pub const MAX_REDIRECTS: usize = 10;

/// Whether a server's certificate must be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It must be: trusted issuer, right name, not expired.
    Verify,
    /// Any certificate will do.
    Accept,
}
