//! How words and ids stand in an API's description.

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

/// One of these words.
pub(crate) fn words(words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
}

/// The id of something.
pub(crate) fn id() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned()))).into()
}

/// A length of time as it stands in reports.
pub(crate) fn milliseconds() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0.0))
        .description(Some("In milliseconds, with up to three decimals."))
        .into()
}
