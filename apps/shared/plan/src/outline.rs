//! What a plan will do, in one line per step: for pages and lists, before anything ran.

use serde::{Deserialize, Serialize};

use crate::model::{Action, Plan, Step};

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineStep {
    /// Where it stands: `1`, `2`, `finally.1`; counted from one.
    pub path: String,
    /// As written; the method and URL where the plan gives no name.
    pub name: String,
    /// The action's key: `get`, `post`, …
    pub action: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// As written, placeholders and all.
    pub url: String,
}

/// The steps of a plan in the order they run, `finally` last.
#[must_use]
pub fn outline(plan: &Plan) -> Vec<OutlineStep> {
    let steps = plan.steps.iter().enumerate().map(|(index, step)| line((index + 1).to_string(), step));
    let finally = plan.finally.iter().enumerate().map(|(index, step)| line(format!("finally.{}", index + 1), step));
    steps.chain(finally).collect()
}

fn line(path: String, step: &Step) -> OutlineStep {
    let Action::Request(request) = &step.action;
    let url = request.url.as_written().to_owned();
    let method = request.method.as_str();
    let name = step.name.as_ref().map_or_else(|| format!("{method} {url}"), |name| name.as_written().to_owned());
    OutlineStep { path, name, action: request.method.key().to_owned(), method: method.to_owned(), url }
}
