//! The ends of the tree: texts with placeholders, values of any kind, values of a fixed type, names.

use serde_json::Value;

use super::Reader;
use crate::diagnostic::Finding;
use crate::document::{Id, Kind, Scalar, cut, loses_digits, resolve};
use crate::template::{Convert, Field, Template, TemplateError, Tree};

impl<'d> Reader<'d> {
    fn scalar(&mut self, id: Id, what: &str, wanted: &str) -> Option<&'d Scalar> {
        match self.document.kind(id) {
            Kind::Scalar(scalar) => Some(scalar),
            _ => {
                self.wrong(id, what, wanted);
                None
            }
        }
    }

    /// Text with placeholders. A number or boolean is taken as it is spelled.
    pub(super) fn template(&mut self, id: Id, what: &str) -> Option<Template> {
        let scalar = self.scalar(id, what, "text")?;
        if scalar.plain && scalar.text.is_empty() {
            self.error_with_hint("missing", id, format!("{what} has no value."), "Write `\"\"` for an empty text.");
            return None;
        }
        self.parse_template(id, &scalar.text)
    }

    fn parse_template(&mut self, id: Id, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                if template.has_placeholders() {
                    let origin = self.origin(id);
                    let whole = self.document.range(id);
                    for reference in template.references() {
                        let range = match origin {
                            Some(start) => start + reference.range.start..start + reference.range.end,
                            None => whole.clone(),
                        };
                        self.names.used(reference, range);
                    }
                }
                Some(template)
            }
            Err(TemplateError { message, hint, range }) => {
                let range = self.inside(id, range);
                self.findings.add(|| Finding::error("placeholder", range, message).maybe_hint(hint));
                None
            }
        }
    }

    /// Text without placeholders.
    pub(super) fn literal(&mut self, id: Id, what: &str) -> Option<&'d str> {
        let scalar = self.scalar(id, what, "text")?;
        if scalar.plain && scalar.text.is_empty() {
            self.error("missing", id, format!("{what} has no value."));
            return None;
        }
        if let Some(at) = scalar.text.find("${") {
            let range = self.inside(id, at..at + 2);
            self.findings.add(|| Finding::error("placeholder", range, format!("{what} cannot hold placeholders.")));
            return None;
        }
        Some(&scalar.text)
    }

    /// Any value, its texts with placeholders.
    pub(super) fn tree(&mut self, id: Id) -> Tree {
        match self.document.kind(id) {
            Kind::Broken => Tree::scalar(Value::Null),
            Kind::List(list) => Tree::list(list.iter().map(|id| self.tree(*id)).collect()),
            Kind::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| (self.document.key(*key).to_owned(), self.tree(*value)));
                Tree::object(entries.collect())
            }
            Kind::Scalar(scalar) => match resolve(scalar) {
                Value::String(text) => self.parse_template(id, &text).map_or(Tree::scalar(Value::Null), Tree::text),
                value => {
                    if loses_digits(scalar, &value) {
                        let message = format!("`{}` has more digits than a number keeps.", cut(&scalar.text));
                        self.warn("value", id, message, "Put it in quotes to keep every digit.");
                    }
                    Tree::scalar(value)
                }
            },
        }
    }

    /// A value that becomes text: scalars as they are spelled, an empty one as empty text.
    pub(super) fn spelled(&mut self, id: Id, what: &str) -> Option<Tree> {
        let scalar = self.scalar(id, what, "text")?;
        self.parse_template(id, &scalar.text).map(Tree::text)
    }

    /// A value of a fixed type, or a text with placeholders that gives it when the plan runs.
    pub(super) fn field<T: Convert>(&mut self, id: Id, what: &str) -> Option<Field<T>> {
        let scalar = self.scalar(id, what, T::WANTED)?;
        let template = self.parse_template(id, &scalar.text)?;
        if template.has_placeholders() {
            return Some(Field::Later(template));
        }
        let value = match resolve(scalar) {
            // What looks like another type may still be of the wanted one, such as `5s`.
            Value::String(_) | Value::Null => Value::String(scalar.text.clone()),
            value => value,
        };
        match T::convert(&value) {
            Some(known) => Some(Field::Known(known)),
            None => {
                let found = self.document.describe(id);
                let message = format!("{what} wants {}, found {found}.", T::WANTED);
                match boolean_of_old(&scalar.text).filter(|_| T::KIND == "a boolean") {
                    Some(word) => self.error_with_hint("type", id, message, format!("Write `{word}`.")),
                    None => self.error("type", id, message),
                }
                None
            }
        }
    }

    /// As [`Reader::field`], if the key is there.
    pub(super) fn optional<T: Convert, S>(&mut self, at: Option<crate::source::At<S>>, what: &str) -> Option<Field<T>> {
        let id = self.given(at)?;
        self.field(id, what)
    }
}

/// What YAML 1.1 read as a boolean.
fn boolean_of_old(text: &str) -> Option<&'static str> {
    match &*text.to_ascii_lowercase() {
        "yes" | "on" | "y" | "1" => Some("true"),
        "no" | "off" | "n" | "0" => Some("false"),
        _ => None,
    }
}
