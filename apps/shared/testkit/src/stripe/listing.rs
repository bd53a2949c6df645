//! Lists: newest first, in pages with a cursor.

use serde_json::{Value, json};

use super::Problem;
use super::document::Document;
use super::form::Form;
use super::state::State;

/// One page of what is given oldest first.
pub(crate) fn page<'a>(
    state: &State,
    url: &str,
    objects: impl DoubleEndedIterator<Item = &'a Value>,
    form: &Form,
) -> Result<Value, Problem> {
    let limit = form.integer("limit")?.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(Problem::invalid("Invalid limit: must be between 1 and 100").at("limit"));
    }
    let limit = usize::try_from(limit).unwrap_or(10);
    let in_time = created_between(form)?;
    let all: Vec<&Value> = objects.rev().filter(|object| in_time(object.number("created"))).collect();
    let place = |cursor: &str, param: &str| {
        let missing = || Problem::invalid(format!("No such object: '{cursor}'")).code("resource_missing").at(param);
        all.iter().position(|object| object["id"] == cursor).ok_or_else(missing)
    };
    let (from, until) = match (form.given("starting_after"), form.given("ending_before")) {
        (None, None) => (0, all.len()),
        (Some(cursor), None) => (place(cursor, "starting_after")? + 1, all.len()),
        (None, Some(cursor)) => (0, place(cursor, "ending_before")?),
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("You cannot parameterize both starting_after and ending_before."));
        }
    };
    let rest = &all[from..until];
    let page = if form.given("ending_before").is_some() {
        &rest[rest.len().saturating_sub(limit)..]
    } else {
        &rest[..rest.len().min(limit)]
    };
    let data: Vec<Value> = page.iter().map(|object| state.show(object.text("id"))).collect();
    Ok(json!({ "object": "list", "data": data, "has_more": page.len() < rest.len(), "url": url }))
}

/// A list that stands inside another object.
pub(crate) fn inner(url: &str, data: &[Value]) -> Value {
    json!({ "object": "list", "data": data, "has_more": false, "total_count": data.len(), "url": url })
}

fn created_between(form: &Form) -> Result<impl Fn(i64) -> bool + use<>, Problem> {
    let exactly = form.integer("created")?;
    let after = form.integer("created[gt]")?;
    let from = form.integer("created[gte]")?;
    let before = form.integer("created[lt]")?;
    let until = form.integer("created[lte]")?;
    Ok(move |created| {
        exactly.is_none_or(|time| created == time)
            && after.is_none_or(|time| created > time)
            && from.is_none_or(|time| created >= time)
            && before.is_none_or(|time| created < time)
            && until.is_none_or(|time| created <= time)
    })
}
