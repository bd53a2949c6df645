//! `expand[]`: puts objects in the place of their ids.

use serde_json::Value;

use super::document::Document;
use super::state::State;
use super::{Problem, checkout, invoice, listing};

/// How deep Stripe goes.
const DEPTH: usize = 4;

pub(crate) fn expand(state: &State, object: &mut Value, path: &str) -> Result<(), Problem> {
    let steps: Vec<&str> = path.split('.').collect();
    if steps.len() > DEPTH {
        return Err(Problem::invalid(format!("You cannot expand more than {DEPTH} levels of a property ({path}).")));
    }
    follow(state, object, &steps).map_err(|step| {
        Problem::invalid(format!(
            "This property cannot be expanded ({step}). You may want to try expanding 'data.{step}' instead."
        ))
    })
}

/// The step that leads nowhere, if there is one.
fn follow<'a>(state: &State, object: &mut Value, steps: &[&'a str]) -> Result<(), &'a str> {
    let Some((&step, rest)) = steps.split_first() else { return Ok(()) };
    if let Some(included) = included(state, object, step) {
        object[step] = included;
    }
    let place = object.get_mut(step).ok_or(step)?;
    if let Value::String(id) = place {
        let shown = state.show(id);
        if shown.is_null() {
            return Err(step);
        }
        *place = shown;
    }
    match place {
        Value::Array(members) => members.iter_mut().try_for_each(|member| follow(state, member, rest)),
        Value::Object(_) => follow(state, place, rest),
        Value::Null => Ok(()),
        _ => Err(step),
    }
}

/// What is only there when it is asked for.
fn included(state: &State, object: &Value, name: &str) -> Option<Value> {
    match (object.text("object"), name) {
        ("checkout.session", "line_items") => Some(checkout::line_items(state, object.text("id"))),
        ("customer", "subscriptions") => {
            let customer = object.text("id");
            let ids = state.ids("subscription", |one| one["customer"] == customer && one["status"] != "canceled");
            let data: Vec<Value> = ids.iter().map(|id| state.show(id)).collect();
            Some(listing::inner(&format!("/v1/customers/{customer}/subscriptions"), &data))
        }
        ("invoice", "payments") => Some(invoice::payments(state, object.text("id"))),
        _ => None,
    }
}
