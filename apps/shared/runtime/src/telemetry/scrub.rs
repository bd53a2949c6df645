//! Takes secrets out of what leaves for Sentry and out of logged panics.
//!
//! An event is turned into JSON and walked whole, so that a field nobody thought of is walked too.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use sentry::protocol::Event;
use serde_json::Value;

const REMOVED: &str = "[removed]";

/// Headers that tell something and are no secret; all others are dropped.
const HEADERS: &[&str] = &["accept", "content-length", "content-type", "host", "user-agent", "x-request-id"];

/// Parts of a key's name that make its value a secret.
const SECRET: &str =
    "authorization|cookie|password|passwd|passphrase|secret|token|api[_-]?key|credential|csrf|session|private[_-]?key";

static TEXT: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        // The rest of a header line.
        (r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)[^\r\n]*".to_owned(), "$1$2[removed]"),
        (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}".to_owned(), "$1 [removed]"),
        (r"\b(?:smx|sk|rk|whsec)_[A-Za-z0-9_-]+".to_owned(), REMOVED),
        // User and password of a URL, then its query.
        (r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@?#]*@".to_owned(), "$1[removed]@"),
        (r#"(?i)\b(https?://[^\s?#"']*)\?[^\s"'#)]*"#.to_owned(), "$1?[removed]"),
        // The token that a link by mail or the address of a hook ends in.
        (r"/[0-9a-fA-F]{64}\b".to_owned(), "/[removed]"),
        (
            format!(
                r#"(?i)\b([\w-]*(?:{SECRET})[\w-]*["']?)(\s*[=:]\s*)(\[removed\]|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&)}}\]]+)"#
            ),
            "$1$2[removed]",
        ),
    ];
    rules.into_iter().map(|(rule, with)| (Regex::new(&rule).expect("the rules are valid"), with)).collect()
});

static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("(?i){SECRET}")).expect("the rule is valid"));

static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"?"#).expect("the rule is valid"));

/// The text without credentials, tokens, passwords and query strings.
fn scrub_text(text: &str) -> String {
    TEXT.iter().fold(text.to_owned(), |text, (rule, with)| rule.replace_all(&text, *with).into_owned())
}

/// As [`scrub_text`], and without anything in double quotes: what `unwrap` and `expect` print of
/// the value they found may hold whatever a customer sent.
pub(super) fn scrub_panic(text: &str) -> String {
    QUOTED.replace_all(&scrub_text(text), |_: &Captures<'_>| "\"…\"").into_owned()
}

/// The event without secrets; if it cannot be walked, an event that says so.
pub(super) fn scrub_event(event: &Event<'static>) -> Event<'static> {
    let scrubbed = serde_json::to_value(event).and_then(|mut value| {
        walk(&mut value);
        serde_json::from_value::<Event<'static>>(value)
    });
    let Ok(mut scrubbed) = scrubbed else {
        let message = Some("An event could not be scrubbed and was not sent".to_owned());
        return Event { message, level: event.level, ..Event::default() };
    };
    for exception in scrubbed.exception.iter_mut().filter(|exception| exception.ty == "panic") {
        exception.value = exception.value.as_deref().map(scrub_panic);
    }
    if let Some(request) = &mut scrubbed.request {
        request.headers.retain(|name, _| HEADERS.contains(&name.to_ascii_lowercase().as_str()));
        request.data = None;
        request.query_string = None;
        request.cookies = None;
        request.env.clear();
        if let Some(url) = &mut request.url {
            url.set_query(None);
            url.set_fragment(None);
        }
    }
    scrubbed
}

fn walk(value: &mut Value) {
    match value {
        Value::String(text) => *text = scrub_text(text),
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::Object(entries) => {
            for (name, value) in entries.iter_mut() {
                // An event's own parts are objects or lists; a secret is a plain value.
                if SECRET_NAME.is_match(name) && !value.is_object() && !value.is_array() {
                    *value = REMOVED.into();
                } else {
                    walk(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use sentry::protocol::{Context, Exception, Request};

    use super::*;

    #[test]
    fn credentials_leave_every_kind_of_text() {
        for (text, scrubbed) in [
            ("Authorization: Bearer abc.def\nHost: x", "Authorization: [removed]\nHost: x"),
            ("sent bearer abc.def-1 to it", "sent bearer [removed] to it"),
            ("cookie: a=b; c=d", "cookie: [removed]"),
            ("postgres://ada:hunter2@db/smokex", "postgres://[removed]@db/smokex"),
            ("GET https://x.example/a?code=hunter2 failed", "GET https://x.example/a?[removed] failed"),
            ("password=hunter2&x=1", "password=[removed]&x=1"),
            (r#"{"password": "hunt\"er2", "x": 1}"#, r#"{"password": [removed], "x": 1}"#),
            ("api_key: hunter2, next", "api_key: [removed], next"),
            ("token smx_hunter2 is used", "token [removed] is used"),
            ("sk_test_hunter2 or rk_live_1, whsec_hunter2", "[removed] or [removed], [removed]"),
            (
                "POST https://x.example/api/v1/hooks/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/ ended",
                "POST https://x.example/api/v1/hooks/[removed]/ ended",
            ),
            ("nothing secret at line 12", "nothing secret at line 12"),
        ] {
            assert_eq!(scrub_text(text), scrubbed);
        }
    }

    #[test]
    fn a_panic_keeps_its_words_and_loses_what_was_quoted() {
        assert_eq!(
            scrub_panic(r#"called `Result::unwrap()` on an `Err` value: Parse("hunt\"er2", 3)"#),
            r#"called `Result::unwrap()` on an `Err` value: Parse("…", 3)"#
        );
        assert_eq!(scrub_panic("an open quote: \"hunter2"), "an open quote: \"…\"");
    }

    #[test]
    fn an_event_is_walked_whole() {
        let mut event = Event {
            message: Some("password=hunter2".into()),
            exception: vec![Exception {
                ty: "panic".into(),
                value: Some("bad \"hunter2\"".into()),
                ..Default::default()
            }]
            .into(),
            request: Some(Request {
                url: Some("https://x.example/a?t=hunter2".parse().unwrap()),
                data: Some("hunter2".into()),
                query_string: Some("t=hunter2".into()),
                cookies: Some("s=hunter2".into()),
                headers: [("X-Forwarded-Authorization", "hunter2"), ("X-Own", "hunter2"), ("Accept", "text/html")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let fields = [("session_token".to_owned(), "hunter2".into()), ("step".to_owned(), 3.into())];
        event.contexts.insert("fields".into(), Context::Other(fields.into()));
        event.extra.insert("nested".into(), serde_json::json!({ "deep": [{ "api_key": "hunter2" }] }));
        let address = format!("https://x.example/api/v1/hooks/{}?wait=60", "0a".repeat(32));
        let request = Request { url: Some(address.parse().unwrap()), ..Default::default() };
        let called = scrub_event(&Event { request: Some(request), ..Default::default() });
        let url = called.request.and_then(|request| request.url).unwrap();
        assert!(url.as_str().starts_with("https://x.example/api/v1/hooks/") && !url.as_str().contains("0a0a"), "{url}");
        let event = scrub_event(&event);
        let sent = serde_json::to_string(&event).unwrap();
        assert!(!sent.contains("hunter2"), "{sent}");
        assert!(sent.contains("text/html") && sent.contains("https://x.example/a") && sent.contains("\"step\":3"));
    }
}
