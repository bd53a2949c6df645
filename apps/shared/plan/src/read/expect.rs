//! `expect`: what must hold of a response.

use indexmap::IndexMap;
use std::collections::HashSet;

use super::Reader;
use super::matcher::Subject;
use crate::check;
use crate::document::{Id, Kind, cut};
use crate::model::{Condition, Expect, Html, Matcher, ResponseTime, StatusCode, StatusPattern};
use crate::source::{self, Conditions};
use crate::template::{Field, Template};

impl<'d> Reader<'d> {
    pub(super) fn expect(&mut self, id: Id) -> Expect {
        let Some(source) = self.structure::<source::Expect>(id, "`expect`") else { return Expect::default() };
        let mut expect = Expect::default();
        if let Some(id) = self.given(source.status_code) {
            expect.status_code = self.status_code(id);
        }
        if let Some(id) = self.given(source.headers) {
            expect.headers = self.expected_headers(id);
        }
        expect.json = source.json.map(|at| at.id).filter(|id| !self.is_empty(*id)).map(|id| self.tree(id));
        if let Some(id) = self.given(source.json_path) {
            expect.json_path = self.json_paths(id);
        }
        if let Some(id) = self.given(source.string) {
            expect.string = self.strings(id);
        }
        if let Some(id) = self.given(source.body) {
            expect.body = self.matcher(id, "`body`", Subject::Text);
        }
        if let Some(id) = self.given(source.html) {
            expect.html = self.one_or_many(&id).iter().filter_map(|id| self.html(*id)).collect();
        }
        expect.json_schema = self.given(source.json_schema).and_then(|id| self.json_schema(id));
        if let Some(id) = self.given(source.response_time) {
            expect.response_time = self.response_time(id);
        }
        if let Some(id) = self.given(source.certificate) {
            expect.certificate_days_left = self.certificate(id);
        }
        if let Some(id) = self.given(source.size) {
            expect.size = self.matcher(id, "`size`", Subject::Number);
        }
        expect
    }

    fn status_code(&mut self, id: Id) -> Option<StatusCode> {
        if let Kind::Map(entries) = self.document.kind(id) {
            return self.conditions(id, entries, "`status_code`", Subject::Number).map(StatusCode::Matcher);
        }
        let list = self.one_or_many(&id);
        if list.is_empty() {
            self.error("missing", id, "`status_code` can never hold: its list is empty.");
        }
        let patterns: Vec<_> = list.iter().filter_map(|id| self.status_pattern(*id)).collect();
        (!patterns.is_empty()).then_some(StatusCode::OneOf(patterns))
    }

    fn status_pattern(&mut self, id: Id) -> Option<StatusPattern> {
        if let Kind::Scalar(scalar) = self.document.kind(id)
            && let Some(class) = scalar.text.strip_suffix("xx").or_else(|| scalar.text.strip_suffix("XX"))
            && let Ok(class @ 1..=5) = class.parse()
        {
            return Some(StatusPattern::Class(class));
        }
        let field = match self.document.kind(id) {
            Kind::Scalar(scalar) if scalar.text.contains("${") => self.field::<u16>(id, "`status_code`")?,
            Kind::Scalar(scalar) => match scalar.text.parse::<u16>() {
                Ok(status) => Field::Known(status),
                Err(_) => {
                    self.not_a_status(id);
                    return None;
                }
            },
            _ => {
                self.not_a_status(id);
                return None;
            }
        };
        if field.known().is_some_and(|status| !(100..=599).contains(status)) {
            self.not_a_status(id);
            return None;
        }
        Some(StatusPattern::Exact(field))
    }

    fn not_a_status(&mut self, id: Id) {
        let found = self.document.describe(id);
        self.error_with_hint(
            "value",
            id,
            format!("`status_code` wants a status from 100 to 599, found {found}."),
            "Write `200`, `2xx`, `[200, 404]` or a matcher such as `{lt: 500}`.",
        );
    }

    fn expected_headers(&mut self, id: Id) -> IndexMap<String, Matcher> {
        let mut headers = IndexMap::new();
        let mut seen = HashSet::new();
        for (key, value) in self.entries(id, "`headers`") {
            let name = self.header_name(*key, &mut seen);
            let what = format!("The header `{}`", cut(self.document.key(*key)));
            if let (Some(name), Some(matcher)) = (name, self.matcher(*value, &what, Subject::Text)) {
                headers.insert(name, matcher);
            }
        }
        headers
    }

    fn json_paths(&mut self, id: Id) -> IndexMap<String, Matcher> {
        let mut paths = IndexMap::new();
        for (key, value) in self.entries(id, "`json_path`") {
            let path = self.json_path(*key).map(|(path, _)| path);
            let what = format!("`{}`", cut(self.document.key(*key)));
            let matcher = self.matcher(*value, &what, Subject::Json);
            if let (Some(path), Some(matcher)) = (path, matcher)
                && paths.insert(path, matcher).is_some()
            {
                self.error("duplicate-key", *key, format!("{what} stands here a second time, with `$` and without."));
            }
        }
        paths
    }

    fn strings(&mut self, id: Id) -> Vec<Template> {
        self.one_or_many(&id).iter().filter_map(|id| self.template(*id, "`string`")).collect()
    }

    fn html(&mut self, id: Id) -> Option<Html> {
        let entries = match self.document.kind(id) {
            Kind::Map(entries) => entries,
            _ => {
                self.wrong(id, "An element of `html`", "a mapping");
                return None;
            }
        };
        let source: source::Html = source::read(self.document, entries, self.findings);
        let path = match self.given(source.path) {
            Some(path) => self.selector(path, "`path`"),
            None => {
                self.missing(id, &["path"], "`path` is missing.", "It is the CSS selector of what to look at.");
                None
            }
        };
        let conditions = self.only(entries, source::keys::<Conditions>());
        let matcher = if conditions.is_empty() {
            self.error_with_hint(
                "missing",
                id,
                "There is nothing to compare with.",
                "Write `equal: …` or another matcher.",
            );
            None
        } else {
            self.conditions(id, &conditions, "An element of `html`", Subject::Text)
        };
        Some(Html { path: path?, matcher: matcher? })
    }

    fn json_schema(&mut self, id: Id) -> Option<serde_json::Value> {
        let tree = self.tree(id);
        let Some(schema) = tree.as_literal() else {
            self.error("placeholder", id, "`json_schema` cannot hold placeholders.");
            return None;
        };
        match check::json_schema(schema, &mut self.budgets) {
            Ok(()) => Some(schema.clone()),
            Err(problem) => {
                self.problem(id, problem);
                None
            }
        }
    }

    fn response_time(&mut self, id: Id) -> Option<ResponseTime> {
        let Kind::Map(entries) = self.document.kind(id) else {
            let limit = self.field::<crate::model::Millis>(id, "`response_time`")?;
            let limit = match limit {
                Field::Known(millis) => Field::Known(millis.0.into()),
                Field::Later(template) => Field::Later(template),
            };
            let matcher = Matcher { conditions: vec![Condition::Lt(limit)], bare: true };
            return Some(ResponseTime { matcher: Some(matcher), degraded_after: None });
        };
        let source: source::ResponseTimeMatcher = source::read(self.document, entries, self.findings);
        let degraded_after = self.optional(source.degraded_after, "`degraded_after`");
        let keys = source::keys::<source::ResponseTimeMatcher>();
        let conditions: Vec<_> = self
            .only(entries, keys)
            .into_iter()
            .filter(|(key, _)| self.document.key(*key) != "degraded_after")
            .collect();
        let matcher = if conditions.is_empty() {
            None
        } else {
            self.conditions(id, &conditions, "`response_time`", Subject::Number)
        };
        if matcher.is_none() && degraded_after.is_none() {
            if entries.is_empty() {
                self.error("missing", id, "`response_time` has no conditions.");
            }
            return None;
        }
        Some(ResponseTime { matcher, degraded_after })
    }

    fn certificate(&mut self, id: Id) -> Option<Matcher> {
        let source: source::Certificate = self.structure(id, "`certificate`")?;
        match self.given(source.days_left) {
            Some(id) => self.matcher(id, "`days_left`", Subject::Number),
            None => {
                self.missing(
                    id,
                    &["days_left"],
                    "`days_left` is missing.",
                    "Write `certificate: {days_left: {gte: 14}}`.",
                );
                None
            }
        }
    }

    /// The entries with one of these keys.
    fn only(&self, entries: &[(Id, Id)], keys: &[&str]) -> Vec<(Id, Id)> {
        entries.iter().copied().filter(|(key, _)| keys.contains(&self.document.key(*key))).collect()
    }
}
