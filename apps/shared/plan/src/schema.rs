//! The language as a JSON Schema, for editors.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::source;

/// The JSON Schema (2020-12) of the language.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let list = generator.subschema_for::<Vec<source::Step>>();
    let mapping = generator.subschema_for::<source::Plan>();
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Smokex plan",
        "description": "A plan of HTTP requests: a list of steps, or a mapping with `steps`.",
        "anyOf": [list, mapping],
        "$defs": definitions,
    })
}
