//! Which variables there are at each place of the plan, and what to say of one that is not there.

use indexmap::IndexMap;
use std::collections::{BTreeSet, HashSet};
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
    /// What of that the plan itself gives a value.
    own: HashSet<String>,
    /// What was used before the plan itself had given it a value.
    outside: BTreeSet<String>,
    /// The same of the defaults, whose uses a capture further down may serve.
    hoped: BTreeSet<String>,
    /// The first capture of each name, those further down included once they are read.
    captured: IndexMap<String, Captured>,
    /// Uses of what was not known where it was used.
    unresolved: Vec<Use>,
    place: Place,
    /// Counted over steps and `finally`; none before the first.
    step: usize,
    /// Whether there may be more variables than those we were told of.
    open: bool,
}

struct Captured {
    line: u32,
    step: usize,
}

struct Use {
    name: String,
    range: Range<usize>,
    place: Place,
    step: usize,
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
            own: HashSet::new(),
            outside: BTreeSet::new(),
            hoped: BTreeSet::new(),
            captured: IndexMap::new(),
            unresolved: Vec::new(),
            place: Place::InOrder,
            step: 0,
            open: outside.names.is_none(),
        }
    }

    pub(super) fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    pub(super) fn begin_step(&mut self) {
        self.step += 1;
    }

    pub(super) fn used(&mut self, reference: &Reference, range: Range<usize>) {
        if !self.own.contains(&reference.name) {
            let is_hoped = self.place == Place::Defaults && !self.known.contains(&reference.name);
            let names = if is_hoped { &mut self.hoped } else { &mut self.outside };
            if !names.contains(&reference.name) {
                names.insert(reference.name.clone());
            }
        }
        if !reference.optional && !self.known.contains(&reference.name) {
            self.unresolved.push(Use { name: reference.name.clone(), range, place: self.place, step: self.step });
        }
    }

    pub(super) fn define(&mut self, name: &str) {
        self.known.insert(name.to_owned());
        self.own.insert(name.to_owned());
    }

    pub(super) fn capture(&mut self, name: &str, line: u32) {
        self.captured.entry(name.to_owned()).or_insert(Captured { line, step: self.step });
        self.define(name);
    }

    /// Reports what stayed unknown, and gives back what was used that has to come from outside; the plan has been read
    /// to its end.
    pub(super) fn report(self, findings: &mut Findings) -> Vec<String> {
        // In a fixed order, for the closest of several may be equally close.
        let mut names: Vec<_> = self.known.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.truncate(COMPARED);
        for unresolved in &self.unresolved {
            if unresolved.place == Place::Defaults && self.captured.contains_key(&unresolved.name) {
                continue;
            }
            if self.open {
                findings.warn(|| self.finding(Finding::warning, unresolved, &names));
            } else {
                findings.add(|| self.finding(Finding::error, unresolved, &names));
            }
        }
        let Self { mut outside, hoped, captured, open, .. } = self;
        // Who can tell what comes from outside knows by now that this does not.
        outside.extend(hoped.into_iter().filter(|name| open || !captured.contains_key(name)));
        outside.into_iter().collect()
    }

    fn finding(&self, make: fn(&'static str, Range<usize>, String) -> Finding, used: &Use, names: &[&str]) -> Finding {
        let name = cut(&used.name);
        let make = |message| make("unknown-variable", used.range.clone(), message);
        match self.captured.get(&used.name) {
            Some(captured) if captured.step == used.step => make(format!(
                "The variable `{name}` has no value yet here: it is captured from the response to this very step."
            )),
            Some(Captured { line, .. }) => make(format!(
                "The variable `{name}` has no value yet here: it is captured further down, in line {line}."
            )),
            None if self.known.contains(&used.name) => make(format!("The variable `{name}` has no value yet here."))
                .hint("A variable can use only those above it."),
            None => make(format!("There is no variable `{name}`.")).hint(self.advice(&used.name, names)),
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
