//! `save_from_response`: a list, or a mapping from the variable's name.

use super::Reader;
use crate::document::{Id, Kind, cut};
use crate::model::{Capture, Source};
use crate::source;
use crate::template::{Field, is_name};

impl<'d> Reader<'d> {
    pub(super) fn captures(&mut self, id: Id) -> Vec<Capture> {
        let captures = match self.document.kind(id) {
            Kind::List(list) => list.iter().filter_map(|id| self.capture(*id, None)).collect(),
            Kind::Map(entries) => self.captures_by_name(id, entries),
            _ => {
                self.wrong(id, "`save_from_response`", "a list or a mapping");
                Vec::new()
            }
        };
        // Only behind the step: its own expectations cannot use them.
        for capture in &captures {
            self.names.capture(&capture.name, self.positions.line(self.document.range(id).start));
        }
        captures
    }

    fn captures_by_name(&mut self, id: Id, entries: &'d [(Id, Id)]) -> Vec<Capture> {
        if entries.iter().any(|(key, _)| self.document.key(*key) == "variable_name") {
            self.error_with_hint(
                "type",
                id,
                "`save_from_response` wants a list of captures here, found a mapping.",
                "Put `- ` before `variable_name`.",
            );
            return Vec::new();
        }
        let mut captures = Vec::new();
        for (key, value) in entries {
            let Some(name) = self.variable_name(*key) else { continue };
            match self.document.kind(*value) {
                Kind::Map(_) => captures.extend(self.capture(*value, Some(name))),
                _ => {
                    if let Some((path, bare)) = self.json_path(*value) {
                        captures.push(Capture {
                            name,
                            from: Source::JsonPath { path, bare },
                            default: None,
                            secret: false,
                        });
                    }
                }
            }
        }
        captures
    }

    fn capture(&mut self, id: Id, name: Option<String>) -> Option<Capture> {
        let source: source::Capture = self.structure(id, "A capture")?;
        let name = match (name, self.given(source.variable_name)) {
            (Some(name), None) => Some(name),
            (Some(_), Some(twice)) => {
                self.error("conflict", twice, "The variable's name stands before the capture already.");
                None
            }
            (None, Some(id)) => self.variable_name(id),
            (None, None) => {
                self.missing(
                    id,
                    &["variable_name"],
                    "`variable_name` is missing.",
                    "It names the variable that takes the value.",
                );
                None
            }
        };
        let places = [
            ("json_path", self.given(source.json_path)),
            ("header", self.given(source.header)),
            ("cookie", self.given(source.cookie)),
            ("html", self.given(source.html)),
            ("regex", self.given(source.regex)),
        ];
        let from = self.place(id, &places);
        let default = source.default.map(|at| self.tree(at.id));
        let secret = match self.given(source.secret) {
            None => Some(false),
            Some(id) => match self.field(id, "`secret`") {
                Some(Field::Known(secret)) => Some(secret),
                Some(Field::Later(_)) => {
                    self.error("placeholder", id, "`secret` cannot hold placeholders.");
                    None
                }
                None => None,
            },
        };
        Some(Capture { name: name?, from: from?, default, secret: secret? })
    }

    /// The one place that a capture takes its value from.
    fn place(&mut self, capture: Id, places: &[(&str, Option<Id>)]) -> Option<Source> {
        let mut given = places.iter().filter_map(|(key, id)| id.map(|id| (*key, id)));
        let Some((key, id)) = given.next() else {
            self.missing(
                capture,
                &["json_path", "header", "cookie", "html", "regex"],
                "The capture does not say where its value is.",
                "Write one of `json_path`, `header`, `cookie`, `html`, `regex`.",
            );
            return None;
        };
        if let Some((other, id)) = given.next() {
            self.error_with_hint(
                "conflict",
                id,
                format!("`{key}` and `{other}` both say where the value is."),
                "Keep one of them, or make two captures.",
            );
            return None;
        }
        match key {
            "json_path" => self.json_path(id).map(|(path, bare)| Source::JsonPath { path, bare }),
            "header" => {
                let name = self.literal(id, "`header`")?;
                match crate::check::header_name(name) {
                    Ok(()) => Some(Source::Header(name.to_owned())),
                    Err(problem) => {
                        self.problem(id, problem);
                        None
                    }
                }
            }
            "cookie" => self.literal(id, "`cookie`").map(|name| Source::Cookie(name.to_owned())),
            "html" => self.selector(id, "`html`").map(Source::Html),
            _ => self.regex(id, "`regex`").map(Source::Regex),
        }
    }

    pub(super) fn variable_name(&mut self, id: Id) -> Option<String> {
        let name = self.literal(id, "A variable's name")?;
        if is_name(name) && name.len() <= 100 {
            return Some(name.to_owned());
        }
        self.error_with_hint(
            "value",
            id,
            format!("`{}` cannot be a variable's name.", cut(name)),
            "It begins with a letter or `_`; letters, digits, `_` and `-` follow, 100 bytes at most.",
        );
        None
    }
}
