//! Prices, and the plans that subscriptions still show beside them.

use serde_json::{Value, json};

use super::document::{Document, id};
use super::form::Form;
use super::state::State;
use super::{Problem, listing, product};

pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let currency = form.required("currency")?.to_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Problem::invalid(format!("Invalid currency: {currency}.")).at("currency"));
    }
    let amount = form.integer("unit_amount")?.ok_or_else(|| Problem::missing("unit_amount"))?;
    if !(0..=99_999_999).contains(&amount) {
        return Err(Problem::invalid("The unit_amount must be between 0 and 99999999.").at("unit_amount"));
    }
    form.one_of("billing_scheme", &["per_unit"])?;
    let interval = form.one_of("recurring[interval]", &["day", "week", "month", "year"])?;
    let count = form.integer("recurring[interval_count]")?.unwrap_or(1);
    if !(1..=36).contains(&count) {
        return Err(Problem::invalid("Invalid interval_count").at("recurring[interval_count]"));
    }
    form.one_of("recurring[usage_type]", &["licensed"])?;
    let recurring = interval.map(|interval| {
        json!({
            "interval": interval, "interval_count": count, "meter": null, "trial_period_days": null,
            "usage_type": "licensed",
        })
    });
    let mut price = json!({
        "id": id("price_", 24),
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": state.now,
        "currency": currency,
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": null,
        "metadata": {},
        "nickname": null,
        "product": null,
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_some() { "recurring" } else { "one_time" },
        "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(),
    });
    let takes = read(state, &mut price, form)?;
    let new_product = form.given("product_data[name]");
    match (form.given("product"), new_product) {
        (Some(given), None) => price["product"] = state.named("product", given, "product")?["id"].clone(),
        (None, Some(_)) => {}
        _ => return Err(Problem::missing("product")),
    }
    form.all_read()?;
    if let Some(name) = new_product {
        price["product"] = product::make(state, name).into();
    }
    give_up_lookup_key(state, takes);
    let id = state.add(price);
    state.tell("price.created", &id);
    Ok(state.show(&id))
}

pub(crate) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut price = state.at("price", id)?.clone();
    let takes = read(state, &mut price, form)?;
    form.all_read()?;
    give_up_lookup_key(state, takes);
    state.update(id, "price.updated", |stored| *stored = price);
    Ok(state.show(id))
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let active = form.flag("active")?;
    let keys = form.texts("lookup_keys");
    let product = form.given("product");
    let kind = form.one_of("type", &["recurring", "one_time"])?;
    let currency = form.given("currency");
    let wanted = |price: &&Value| {
        active.is_none_or(|active| price["active"] == active)
            && (keys.is_empty() || keys.iter().any(|key| price["lookup_key"] == *key))
            && product.is_none_or(|product| price["product"] == product)
            && kind.is_none_or(|kind| price["type"] == kind)
            && currency.is_none_or(|currency| price["currency"] == currency)
    };
    listing::page(state, "/v1/prices", state.all("price").filter(wanted), form)
}

/// The plan that stands for a price in a subscription's items.
pub(crate) fn plan(price: &Value) -> Value {
    json!({
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": false,
        "metadata": price["metadata"],
        "meter": null,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    })
}

/// The price whose lookup key is taken over.
type Takes = Option<String>;

fn read(state: &State, price: &mut Value, form: &Form) -> Result<Takes, Problem> {
    if let Some(active) = form.flag("active")? {
        price["active"] = active.into();
    }
    if let Some(nickname) = form.text("nickname") {
        price["nickname"] = nickname.into();
    }
    if let Some(behavior) = form.one_of("tax_behavior", &["inclusive", "exclusive", "unspecified"])? {
        price["tax_behavior"] = behavior.into();
    }
    form.merge("metadata", &mut price["metadata"]);
    let transfer = form.flag("transfer_lookup_key")? == Some(true);
    let Some(key) = form.text("lookup_key") else { return Ok(None) };
    if key.is_empty() {
        price["lookup_key"] = Value::Null;
        return Ok(None);
    }
    let holder = state.all("price").find(|other| other["lookup_key"] == key && other["id"] != price["id"]);
    price["lookup_key"] = key.into();
    match holder {
        Some(holder) if !transfer => {
            let holder = holder.text("id");
            let taken = format!("A price (`{holder}`) already uses that lookup key.");
            Err(Problem::invalid(taken).code("resource_already_exists").at("lookup_key"))
        }
        holder => Ok(holder.map(|holder| holder.text("id").to_owned())),
    }
}

fn give_up_lookup_key(state: &mut State, takes: Takes) {
    if let Some(holder) = takes {
        state.update(&holder, "price.updated", |price| price["lookup_key"] = Value::Null);
    }
}
