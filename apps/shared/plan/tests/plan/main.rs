//! The plan language from outside: texts in, plans and diagnostics out.

#![allow(clippy::unwrap_used)] // Helpers of tests may fail as tests do.

mod corpus;
mod differential;
mod hostile;
mod interpolation;
mod outside;
mod round_trip;
mod schema;

use plan::{Checked, Known, Plan};

/// A text whose variables from outside are all known.
fn check(text: &str) -> Checked {
    let names = [
        "PASSWORD", "STATUS", "TAG", "LOW", "CODE", "MAX", "SECONDS", "N", "YES", "USER", "TOKEN", "BASE", "HOST",
        "PORT", "S",
    ];
    plan::check(text, &Known { names: Some(names.map(str::to_owned).to_vec()) })
}

/// The plan without what depends on how its text is laid out.
fn without_lines(mut plan: Plan) -> Plan {
    for step in plan.steps.iter_mut().chain(&mut plan.finally) {
        step.line = 0;
    }
    plan
}
