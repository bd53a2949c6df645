//! Regular expressions, CSS selectors, JSON Schemas and URLs, read once per process and not once per
//! evaluation. They are kept by their text: the same plan runs again and again.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use jsonschema::Validator;
use regex::Regex;
use scraper::Selector;
use serde_json::Value;
use url::{ParseError, Url};

/// So many of each kind are kept; then all are let go.
const MOST: usize = 128;

/// Longer texts are compiled each time.
const LONGEST: usize = 16 * 1024;

type Kept<T> = LazyLock<RwLock<HashMap<String, Arc<T>>>>;

static REGEXES: Kept<Regex> = LazyLock::new(RwLock::default);
static SELECTORS: Kept<Selector> = LazyLock::new(RwLock::default);
static SCHEMAS: Kept<Validator> = LazyLock::new(RwLock::default);
static URLS: Kept<Url> = LazyLock::new(RwLock::default);

fn keep<T, E>(kept: &Kept<T>, text: &str, compile: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
    if let Some(compiled) = kept.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return Ok(Arc::clone(compiled));
    }
    let compiled = Arc::new(compile()?);
    if text.len() <= LONGEST {
        let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(text.to_owned(), Arc::clone(&compiled));
    }
    Ok(compiled)
}

/// A regular expression. Searching with it takes time linear in the text.
pub fn regex(pattern: &str) -> Result<Arc<Regex>, String> {
    keep(&REGEXES, pattern, || plan::regex(pattern).map_err(|problem| phrase(&problem)))
}

/// A CSS selector.
pub fn selector(path: &str) -> Result<Arc<Selector>, String> {
    keep(&SELECTORS, path, || plan::selector(path).map_err(|problem| phrase(&problem)))
}

/// A JSON Schema that refers to nothing outside itself.
pub fn schema(schema: &Value) -> Result<Arc<Validator>, String> {
    keep(&SCHEMAS, &schema.to_string(), || plan::schema_validator(schema).map_err(|problem| phrase(&problem)))
}

/// A URL. Those with credentials or a query are not kept: they may hold secrets.
pub fn url(text: &str) -> Result<Url, ParseError> {
    if text.contains(['@', '?']) {
        return Url::parse(text);
    }
    keep(&URLS, text, || Url::parse(text)).map(|url| Url::clone(&url))
}

/// A sentence as it stands inside another one.
pub fn phrase(problem: &plan::Problem) -> String {
    let mut text = problem.message.trim_end_matches('.').to_owned();
    if text.starts_with("The ") || text.starts_with("This ") || text.starts_with("A ") {
        text[..1].make_ascii_lowercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_text_is_compiled_once() {
        let first = regex("^kept-[0-9]+$").unwrap();
        assert!(Arc::ptr_eq(&first, &regex("^kept-[0-9]+$").unwrap()));
        assert!(Arc::ptr_eq(&selector("h1 > .kept").unwrap(), &selector("h1 > .kept").unwrap()));
        let kept = json!({"type": "object", "title": "kept"});
        assert!(Arc::ptr_eq(&schema(&kept).unwrap(), &schema(&kept).unwrap()));
    }

    #[test]
    fn urls_are_kept_unless_they_may_hold_secrets() {
        for (text, kept) in [
            ("http://kept.example/a", true),
            ("http://kept.example/?key=secret", false),
            ("http://me:secret@kept.example/", false),
        ] {
            assert_eq!(url(text).unwrap(), Url::parse(text).unwrap());
            assert_eq!(URLS.read().unwrap().contains_key(text), kept, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_says_why() {
        assert_eq!(regex("(").unwrap_err(), "the regular expression is wrong: unclosed group");
        assert_eq!(regex(r"(\w{100}){100}").unwrap_err(), "the regular expression is too big");
        assert_eq!(selector("<").unwrap_err(), "`<` is not a CSS selector");
    }

    #[test]
    fn a_schema_never_reaches_outside() {
        for outside in ["http://127.0.0.1:9/s.json", "file:///etc/passwd", "other.json"] {
            let error = schema(&json!({"$ref": outside})).unwrap_err();
            assert_eq!(error, format!("`$ref: {outside}` leads out of the schema"));
        }
        let inside = json!({"$defs": {"id": {"type": "integer"}}, "properties": {"id": {"$ref": "#/$defs/id"}}});
        assert!(!schema(&inside).unwrap().is_valid(&json!({"id": "x"})));
    }
}
