//! The published JSON Schema against the reader: what one accepts the other accepts.

use serde_json::Value;
use std::fs;
use std::path::Path;

use crate::check;

fn corpus(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            Some((path.display().to_string(), fs::read_to_string(&path).ok()?))
        })
        .collect()
}

#[test]
fn the_schema_is_a_schema_and_accepts_every_plan_of_the_corpus() {
    let validator = jsonschema::validator_for(&plan::schema()).unwrap();
    for (name, text) in corpus("ok") {
        let value: Value =
            serde_yaml::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_else(|error| panic!("{name}: {error}"));
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_schema_refuses_unknown_keys_wherever_the_reader_does() {
    let validator = jsonschema::validator_for(&plan::schema()).unwrap();
    for place in [
        "kye: 1\nsteps: [{get: {url: http://a}}]",
        "- {get: {url: http://a}, kye: 1}",
        "- {get: {url: http://a, kye: 1}}",
        "- {get: {url: http://a, expect: {kye: 1}}}",
        "- {get: {url: http://a, options: {kye: 1}}}",
        "- {get: {url: http://a, auth: {kye: 1}}}",
        "- {get: {url: http://a, auth: {basic: {user: a, password: b, kye: 1}}}}",
        "- {get: {url: http://a, expect: {html: {path: a, equal: b, kye: 1}}}}",
        "- {get: {url: http://a, expect: {response_time: {lt: 1, kye: 1}}}}",
        "- {get: {url: http://a, expect: {certificate: {days_left: 1, kye: 1}}}}",
        "- {get: {url: http://a, save_from_response: [{variable_name: a, json_path: b, kye: 1}]}}",
        "defaults: {kye: 1}\nsteps: [{get: {url: http://a}}]",
    ] {
        let checked = check(place);
        assert!(
            checked.diagnostics.iter().any(|found| found.code == "unknown-key"),
            "{place}: {:?}",
            checked.diagnostics
        );
        assert!(!validator.is_valid(&serde_yaml::from_str(place).unwrap()), "{place}");
        let right = place.replace(", kye: 1", "").replace("kye: 1", "");
        assert!(validator.is_valid(&serde_yaml::from_str(&right).unwrap()), "{right}");
    }
}

#[test]
fn every_key_has_a_description() {
    let schema = plan::schema();
    let mut without = Vec::new();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            if property.get("description").is_none() {
                without.push(format!("{name}.{key}"));
            }
        }
    }
    assert!(without.is_empty(), "{without:?}");
}
