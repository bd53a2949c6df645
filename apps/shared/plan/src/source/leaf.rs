//! What the values are that stand at the ends of the language's mappings, for the JSON Schema. A
//! placeholder may stand wherever a value may.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::marker::PhantomData;

use super::Conditions;

macro_rules! leaf {
    ($(#[doc = $doc:literal])+ $name:ident, $schema:expr) => {
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let schema: fn(&mut SchemaGenerator) -> Schema = $schema;
                schema(generator)
            }
        }
    };
}

leaf!(
    /// Text with placeholders; a number or boolean is taken as it is spelled.
    Text, |_| json_schema!({"type": ["string", "number", "boolean"]})
);
leaf!(
    /// As [`Text`]; nothing is an empty text.
    Spelled,
    |_| json_schema!({"type": ["string", "number", "boolean", "null"]})
);
leaf!(
    /// Any value, its texts with placeholders.
    Any, |_| json_schema!(true)
);
leaf!(
    /// A boolean or a placeholder.
    Flag, |_| json_schema!({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": r"^(true|false|.*\$\{.*)$"}]})
);
leaf!(
    /// A number or a placeholder.
    Numeric, |_| json_schema!({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^(-?\d+(\.\d+)?([eE][-+]?\d+)?|.*\$\{.*)$"}]})
);
leaf!(
    /// A whole number or a placeholder.
    Whole, |_| json_schema!({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^(\d+|.*\$\{.*)$"}]})
);
leaf!(
    /// Milliseconds, a time with its unit, or a placeholder.
    Milliseconds, |_| json_schema!({"anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^(\d+(\.\d{1,3})?(ms|s|m|h)?|.*\$\{.*)$", "examples": ["500ms", "5s", "1m"]}
    ]})
);
leaf!(
    /// A CSS selector, without placeholders.
    Selector, |_| json_schema!({"type": "string", "maxLength": 512})
);
leaf!(
    /// A regular expression.
    Pattern, |_| json_schema!({"type": "string"})
);
leaf!(
    /// A value, or conditions on it.
    Matcher, |generator| {
        let conditions = generator.subschema_for::<Conditions>();
        json_schema!({"anyOf": [conditions, true]})
    }
);
leaf!(
    /// What a status may be.
    Status, |generator| {
        let conditions = generator.subschema_for::<Conditions>();
        let one = serde_json::json!({"anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"type": "string", "pattern": r"^([1-5]\d\d|[1-5][xX][xX]|.*\$\{.*)$", "examples": ["2xx"]}
        ]});
        json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}, conditions]})
    }
);

/// One value or a list of them.
pub(crate) struct OneOrMany<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}
