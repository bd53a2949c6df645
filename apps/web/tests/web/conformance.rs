//! Holds every answer that a test gets from the API against the API's own description.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use jsonschema::Validator;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use web::{Route, routes};

/// The description itself.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(web::openapi()).expect("the description is JSON"));

static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// The operation that an address (without `/api/v1`) is of; none where nothing is.
fn operation(method: &Method, path: &str) -> Option<&'static Route> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').collect();
    let matches = |route: &&Route| {
        let Some(pattern) = route.path.strip_prefix("/api/v1") else { return false };
        let pattern: Vec<_> = pattern.split('/').collect();
        route.method == method.as_str()
            && pattern.len() == parts.len()
            && pattern.iter().zip(&parts).all(|(known, part)| known.starts_with('{') || known == part)
    };
    // `/schedules/pause` is not a schedule that is called so.
    let holes = |route: &&Route| route.path.matches('{').count();
    routes().iter().filter(matches).min_by_key(holes)
}

/// Panics if the description does not know such an answer.
#[track_caller]
pub fn check(method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &Value) {
    let Some(route) = operation(method, path) else {
        assert!(matches!(status, 404 | 405), "{method} {path}: {status} where nothing is");
        return;
    };
    let operation = &DOCUMENT["paths"][route.path][route.method.to_lowercase()];
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{method} {path}: {status} is not described: {body}");
    let Some(content) = response["content"].as_object() else {
        assert!(body.is_null(), "{method} {path}: {status} has a body that is not described: {body}");
        return;
    };
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().expect("headers are text"));
    let kind = kind.split(';').next().unwrap_or_default();
    let schema = &content.get(kind).unwrap_or_else(|| panic!("{method} {path}: {status} comes as {kind}"))["schema"];
    if !schema.is_object() {
        return;
    }
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
        jsonschema::draft202012::new(&whole).expect("the description holds schemas")
    });
    let mistakes: Vec<String> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(mistakes.is_empty(), "{method} {path}: {status} is described otherwise: {mistakes:?} in {body}");
}
