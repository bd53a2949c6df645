//! A change as a message to programs.

use serde_json::json;
use store::{Change, RunChange};

/// A named event with JSON for its data.
pub(crate) fn message(change: &Change) -> String {
    let (event, data) = match change {
        Change::Run { kind, plan, run, .. } => ("run", json!({ "run": run, "plan": plan, "change": word(*kind) })),
        Change::Plan { plan, .. } => ("plan", json!({ "plan": plan })),
        Change::Organization { organization } => ("organization", json!({ "organization": organization })),
        Change::Resync | Change::Mail => ("resync", json!({})),
    };
    format!("event: {event}\ndata: {data}\n\n")
}

fn word(kind: RunChange) -> &'static str {
    match kind {
        RunChange::Queued => "queued",
        RunChange::Started => "started",
        RunChange::Step => "step",
        RunChange::Cancelling => "cancelling",
        RunChange::Finished => "finished",
    }
}

#[cfg(test)]
mod tests {
    use domain::{OrganizationId, PlanId, RunId};

    use super::*;

    #[test]
    fn a_message_has_a_name_and_one_line_of_json() {
        let (organization, plan, run) = (OrganizationId::new(), PlanId::new(), RunId::new());
        let told = message(&Change::Run { kind: RunChange::Step, organization, plan, run });
        let data = format!(r#"{{"run":"{run}","plan":"{plan}","change":"step"}}"#);
        assert_eq!(told, format!("event: run\ndata: {data}\n\n"));
        assert_eq!(message(&Change::Resync), "event: resync\ndata: {}\n\n");
        assert_eq!(
            message(&Change::Plan { organization, plan }),
            format!("event: plan\ndata: {{\"plan\":\"{plan}\"}}\n\n")
        );
    }
}
