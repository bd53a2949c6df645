//! Reading a mapping into a struct of places: unknown keys are reported and passed over, so that
//! one of them never hides the rest.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use std::borrow::Cow;
use std::marker::PhantomData;

use super::LATER;
use crate::diagnostic::{Finding, Findings};
use crate::document::{Document, Id, cut};
use crate::suggestion;

/// Where a `T` stands in the document.
pub(crate) struct At<T> {
    pub(crate) id: Id,
    what: PhantomData<fn() -> T>,
}

impl<'de, T> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Id::from_number(u32::deserialize(deserializer)?);
        Ok(Self { id, what: PhantomData })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The entries of a mapping as a struct of places.
pub(crate) fn read<T: DeserializeOwned>(document: &Document, entries: &[(Id, Id)], findings: &mut Findings) -> T {
    T::deserialize(Mapping { document, entries, findings })
        .expect("every field is an optional place, and no key comes twice")
}

struct Mapping<'d> {
    document: &'d Document,
    entries: &'d [(Id, Id)],
    findings: &'d mut Findings,
}

impl<'de> Deserializer<'de> for Mapping<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut known = Vec::with_capacity(self.entries.len());
        for (key, value) in self.entries {
            let text = self.document.key(*key);
            if fields.contains(&text) {
                known.push((text, Place(*value)));
            } else {
                let range = self.document.range(*key);
                self.findings.add(|| unknown(text, name, fields, range));
            }
        }
        visitor.visit_map(MapDeserializer::new(known.into_iter()))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("only structs of places are read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A place as a value that is there.
struct Place(Id);

impl<'de> Deserializer<'de> for Place {
    type Error = Error;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u32(self.0.number())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_> for Place {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The keys of a struct of places.
pub(crate) fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut keys: &[&str] = &[];
    // It always fails: all that is wanted is what it is called with.
    let _ = T::deserialize(Keys(&mut keys));
    keys
}

struct Keys<'k>(&'k mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Keys<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(serde::de::Error::custom("nothing is read"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("nothing is read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Keys that stand one level too high or too low, and where they belong.
const MISPLACED: &[(&str, &[&str], &str)] = &[
    (
        "a step",
        &["url", "host", "query", "headers", "body", "form", "auth"],
        "It belongs in the request: indent it one level more.",
    ),
    (
        "a step",
        &["timeout", "retries", "follow_redirects", "verify_tls", "cookies", "debug"],
        "It belongs in `options`.",
    ),
    (
        "the request",
        &["timeout", "retries", "follow_redirects", "verify_tls", "cookies", "debug"],
        "It belongs in `options`.",
    ),
    (
        "the request",
        &["status_code", "json", "json_path", "string", "html", "json_schema", "response_time", "certificate", "size"],
        "It belongs in `expect`.",
    ),
    ("the request", &["name", "on_failure"], "It belongs beside the request: indent it one level less."),
    ("`expect`", &["degraded_after"], "It belongs in `response_time`."),
    ("`expect`", &["days_left"], "It belongs in `certificate`."),
    ("`auth`", &["user", "password"], "It belongs in `basic`."),
    ("the plan", &["headers", "auth"], "It belongs in `defaults`."),
    (
        "the plan",
        &["get", "post", "put", "patch", "delete", "head", "options", "trace"],
        "A step begins with `- `, and stands under `steps` or alone in a list.",
    ),
];

fn unknown(key: &str, place: &'static str, fields: &[&str], range: std::ops::Range<usize>) -> Finding {
    let is_in = |list: &[(&str, &[&str])]| list.iter().any(|(of, keys)| *of == place && keys.contains(&key));
    if is_in(LATER) {
        return Finding::error("not-yet", range, format!("`{key}` is not yet available."))
            .hint("It comes with the second version of the language.");
    }
    let finding = Finding::error("unknown-key", range, format!("`{}` is not a key of {place}.", cut(key)));
    if key == "<<" {
        return finding
            .hint("Merging mappings is not part of the language; `defaults` holds what requests have in common.");
    }
    match MISPLACED.iter().find(|(of, keys, _)| *of == place && keys.contains(&key)) {
        Some((_, _, hint)) => finding.hint(*hint),
        None => finding.hint(suggestion::hint(key, fields)),
    }
}
