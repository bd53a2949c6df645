//! Products.

use serde_json::{Value, json};

use super::document::id;
use super::form::Form;
use super::state::State;
use super::{Problem, listing};

const TEXTS: [&str; 4] = ["description", "statement_descriptor", "unit_label", "url"];

pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let mut product = blank(state.now, form.required("name")?);
    if let Some(id) = form.given("id") {
        if state.get(id).is_some() {
            let taken = Problem::invalid(format!("Product already exists: {id}"));
            return Err(taken.code("resource_already_exists").at("id"));
        }
        product["id"] = id.into();
    }
    read(&mut product, form)?;
    form.all_read()?;
    let id = state.add(product);
    state.tell("product.created", &id);
    Ok(state.show(&id))
}

/// For a price that brings its product along.
pub(crate) fn make(state: &mut State, name: &str) -> String {
    let id = state.add(blank(state.now, name));
    state.tell("product.created", &id);
    id
}

pub(crate) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut product = state.alive("product", id)?.clone();
    if let Some(name) = form.given("name") {
        product["name"] = name.into();
    }
    if let Some(price) = form.given("default_price") {
        state.named("price", price, "default_price")?;
        product["default_price"] = price.into();
    }
    read(&mut product, form)?;
    form.all_read()?;
    product["updated"] = state.now.into();
    state.update(id, "product.updated", |stored| *stored = product);
    Ok(state.show(id))
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let active = form.flag("active")?;
    let ids = form.texts("ids");
    let url = form.given("url");
    let wanted = |product: &&Value| {
        active.is_none_or(|active| product["active"] == active)
            && (ids.is_empty() || ids.iter().any(|id| product["id"] == *id))
            && url.is_none_or(|url| product["url"] == url)
    };
    listing::page(state, "/v1/products", state.all("product").filter(wanted), form)
}

fn read(product: &mut Value, form: &Form) -> Result<(), Problem> {
    for name in TEXTS {
        if let Some(value) = form.text(name) {
            product[name] = if value.is_empty() { Value::Null } else { value.into() };
        }
    }
    if let Some(active) = form.flag("active")? {
        product["active"] = active.into();
    }
    if let Some(code) = form.given("tax_code") {
        product["tax_code"] = code.into();
    }
    let images = form.texts("images");
    if !images.is_empty() {
        product["images"] = images.into();
    }
    form.merge("metadata", &mut product["metadata"]);
    Ok(())
}

fn blank(now: i64, name: &str) -> Value {
    json!({
        "id": id("prod_", 14),
        "object": "product",
        "active": true,
        "created": now,
        "default_price": null,
        "description": null,
        "images": [],
        "livemode": false,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": null,
        "shippable": null,
        "statement_descriptor": null,
        "tax_code": null,
        "type": "service",
        "unit_label": null,
        "updated": now,
        "url": null,
    })
}
