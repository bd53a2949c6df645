//! Values that are checked as a whole when the plan is read: paths, selectors, patterns.

use super::Reader;
use crate::check::{self, Problem};
use crate::diagnostic::Finding;
use crate::document::{Id, Kind};
use crate::jsonpath;
use crate::template::Template;

impl<'d> Reader<'d> {
    pub(super) fn problem(&mut self, id: Id, Problem { message, hint }: Problem) {
        let range = self.document.range(id);
        self.findings.add(|| Finding::error("value", range, message).maybe_hint(hint));
    }

    /// A JSONPath with its `$`, and whether that had to be put in.
    pub(super) fn json_path(&mut self, id: Id) -> Option<(String, bool)> {
        let text = self.literal(id, "A JSONPath")?;
        let checked = match jsonpath::is_simple(text) {
            true => Ok(()),
            false => self.budgets.path(),
        };
        match checked.and_then(|()| jsonpath::normalize(text)) {
            Ok(path) => Some(path),
            Err(problem) => {
                self.problem(id, problem);
                None
            }
        }
    }

    /// A CSS selector.
    pub(super) fn selector(&mut self, id: Id, what: &str) -> Option<String> {
        let text = self.literal(id, what)?;
        match self.budgets.selector().and_then(|()| check::selector(text)) {
            Ok(_) => Some(text.to_owned()),
            Err(problem) => {
                self.problem(id, problem);
                None
            }
        }
    }

    /// A regular expression without placeholders; `${` has no meaning in one.
    pub(super) fn regex(&mut self, id: Id, what: &str) -> Option<String> {
        let Kind::Scalar(scalar) = self.document.kind(id) else {
            self.wrong(id, what, "a regular expression");
            return None;
        };
        self.check_regex(id, &scalar.text);
        Some(scalar.text.clone())
    }

    /// A regular expression that may hold placeholders; only one without is checked here.
    pub(super) fn pattern(&mut self, id: Id, what: &str) -> Option<Template> {
        let template = self.template(id, what)?;
        if let Some(text) = template.as_literal() {
            self.check_regex(id, text);
        }
        Some(template)
    }

    fn check_regex(&mut self, id: Id, pattern: &str) {
        if let Err(problem) = check::weigh_regex(pattern, &mut self.budgets) {
            self.problem(id, problem);
        }
    }

    /// Whether there is nothing at all behind the key.
    pub(super) fn is_empty(&self, id: Id) -> bool {
        matches!(self.document.kind(id), Kind::Scalar(scalar) if scalar.plain && scalar.text.is_empty())
    }
}
