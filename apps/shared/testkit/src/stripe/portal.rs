//! The customer portal: what its configurations allow, and sessions that open it for a customer.

use serde_json::{Value, json};

use super::document::id;
use super::form::Form;
use super::state::State;
use super::{Problem, listing};

pub(crate) fn configure(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let mut configuration = json!({
        "id": id("bpc_", 24),
        "object": "billing_portal.configuration",
        "active": true,
        "application": null,
        "business_profile": { "headline": null, "privacy_policy_url": null, "terms_of_service_url": null },
        "created": state.now,
        "default_return_url": null,
        "features": {
            "customer_update": { "allowed_updates": [], "enabled": false },
            "invoice_history": { "enabled": false },
            "payment_method_update": { "enabled": false, "payment_method_configuration": null },
            "subscription_cancel": {
                "cancellation_reason": {
                    "enabled": false,
                    "options": ["too_expensive", "missing_features", "switched_service", "unused", "other"],
                },
                "enabled": false,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_update": {
                "billing_cycle_anchor": null,
                "default_allowed_updates": [],
                "enabled": false,
                "products": null,
                "proration_behavior": "none",
                "schedule_at_period_end": { "conditions": [] },
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": false,
        "livemode": false,
        "login_page": { "enabled": false, "url": null },
        "metadata": {},
        "name": null,
        "updated": state.now,
    });
    read(&mut configuration, form)?;
    form.all_read()?;
    let id = state.add(configuration);
    state.tell("billing_portal.configuration.created", &id);
    Ok(state.show(&id))
}

pub(crate) fn reconfigure(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut configuration = state.at("billing_portal.configuration", id)?.clone();
    read(&mut configuration, form)?;
    if let Some(active) = form.flag("active")? {
        configuration["active"] = active.into();
    }
    form.all_read()?;
    configuration["updated"] = state.now.into();
    state.update(id, "billing_portal.configuration.updated", |stored| *stored = configuration);
    Ok(state.show(id))
}

pub(crate) fn configurations(state: &State, form: &Form) -> Result<Value, Problem> {
    let active = form.flag("active")?;
    let default = form.flag("is_default")?;
    let wanted = |one: &&Value| {
        active.is_none_or(|active| one["active"] == active)
            && default.is_none_or(|default| one["is_default"] == default)
    };
    let all = state.all("billing_portal.configuration").filter(wanted);
    listing::page(state, "/v1/billing_portal/configurations", all, form)
}

pub(crate) fn open(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let customer = state.named("customer", form.required("customer")?, "customer")?["id"].clone();
    let configuration = match form.given("configuration") {
        Some(id) => state.named("billing_portal.configuration", id, "configuration")?,
        None => state.all("billing_portal.configuration").find(|one| one["is_default"] == true).ok_or_else(|| {
            Problem::invalid(
                "No configuration provided and your test mode default configuration has not been created. \
                 Provide a configuration or create your default by saving your customer portal settings in test mode.",
            )
        })?,
    };
    let return_url = form.given("return_url").map_or_else(|| configuration["default_return_url"].clone(), Value::from);
    let session = id("bps_", 24);
    let created = json!({
        "id": session,
        "object": "billing_portal.session",
        "configuration": configuration["id"],
        "created": state.now,
        "customer": customer,
        "customer_account": null,
        "flow": null,
        "livemode": false,
        "locale": form.given("locale"),
        "on_behalf_of": null,
        "return_url": return_url,
        "url": format!("{}portal/{session}", state.origin),
    });
    form.all_read()?;
    state.add(created);
    state.tell("billing_portal.session.created", &session);
    Ok(state.show(&session))
}

fn read(configuration: &mut Value, form: &Form) -> Result<(), Problem> {
    for name in ["headline", "privacy_policy_url", "terms_of_service_url"] {
        if let Some(value) = form.text(&format!("business_profile[{name}]")) {
            configuration["business_profile"][name] = value.into();
        }
    }
    for name in ["default_return_url", "name"] {
        if let Some(value) = form.text(name) {
            configuration[name] = value.into();
        }
    }
    let features = &mut configuration["features"];
    for name in ["customer_update", "invoice_history", "payment_method_update", "subscription_cancel"] {
        if let Some(enabled) = form.flag(&format!("features[{name}][enabled]"))? {
            features[name]["enabled"] = enabled.into();
        }
    }
    let updates = "features[subscription_update][enabled]";
    if form.flag(updates)? == Some(true) {
        return Err(Problem::invalid("This fake's portal does not change subscriptions to other prices.").at(updates));
    }
    let allowed = form.texts("features[customer_update][allowed_updates]");
    if !allowed.is_empty() {
        features["customer_update"]["allowed_updates"] = allowed.into();
    }
    let cancel = &mut features["subscription_cancel"];
    if let Some(mode) = form.one_of("features[subscription_cancel][mode]", &["at_period_end", "immediately"])? {
        cancel["mode"] = mode.into();
    }
    let prorations = ["none", "create_prorations"];
    if let Some(behavior) = form.one_of("features[subscription_cancel][proration_behavior]", &prorations)? {
        cancel["proration_behavior"] = behavior.into();
    }
    let reason = "features[subscription_cancel][cancellation_reason]";
    if let Some(enabled) = form.flag(&format!("{reason}[enabled]"))? {
        cancel["cancellation_reason"]["enabled"] = enabled.into();
    }
    let options = form.texts(&format!("{reason}[options]"));
    if !options.is_empty() {
        cancel["cancellation_reason"]["options"] = options.into();
    }
    if form.flag("login_page[enabled]")? == Some(true) {
        return Err(Problem::invalid("This fake's portal has no login page of its own.").at("login_page[enabled]"));
    }
    form.merge("metadata", &mut configuration["metadata"]);
    Ok(())
}
