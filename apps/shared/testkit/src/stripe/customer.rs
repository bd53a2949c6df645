//! Customers.

use serde_json::{Value, json};

use super::document::{Document, id};
use super::form::Form;
use super::state::State;
use super::{Problem, card, listing, subscription};

const TEXTS: [&str; 4] = ["email", "name", "description", "phone"];

pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let mut customer = blank(state.now);
    read(state, &mut customer, form)?;
    form.all_read()?;
    let id = state.add(customer);
    state.tell("customer.created", &id);
    Ok(state.show(&id))
}

/// For somebody who pays without being known yet.
pub(crate) fn make(state: &mut State, email: &str) -> String {
    let mut customer = blank(state.now);
    customer["email"] = email.into();
    let id = state.add(customer);
    state.tell("customer.created", &id);
    id
}

pub(crate) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut customer = state.alive("customer", id)?.clone();
    read(state, &mut customer, form)?;
    form.all_read()?;
    state.update(id, "customer.updated", |stored| *stored = customer);
    Ok(state.show(id))
}

/// Ends its subscriptions as well.
pub(crate) fn delete(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    state.alive("customer", id)?;
    form.all_read()?;
    for live in state.ids("subscription", |one| one["customer"] == id && !subscription::is_over(one)) {
        subscription::end(state, &live, None);
    }
    state.tell("customer.deleted", id);
    let deleted = json!({ "id": id, "object": "customer", "deleted": true });
    state.edit(id, |stored| *stored = deleted.clone());
    Ok(deleted)
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let email = form.given("email");
    let wanted = |customer: &&Value| email.is_none_or(|email| customer["email"] == email);
    listing::page(state, "/v1/customers", state.all("customer").filter(wanted), form)
}

/// Takes note that its last payment came or did not come.
pub(crate) fn is_delinquent(state: &mut State, id: &str, delinquent: bool) {
    if state.get(id).is_some_and(|customer| !customer.is("deleted")) {
        state.update(id, "customer.updated", |customer| customer["delinquent"] = delinquent.into());
    }
}

fn read(state: &State, customer: &mut Value, form: &Form) -> Result<(), Problem> {
    for name in TEXTS {
        if let Some(value) = form.text(name) {
            customer[name] = if value.is_empty() { Value::Null } else { value.into() };
        }
    }
    if let Some(email) = form.given("email")
        && !email.contains('@')
    {
        return Err(Problem::invalid(format!("Invalid email address: {email}")).code("email_invalid").at("email"));
    }
    if form.text("address") == Some("") {
        customer["address"] = Value::Null;
    }
    for (name, value) in form.map("address") {
        if customer["address"].is_null() {
            customer["address"] = json!({
                "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null
            });
        }
        customer["address"][name] = value;
    }
    let locales = form.texts("preferred_locales");
    if !locales.is_empty() {
        customer["preferred_locales"] = locales.into();
    }
    if let Some(exempt) = form.one_of("tax_exempt", &["none", "exempt", "reverse"])? {
        customer["tax_exempt"] = exempt.into();
    }
    let default = "invoice_settings[default_payment_method]";
    if let Some(method) = form.given(default) {
        card::belongs_to(state, method, customer.text("id"), default)?;
        customer["invoice_settings"]["default_payment_method"] = method.into();
    }
    form.merge("metadata", &mut customer["metadata"]);
    Ok(())
}

fn blank(now: i64) -> Value {
    json!({
        "id": id("cus_", 14),
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": now,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": null,
        "email": null,
        "invoice_prefix": id("", 8).to_uppercase(),
        "invoice_settings": {
            "custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null
        },
        "livemode": false,
        "metadata": {},
        "name": null,
        "next_invoice_sequence": 1,
        "phone": null,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
    })
}
