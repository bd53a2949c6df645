//! What a redirect makes of a request. No I/O.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// Where a response leads; none if it is no redirect, an error if what it says is no URL.
pub(crate) fn location(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<Result<Url, String>> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let bytes = headers.get(LOCATION)?.as_bytes();
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Ok(mut url) = from.join(&text) else { return Some(Err(text)) };
    // A target must not choose the credentials of what comes next.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Ok(url))
}

/// The parts of a request that a redirect changes.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) method: Method,
    /// The customer's headers.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

impl Parts {
    /// Turns them into what is asked next.
    pub(crate) fn follow(&mut self, status: StatusCode, from: &Url, to: &Url) {
        let asks_anew = match status.as_u16() {
            303 => !matches!(self.method, Method::GET | Method::HEAD),
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if asks_anew {
            self.method = Method::GET;
            self.drop_body();
        }
        if !same_host(from, to) {
            self.headers.clear();
            self.drop_body();
        }
    }

    fn drop_body(&mut self) {
        self.body = None;
        for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION] {
            self.headers.remove(name);
        }
    }
}

/// Whether what was meant for the one may go to the other: the same origin, or the same host by
/// way of the usual upgrade from http to https.
fn same_host(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
    from.host() == to.host() && (upgrade || (from.scheme(), from.port()) == (to.scheme(), to.port()))
}
