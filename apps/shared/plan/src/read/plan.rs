//! The whole plan in its two forms, and its steps.

use indexmap::IndexMap;

use super::names::Place;
use super::request::Beside;
use super::{Names, Reader};
use crate::check::Budgets;
use crate::diagnostic::Findings;
use crate::document::{Document, Id, Kind, cut};
use crate::model::{Action, Defaults, Method, OnFailure, Plan, Restriction, Step, WhenBusy};
use crate::position::Positions;
use crate::source;
use crate::template::Tree;
use crate::{Known, MAX_STEPS};

/// Reads a document as a plan, and the names it uses that nothing in it gives a value. What it gives is to be used only
/// if nothing was found wrong.
pub(crate) fn read(
    document: &Document,
    root: Id,
    text: &str,
    positions: &Positions<'_>,
    findings: &mut Findings,
    known: &Known,
) -> (Plan, Vec<String>) {
    let mut reader =
        Reader { document, text, positions, findings, names: Names::new(known), budgets: Budgets::default() };
    let plan = reader.plan(root);
    let Reader { names, findings, .. } = reader;
    let outside = names.report(findings);
    (plan, outside)
}

impl<'d> Reader<'d> {
    fn plan(&mut self, root: Id) -> Plan {
        let mut plan = Plan {
            name: None,
            description: None,
            variables: IndexMap::new(),
            defaults: Defaults::default(),
            steps: Vec::new(),
            finally: Vec::new(),
            on_failure: OnFailure::default(),
            restriction: Restriction::default(),
            when_busy: WhenBusy::default(),
        };
        match self.document.kind(root) {
            Kind::List(list) => plan.steps = self.steps(root, list),
            Kind::Map(entries) => {
                let source = source::read(self.document, entries, self.findings);
                self.mapping(root, source, &mut plan);
            }
            Kind::Broken => {}
            Kind::Scalar(_) => {
                let found = self.document.describe(root);
                self.error_with_hint(
                    "type",
                    root,
                    format!("A plan is a list of steps or a mapping with `steps`, found {found}."),
                    "Begin with `- get:` and, two levels deeper, `url: https://…`.",
                );
            }
        }
        let count = plan.steps.len() + plan.finally.len();
        if count > MAX_STEPS {
            self.error("limit", root, format!("The plan has {count} steps; at most {MAX_STEPS} are allowed."));
        }
        plan
    }

    fn mapping(&mut self, root: Id, source: source::Plan, plan: &mut Plan) {
        if let Some(id) = self.given(source.name) {
            plan.name = self.literal(id, "`name`").map(str::to_owned);
        }
        if let Some(id) = self.given(source.description) {
            plan.description = self.literal(id, "`description`").map(str::to_owned);
        }
        if let Some(id) = self.given(source.variables) {
            plan.variables = self.variables(id);
        }
        if let Some(id) = self.given(source.defaults) {
            self.names.set_place(Place::Defaults);
            plan.defaults = self.defaults(id);
            self.names.set_place(Place::InOrder);
        }
        if let Some(id) = self.given(source.on_failure) {
            plan.on_failure = self.on_failure(id).unwrap_or_default();
        }
        if let Some(id) = self.given(source.restriction) {
            plan.restriction = self.word(id, "restriction", &Restriction::ALL, Restriction::as_str).unwrap_or_default();
        }
        if let Some(id) = self.given(source.when_busy) {
            plan.when_busy = self.word(id, "when_busy", &WhenBusy::ALL, WhenBusy::as_str).unwrap_or_default();
        }
        match self.given(source.steps) {
            Some(id) => {
                let list = self.elements(id, "`steps`");
                plan.steps = self.steps(id, list);
            }
            None => {
                // A step in the plan's place has been reported as such.
                let single = matches!(self.document.kind(root), Kind::Map(entries)
                    if entries.iter().any(|(key, _)| is_method(self.document.key(*key))));
                if !single {
                    self.missing(root, &["steps"], "The plan has no `steps`.", "List the requests under `steps`.");
                }
            }
        }
        if let Some(id) = self.given(source.finally) {
            let list = self.elements(id, "`finally`");
            plan.finally = list.iter().filter_map(|id| self.step(*id)).collect();
        }
    }

    fn variables(&mut self, id: Id) -> IndexMap<String, Tree> {
        let mut variables = IndexMap::new();
        for (key, value) in self.entries(id, "`variables`") {
            let name = self.variable_name(*key);
            let tree = self.tree(*value);
            if let Some(name) = name {
                self.names.define(&name);
                variables.insert(name, tree);
            }
        }
        variables
    }

    fn defaults(&mut self, id: Id) -> Defaults {
        let Some(source) = self.structure::<source::Defaults>(id, "`defaults`") else { return Defaults::default() };
        Defaults {
            headers: self.given(source.headers).map(|id| self.headers(id)).unwrap_or_default(),
            auth: self.given(source.auth).and_then(|id| self.auth(id)),
            options: self.given(source.options).map(|id| self.options(id)).unwrap_or_default(),
        }
    }

    fn on_failure(&mut self, id: Id) -> Option<OnFailure> {
        self.word(id, "on_failure", &OnFailure::ALL, OnFailure::as_str)
    }

    /// The value of this key: one of a few words.
    fn word<T: Copy>(&mut self, id: Id, key: &str, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let found = self.literal(id, &format!("`{key}`"))?;
        let value = all.iter().copied().find(|value| word(*value) == found);
        if value.is_none() {
            let words: Vec<_> = all.iter().map(|value| format!("`{}`", word(*value))).collect();
            let (last, first) = words.split_last().expect("every key has values");
            let message = format!("`{key}` is {} or {last}, not `{}`.", first.join(", "), cut(found));
            self.error("value", id, message);
        }
        value
    }

    fn steps(&mut self, id: Id, list: &'d [Id]) -> Vec<Step> {
        if list.is_empty() && matches!(self.document.kind(id), Kind::List(_)) {
            self.error_with_hint(
                "missing",
                id,
                "The plan has no steps.",
                "Write at least one, such as `- get: {url: https://…}`.",
            );
        }
        list.iter().filter_map(|id| self.step(*id)).collect()
    }

    fn step(&mut self, id: Id) -> Option<Step> {
        self.names.begin_step();
        let source: source::Step = self.structure(id, "A step")?;
        let name = self.given(source.name).and_then(|id| self.template(id, "`name`"));
        let on_failure = self.given(source.on_failure).and_then(|id| self.on_failure(id));
        if let Some(at) = source.connect {
            self.error_with_hint(
                "not-supported",
                at.id,
                "`connect` is not supported: requests do not go through a proxy.",
                "Send the request itself with its own method.",
            );
            return None;
        }
        let methods = [
            (Method::Get, source.get),
            (Method::Post, source.post),
            (Method::Put, source.put),
            (Method::Patch, source.patch),
            (Method::Delete, source.delete),
            (Method::Head, source.head),
            (Method::Trace, source.trace),
        ];
        let mut actions: Vec<(Method, Id)> =
            methods.into_iter().filter_map(|(method, at)| at.map(|at| (method, at.id))).collect();
        // Alone it is an action, beside another action (or what is to be one) it holds that one's options.
        let mut options = self.given(source.options);
        if actions.is_empty()
            && !self.has_unknown_keys(id)
            && let Some(id) = options.take()
        {
            actions.push((Method::Options, id));
        }
        let &[(method, action)] = &actions[..] else {
            self.not_one_action(id, &actions);
            return None;
        };
        let beside =
            Beside { expect: self.given(source.expect), captures: self.given(source.save_from_response), options };
        let request = self.request(method, action, &beside)?;
        let line = self.positions.line(self.document.range(id).start);
        Some(Step { name, on_failure, action: Action::Request(Box::new(request)), line })
    }

    fn not_one_action(&mut self, step: Id, actions: &[(Method, Id)]) {
        if let [(first, _), (second, at), ..] = actions {
            self.error_with_hint(
                "conflict",
                *at,
                format!("The step has two actions: `{}` and `{}`.", first.key(), second.key()),
                "Make it two steps.",
            );
            return;
        }
        // A key that was not understood may be the misspelled action: one report is enough.
        if !self.has_unknown_keys(step) {
            self.error_with_hint(
                "missing",
                step,
                "The step has no action.",
                "Write one of `get`, `post`, `put`, `patch`, `delete`, `head`, `options`, `trace`.",
            );
        }
    }

    fn has_unknown_keys(&self, step: Id) -> bool {
        let known = source::keys::<source::Step>();
        match self.document.kind(step) {
            Kind::Map(entries) => entries.iter().any(|(key, _)| !known.contains(&self.document.key(*key))),
            _ => false,
        }
    }
}

fn is_method(key: &str) -> bool {
    matches!(key, "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "trace")
}
