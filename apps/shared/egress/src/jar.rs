//! The cookies of one run: RFC 6265 by domain, path, `secure` and expiry.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cookie_store::{Cookie, CookieStore, RawCookie};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use thiserror::Error;
use url::Url;

/// How many cookies a jar keeps; a target that sets more is not indulged.
const MOST_COOKIES: usize = 300;

/// How long a `set-cookie` may be, in bytes; as long as browsers accept.
const LONGEST_COOKIE: usize = 4096;

/// Cookies, shared by the requests of one run.
#[derive(Debug, Default)]
pub struct Jar(Mutex<CookieStore>);

/// A line that [`Jar::to_lines`] did not write.
#[derive(Debug, Error)]
#[error("a stored cookie cannot be read: {0}")]
pub struct BadCookieLine(#[from] serde_json::Error);

impl Jar {
    /// An empty jar.
    pub fn new() -> Jar {
        Jar::default()
    }

    /// One line per cookie, session cookies included, from which [`Jar::from_lines`] makes the same
    /// jar. The lines hold the cookies' values: treat them as secrets.
    pub fn to_lines(&self) -> Vec<String> {
        let store = self.lock();
        store.iter_unexpired().filter_map(|cookie| serde_json::to_string(cookie).ok()).collect()
    }

    /// The jar that [`Jar::to_lines`] described. What has expired since is left out.
    ///
    /// # Errors
    /// If a line is not one of those.
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Result<Jar, BadCookieLine> {
        let cookies = lines.into_iter().map(serde_json::from_str::<Cookie<'static>>);
        Ok(Jar(Mutex::new(CookieStore::from_cookies(cookies, false)?)))
    }

    /// Takes the cookies a response sets.
    pub(crate) fn take(&self, headers: &HeaderMap, url: &Url) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        let mut store = self.lock();
        for value in headers.get_all(SET_COOKIE) {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
            let Ok(cookie) = RawCookie::parse(text) else { continue };
            if text.len() <= LONGEST_COOKIE && store.iter_any().count() < MOST_COOKIES {
                // Refused are cookies for other domains and the like: browsers ignore them too.
                let _ = store.insert_raw(&cookie, url);
            }
        }
    }

    /// Adds the cookies for this URL to a request's headers. A cookie the customer wrote out wins
    /// over one of the same name.
    pub(crate) fn give(&self, headers: &mut HeaderMap, url: &Url) {
        let store = self.lock();
        let mut cookies = store.matches(url);
        if cookies.is_empty() {
            return;
        }
        // The more specific first, then the older: some servers take the first of a name.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let own = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut line = own.to_owned();
        for cookie in cookies {
            if names(own).any(|name| name == cookie.name()) {
                continue;
            }
            let between = if line.is_empty() { "" } else { "; " };
            for part in [between, cookie.name(), "=", cookie.value()] {
                line.push_str(part);
            }
        }
        if let Ok(mut value) = HeaderValue::try_from(line) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CookieStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(cookies: &str) -> impl Iterator<Item = &str> {
    cookies.split(';').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(set: &str, from: &str, to: &str) -> Option<String> {
        let jar = Jar::new();
        let headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_str(set).unwrap())]);
        jar.take(&headers, &Url::parse(from).unwrap());
        let mut headers = HeaderMap::new();
        jar.give(&mut headers, &Url::parse(to).unwrap());
        headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_keep_to_their_domain_and_to_https() {
        for (set, from, to, goes) in [
            ("a=1", "https://shop.example.com/", "https://shop.example.com/", true),
            ("a=1", "https://shop.example.com/", "http://shop.example.com:8080/", true),
            ("a=1", "https://example.com/", "https://shop.example.com/", false),
            ("a=1; Domain=example.com", "https://shop.example.com/", "https://api.example.com/", true),
            ("a=1; Domain=.example.com", "https://shop.example.com/", "https://example.com/", true),
            ("a=1; Domain=example.com", "https://shop.example.com/", "https://badexample.com/", false),
            ("a=1; Domain=other.com", "https://example.com/", "https://other.com/", false),
            ("a=1; Domain=shop.example.com", "https://example.com/", "https://shop.example.com/", false),
            ("a=1; Secure", "https://example.com/", "https://example.com/", true),
            ("a=1; Secure", "https://example.com/", "http://example.com/", false),
        ] {
            assert_eq!(sent(set, from, to).is_some(), goes, "{set} from {from} to {to}");
        }
    }
}
