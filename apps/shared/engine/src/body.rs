//! A response's body, read as text, JSON or a page: each at most once, and only if something asks.

use std::{borrow::Cow, cell::OnceCell};

use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::Value;

use crate::{
    html::{BadPage, Page},
    json::{self, NotJson},
};

/// The body of one response.
pub struct Body<'r> {
    bytes: &'r [u8],
    charset: Charset,
    text: OnceCell<Cow<'r, str>>,
    json: OnceCell<Result<Value, NotJson>>,
    page: OnceCell<Result<Page, BadPage>>,
}

/// How a text's bytes are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    /// Each byte is one character; also taken for Windows-1252, which differs in a few signs.
    Latin1,
}

impl Charset {
    /// As the headers say; UTF-8 where they do not.
    pub fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        // Most types have no parameter at all.
        if !kind.contains(&b'=') {
            return Self::Utf8;
        }
        let named = |name: &[u8]| kind.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name));
        let latin = named(b"charset")
            && (named(b"iso-8859-1") || named(b"windows-1252") || named(b"latin1"))
            && !named(b"iso-8859-15");
        if latin { Self::Latin1 } else { Self::Utf8 }
    }

    /// The text; what is not UTF-8 in it becomes the replacement character.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Latin1 if bytes.is_ascii() => String::from_utf8_lossy(bytes),
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
        }
    }
}

impl<'r> Body<'r> {
    /// Reads nothing yet.
    pub fn new(bytes: &'r [u8], headers: &HeaderMap) -> Self {
        let charset = Charset::of(headers);
        Self { bytes, charset, text: OnceCell::new(), json: OnceCell::new(), page: OnceCell::new() }
    }

    /// As text.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| self.charset.decode(self.bytes))
    }

    /// As JSON.
    pub fn json(&self) -> Result<&Value, &NotJson> {
        self.json.get_or_init(|| json::read(self.bytes)).as_ref()
    }

    /// As a page.
    pub fn page(&self) -> Result<&Page, BadPage> {
        self.page.get_or_init(|| Page::parse(self.text())).as_ref().map_err(|bad| *bad)
    }

    /// In bytes, decoded.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn text(kind: &'static str, bytes: &[u8]) -> String {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Body::new(bytes, &headers).text().to_owned()
    }

    #[test]
    fn text_is_read_by_its_charset() {
        assert_eq!(text("text/html; charset=ISO-8859-1", b"caf\xe9"), "café");
        assert_eq!(text("text/html", "café".as_bytes()), "café");
        assert_eq!(text("text/html", b"caf\xe9"), "caf\u{fffd}");
    }
}
