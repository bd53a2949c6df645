//! From nodes to the plan: one function per mapping of the language, in files by area. Reading goes
//! on after a mistake; what it gives then is never used.

mod capture;
mod checked;
mod expect;
mod matcher;
mod names;
mod plan;
mod request;
mod value;

use serde::de::DeserializeOwned;
use std::ops::Range;

use crate::check::Budgets;
use crate::diagnostic::{Finding, Findings};
use crate::document::{Document, Id, Kind, resolve};
use crate::position::Positions;
use crate::source::{self, At};
use crate::suggestion;
use names::Names;

pub(crate) use plan::read;

pub(crate) struct Reader<'d> {
    document: &'d Document,
    text: &'d str,
    positions: &'d Positions<'d>,
    findings: &'d mut Findings,
    names: Names,
    budgets: Budgets,
}

impl<'d> Reader<'d> {
    fn error(&mut self, code: &'static str, id: Id, message: impl Into<String>) {
        let range = self.document.range(id);
        self.findings.add(|| Finding::error(code, range, message));
    }

    fn error_with_hint(&mut self, code: &'static str, id: Id, message: impl Into<String>, hint: impl Into<String>) {
        let range = self.document.range(id);
        self.findings.add(|| Finding::error(code, range, message).hint(hint));
    }

    fn warn(&mut self, code: &'static str, id: Id, message: impl Into<String>, hint: impl Into<String>) {
        let range = self.document.range(id);
        self.findings.warn(|| Finding::warning(code, range, message).hint(hint));
    }

    /// "`timeout` wants a number, found a list."
    fn wrong(&mut self, id: Id, what: &str, wanted: &str) {
        if matches!(self.document.kind(id), Kind::Broken) {
            return;
        }
        let found = self.document.describe(id);
        self.error("type", id, format!("{what} wants {wanted}, found {found}."));
    }

    /// Reports a key that must be there, unless it is there misspelled or broken.
    fn missing(&mut self, mapping: Id, keys: &[&str], message: impl Into<String>, hint: impl Into<String>) {
        let reported = match self.document.kind(mapping) {
            Kind::Map(entries) => entries.iter().any(|(key, value)| {
                let key = self.document.key(*key);
                if keys.contains(&key) {
                    matches!(self.document.kind(*value), Kind::Broken)
                } else {
                    suggestion::closest(key, keys.iter().copied()).is_some()
                }
            }),
            _ => false,
        };
        if !reported {
            self.error_with_hint("missing", mapping, message, hint);
        }
    }

    /// Where an optional key stands; a key without a value counts as not there.
    fn given<T>(&self, at: Option<At<T>>) -> Option<Id> {
        at.map(|at| at.id).filter(|id| !self.is_null(*id))
    }

    fn is_null(&self, id: Id) -> bool {
        match self.document.kind(id) {
            Kind::Scalar(scalar) => resolve(scalar).is_null(),
            Kind::Broken => true,
            _ => false,
        }
    }

    fn entries(&mut self, id: Id, what: &str) -> &'d [(Id, Id)] {
        match self.document.kind(id) {
            Kind::Map(entries) => entries,
            _ => {
                self.wrong(id, what, "a mapping");
                &[]
            }
        }
    }

    fn elements(&mut self, id: Id, what: &str) -> &'d [Id] {
        match self.document.kind(id) {
            Kind::List(list) => list,
            _ => {
                self.wrong(id, what, "a list");
                &[]
            }
        }
    }

    /// The elements of a list, or the one value that stands in its place.
    fn one_or_many(&self, id: &'d Id) -> &'d [Id] {
        match self.document.kind(*id) {
            Kind::List(list) => list,
            _ => std::slice::from_ref(id),
        }
    }

    /// A mapping as a struct of places.
    fn structure<T: DeserializeOwned>(&mut self, id: Id, what: &str) -> Option<T> {
        match self.document.kind(id) {
            Kind::Map(entries) => Some(source::read(self.document, entries, self.findings)),
            _ => {
                self.wrong(id, what, "a mapping");
                None
            }
        }
    }

    /// The part of a scalar as it stands in the text; all of it if escapes or folding are in between.
    fn inside(&self, id: Id, part: Range<usize>) -> Range<usize> {
        match self.origin(id) {
            Some(start) => start + part.start..start + part.end,
            None => self.document.range(id),
        }
    }

    /// Where a scalar's own text begins, if it stands there letter by letter. It compares the whole
    /// text: not to be called for each of its parts.
    fn origin(&self, id: Id) -> Option<usize> {
        let node = self.document.node(id);
        let Kind::Scalar(scalar) = &node.kind else { return None };
        let raw = self.text.get(node.range.clone())?;
        if raw == scalar.text {
            return Some(node.range.start);
        }
        let quoted = raw.len() == scalar.text.len() + 2 && raw.get(1..)?.starts_with(&scalar.text);
        quoted.then_some(node.range.start + 1)
    }
}
