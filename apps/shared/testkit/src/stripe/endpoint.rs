//! Webhook endpoints: where events are delivered to.

use serde_json::{Value, json};

use super::document::{Document, id};
use super::form::Form;
use super::state::State;
use super::{API_VERSION, Problem, listing};

/// Shows the signing secret, this once.
pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    form.required("url")?;
    let version = form.given("api_version").unwrap_or(API_VERSION);
    if version != API_VERSION {
        let known = format!("This fake speaks {API_VERSION} alone, not {version}.");
        return Err(Problem::invalid(known).at("api_version"));
    }
    let mut endpoint = json!({
        "id": id("we_", 24),
        "object": "webhook_endpoint",
        "api_version": version,
        "application": null,
        "created": state.now,
        "description": null,
        "enabled_events": [],
        "livemode": false,
        "metadata": {},
        "status": "enabled",
        "url": null,
    });
    read(&mut endpoint, form)?;
    if endpoint["enabled_events"] == json!([]) {
        return Err(Problem::missing("enabled_events"));
    }
    form.all_read()?;
    let secret = id("whsec_", 32);
    let id = state.add(endpoint);
    state.secrets.insert(id.clone(), secret.clone());
    let mut shown = state.show(&id);
    shown["secret"] = secret.into();
    Ok(shown)
}

pub(crate) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut endpoint = state.at("webhook_endpoint", id)?.clone();
    read(&mut endpoint, form)?;
    form.all_read()?;
    state.edit(id, |stored| *stored = endpoint);
    Ok(state.show(id))
}

pub(crate) fn delete(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    state.at("webhook_endpoint", id)?;
    form.all_read()?;
    state.remove(id);
    state.secrets.remove(id);
    Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    listing::page(state, "/v1/webhook_endpoints", state.all("webhook_endpoint"), form)
}

/// The ids of those that want events of this type.
pub(crate) fn of(state: &State, kind: &str) -> Vec<String> {
    let wants = |endpoint: &Value| {
        let events = endpoint["enabled_events"].as_array();
        endpoint["status"] == "enabled" && events.is_some_and(|all| all.iter().any(|one| one == "*" || one == kind))
    };
    state.ids("webhook_endpoint", wants)
}

/// Its address and signing secret, if it is still there.
pub(crate) fn target(state: &State, id: &str) -> Option<(String, String)> {
    let endpoint = state.get(id)?;
    Some((endpoint.text("url").to_owned(), state.secrets.get(id)?.clone()))
}

fn read(endpoint: &mut Value, form: &Form) -> Result<(), Problem> {
    if let Some(url) = form.given("url") {
        match url::Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => endpoint["url"] = url.into(),
            _ => return Err(Problem::invalid(format!("Invalid URL: {url}")).code("url_invalid").at("url")),
        }
    }
    let events = form.texts("enabled_events");
    if let Some(wrong) = events.iter().find(|event| **event != "*" && !event.contains('.')) {
        return Err(Problem::invalid(format!("Invalid enabled_events: {wrong}")).at("enabled_events"));
    }
    if !events.is_empty() {
        endpoint["enabled_events"] = events.into();
    }
    if let Some(description) = form.text("description") {
        endpoint["description"] = description.into();
    }
    if let Some(disabled) = form.flag("disabled")? {
        endpoint["status"] = if disabled { "disabled" } else { "enabled" }.into();
    }
    form.merge("metadata", &mut endpoint["metadata"]);
    Ok(())
}
