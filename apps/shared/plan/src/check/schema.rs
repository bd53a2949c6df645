//! JSON Schemas for response bodies. They are closed in themselves: nothing is ever fetched.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::budget::spend;
use super::pattern::weigh_regex;
use super::{Budgets, Problem};
use crate::document::cut;

/// Compiles a JSON Schema (2020-12 unless it says otherwise).
///
/// # Errors
/// If it is not one, is too big, or refers to anything but itself.
pub fn schema_validator(schema: &Value) -> Result<Validator, Problem> {
    inspect(schema, &mut Budgets::default())?;
    compile(schema)
}

/// As [`schema_validator`], paid for from a text's budget.
pub(crate) fn json_schema(schema: &Value, budgets: &mut Budgets) -> Result<(), Problem> {
    let size = schema.to_string().len();
    spend(&mut budgets.schema, size.max(1_000), "or too big JSON Schemas")?;
    inspect(schema, budgets)?;
    compile(schema).map(drop)
}

fn compile(schema: &Value) -> Result<Validator, Problem> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex().size_limit(2 * 1024 * 1024))
        .build(schema)
        .map_err(|error| {
            Problem::new(format!(
                "This is not a JSON Schema: {}.",
                error.to_string().trim_end_matches('.').chars().take(300).collect::<String>()
            ))
        })
}

/// References and patterns, wherever they stand.
fn inspect(schema: &Value, budgets: &mut Budgets) -> Result<(), Problem> {
    match schema {
        Value::Array(list) => list.iter().try_for_each(|value| inspect(value, budgets)),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            match (&**key, value) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) if !target.starts_with('#') => {
                    return Err(Problem::new(format!("`{key}: {}` leads out of the schema.", cut(target)))
                        .hint("A `$ref` may only refer to the schema itself: `#/$defs/…`."));
                }
                ("pattern", Value::String(pattern)) => weigh_regex(pattern, budgets)?,
                ("patternProperties", Value::Object(patterns)) => {
                    patterns.keys().try_for_each(|pattern| weigh_regex(pattern, budgets))?;
                }
                _ => {}
            }
            inspect(value, budgets)
        }),
        _ => Ok(()),
    }
}
