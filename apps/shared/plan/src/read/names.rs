//! Which variables there are at each place of the plan, and what to say of one that is not there.

use indexmap::IndexMap;
use std::collections::HashSet;
use std::ops::Range;

use crate::Known;
use crate::diagnostic::{Finding, Findings};
use crate::document::cut;
use crate::suggestion;
use crate::template::Reference;

/// How many names are looked at for the one that was meant.
const COMPARED: usize = 500;

/// The variables of a plan while it is read from top to bottom.
pub(super) struct Names {
    /// What is known here.
    known: HashSet<String>,
    /// Captures, with the line of the first, those further down included once they are read.
    captured: IndexMap<String, u32>,
    /// Uses of what was not known where it was used.
    unresolved: Vec<(String, Range<usize>, Place)>,
    place: Place,
    /// Whether there may be more variables than those we were told of.
    open: bool,
}

/// What a use of a variable may look forward to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Only what stands above it.
    InOrder,
    /// Every capture: it is used by requests further down.
    Defaults,
}

impl Names {
    pub(super) fn new(outside: &Known) -> Self {
        Self {
            known: outside.names.iter().flatten().cloned().collect(),
            captured: IndexMap::new(),
            unresolved: Vec::new(),
            place: Place::InOrder,
            open: outside.names.is_none(),
        }
    }

    pub(super) fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    pub(super) fn used(&mut self, reference: &Reference, range: Range<usize>) {
        if !reference.optional && !self.known.contains(&reference.name) {
            self.unresolved.push((reference.name.clone(), range, self.place));
        }
    }

    pub(super) fn define(&mut self, name: &str) {
        self.known.insert(name.to_owned());
    }

    pub(super) fn capture(&mut self, name: &str, line: u32) {
        self.captured.entry(name.to_owned()).or_insert(line);
        self.define(name);
    }

    /// Reports what stayed unknown; the plan has been read to its end.
    pub(super) fn report(self, findings: &mut Findings) {
        // In a fixed order, for the closest of several may be equally close.
        let mut names: Vec<_> = self.known.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.truncate(COMPARED);
        for (name, range, place) in &self.unresolved {
            let finding = |make: fn(&'static str, Range<usize>, String) -> Finding| {
                let short = cut(name);
                match self.captured.get(name) {
                    Some(line) => make(
                        "unknown-variable",
                        range.clone(),
                        format!(
                            "The variable `{short}` has no value yet here: it is captured further down, in line {line}."
                        ),
                    ),
                    None => make("unknown-variable", range.clone(), format!("There is no variable `{short}`."))
                        .hint(self.advice(name, &names)),
                }
            };
            let captured = self.captured.contains_key(name);
            if captured && *place == Place::Defaults {
                continue;
            }
            if self.open {
                findings.warn(|| finding(Finding::warning));
            } else {
                findings.add(|| finding(Finding::error));
            }
        }
    }

    fn advice(&self, name: &str, names: &[&str]) -> String {
        match suggestion::closest(name, names.iter().copied()) {
            Some(close) => format!("Did you mean `{close}`?"),
            None if self.open => "Unless it comes from outside, define it under `variables` or capture it.".to_owned(),
            None if names.is_empty() => "Define it under `variables`, capture it, or give it as a secret.".to_owned(),
            None => {
                let more = if names.len() > 8 { ", …" } else { "" };
                let list: Vec<_> = names.iter().take(8).map(|name| format!("`{}`", cut(name))).collect();
                format!("Known here: {}{more}.", list.join(", "))
            }
        }
    }
}
