//! Any text as a template: splitting and expanding neither panic nor go beyond their bounds, and a
//! value is put in as it is.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use plan::template::{MAX_EXPANDED, Scope, Secrecy, Template};
use serde_json::json;

fuzz_target!(|text: &str| {
    let mut scope = Scope::new(|| Timestamp::UNIX_EPOCH);
    for (name, value) in [("a", json!({"b": ["c", 1, null]})), ("b", json!("${a}")), ("c", json!("x".repeat(1000)))] {
        scope.set(name, value, Secrecy::Plain).expect("small values fit");
    }
    match Template::parse(text) {
        Err(error) => assert!(text.get(error.range).is_some()),
        Ok(template) => {
            if let Ok(expanded) = template.text(&scope) {
                assert!(expanded.len() <= MAX_EXPANDED);
                if let Some(literal) = template.as_literal() {
                    assert_eq!(expanded, literal);
                }
            }
        }
    }
    scope.set("fuzzed", json!(text), Secrecy::Plain).expect("a fuzzer's texts are small");
    let around = Template::parse("<${fuzzed}>").expect("a plain placeholder");
    assert_eq!(around.text(&scope).as_deref(), Ok(&*format!("<{text}>")));
});
