//! The cookies of one run: RFC 6265 by domain, path, `secure` and expiry.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cookie_store::{Cookie, CookieStore, RawCookie};
use http::header::SET_COOKIE;
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
        let mut line = String::new();
        let own = headers.get(http::header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        for (name, value) in store.get_request_values(url) {
            if names(own).any(|own| own == name) {
                continue;
            }
            for part in [if line.is_empty() { "" } else { "; " }, name, "=", value] {
                line.push_str(part);
            }
        }
        if line.is_empty() {
            return;
        }
        if !own.is_empty() {
            line = format!("{own}; {line}");
        }
        if let Ok(mut value) = HeaderValue::from_str(&line) {
            value.set_sensitive(true);
            headers.insert(http::header::COOKIE, value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CookieStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(cookies: &str) -> impl Iterator<Item = &str> {
    cookies.split(';').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name).trim())
}
