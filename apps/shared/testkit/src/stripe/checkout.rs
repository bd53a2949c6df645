//! Checkout sessions for subscriptions: what is bought, until somebody pays on the session's page.

mod session;

use serde_json::{Value, json};

use super::document::Document;
use super::form::Form;
use super::invoice::{self, Attempt};
use super::purchase::Purchase;
use super::state::State;
use super::{Card, Problem, card, customer, listing, subscription};

const DAY: i64 = 24 * 60 * 60;

pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    if form.required("mode")? != "subscription" {
        return Err(Problem::invalid("This fake has checkout sessions for subscriptions alone.").at("mode"));
    }
    form.one_of("ui_mode", &["hosted_page"])?;
    form.one_of("payment_method_types[0]", &["card"])?;
    let customer = match form.given("customer") {
        Some(customer) => Some(state.named("customer", customer, "customer")?.text("id").to_owned()),
        None => None,
    };
    let email = form.given("customer_email");
    if customer.is_some() && email.is_some() {
        let both = "You may only specify one of these parameters: customer, customer_email.";
        return Err(Problem::invalid(both).at("customer_email"));
    }
    let purchase = Purchase::read(state, form, "line_items", "subscription_data")?;
    let collection = form.one_of("payment_method_collection", &["always", "if_required"])?.unwrap_or("always");
    let expires_at = form.integer("expires_at")?.unwrap_or(state.now + DAY);
    if !(state.now + DAY / 48..=state.now + DAY).contains(&expires_at) {
        let range =
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.";
        return Err(Problem::invalid(range).at("expires_at"));
    }
    let due = if purchase.trial_end(state.now).is_some() { 0 } else { purchase.total(state) };
    let known = customer.as_deref().map(|customer| state.show(customer)["email"].clone());
    let mut created = session::blank(state.now);
    let session = created.text("id").to_owned();
    created["allow_promotion_codes"] = form.flag("allow_promotion_codes")?.into();
    created["amount_subtotal"] = due.into();
    created["amount_total"] = due.into();
    created["billing_address_collection"] = form.one_of("billing_address_collection", &["auto", "required"])?.into();
    created["cancel_url"] = form.given("cancel_url").into();
    created["client_reference_id"] = form.given("client_reference_id").into();
    created["currency"] = purchase.currency(state).into();
    created["customer_creation"] = customer.is_none().then_some("always").into();
    created["customer_details"] = known.as_ref().map(details).into();
    created["customer_email"] = email.into();
    created["customer"] = customer.into();
    created["expires_at"] = expires_at.into();
    created["locale"] = form.given("locale").into();
    created["metadata"] = form.map("metadata").into();
    created["payment_method_collection"] = collection.into();
    created["success_url"] = form.required("success_url")?.into();
    created["url"] = format!("{}pay/{session}", state.origin).into();
    form.one_of("automatic_tax[enabled]", &["false"])?;
    form.one_of("tax_id_collection[enabled]", &["false"])?;
    form.ignore(&["customer_update"]);
    form.all_read()?;
    state.purchases.insert(session.clone(), purchase);
    state.add(created);
    Ok(state.show(&session))
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let customer = form.given("customer");
    let subscription = form.given("subscription");
    let status = form.one_of("status", &["open", "complete", "expired"])?;
    let wanted = |session: &&Value| {
        customer.is_none_or(|customer| session["customer"] == customer)
            && subscription.is_none_or(|id| session["subscription"] == id)
            && status.is_none_or(|status| session["status"] == status)
    };
    listing::page(state, "/v1/checkout/sessions", state.all("checkout.session").filter(wanted), form)
}

pub(crate) fn expire(state: &mut State, id: &str) -> Result<Value, Problem> {
    open(state, id)?;
    state.edit(id, |session| {
        session["status"] = "expired".into();
        session["url"] = Value::Null;
    });
    state.tell("checkout.session.expired", id);
    Ok(state.show(id))
}

/// What is bought, as Stripe lists it.
pub(crate) fn line_items(state: &State, id: &str) -> Value {
    let lines = state.purchases.get(id).map(|purchase| purchase.lines.as_slice()).unwrap_or_default();
    let data = lines.iter().map(|line| {
        let price = state.show(&line.price);
        let total = price.number("unit_amount").saturating_mul(line.quantity);
        json!({
            "id": format!("li_{}", &line.price["price_".len()..]),
            "object": "item",
            "adjustable_quantity": null,
            "amount_discount": 0,
            "amount_subtotal": total,
            "amount_tax": 0,
            "amount_total": total,
            "currency": price["currency"],
            "description": state.show(price.text("product"))["name"],
            "metadata": {},
            "price": price,
            "quantity": line.quantity,
        })
    });
    listing::inner(&format!("/v1/checkout/sessions/{id}/line_items"), &data.collect::<Vec<_>>())
}

/// What clicking **Pay** does, by somebody who confirms what has to be confirmed. With a card that is
/// declined nothing has happened.
pub(crate) fn pay(state: &mut State, id: &str, email: &str, card: Card) -> Result<(), Problem> {
    let session = open(state, id)?.clone();
    let purchase = state.purchases.get(id).cloned().ok_or_else(|| Problem::no_such("checkout.session", id))?;
    let due = session.number("amount_total");
    match card {
        Card::Declines => return Err(Problem::declined()),
        Card::Missing if due > 0 || session["payment_method_collection"] != "if_required" => {
            return Err(Problem::invalid("A card is needed to go on.").at("card"));
        }
        _ => {}
    }
    let customer = match session["customer"].as_str() {
        Some(known) => state.named("customer", known, "customer")?.text("id").to_owned(),
        None if email.contains('@') => customer::make(state, email),
        None => return Err(Problem::invalid(format!("Invalid email address: {email}")).at("email")),
    };
    let method = card::attach(state, &customer, card);
    let subscription = subscription::start(state, &customer, &purchase, method);
    let invoice = state.show(&subscription).text("latest_invoice").to_owned();
    if due > 0 {
        invoice::collect(state, &invoice, Attempt::Present, None);
    }
    let email = state.show(&customer)["email"].clone();
    state.edit(id, |session| {
        session["status"] = "complete".into();
        session["payment_status"] = if due > 0 { "paid" } else { "no_payment_required" }.into();
        session["customer"] = customer.into();
        session["customer_details"] = details(&email);
        session["subscription"] = subscription.into();
        session["invoice"] = invoice.into();
        session["url"] = Value::Null;
    });
    state.tell("checkout.session.completed", id);
    Ok(())
}

fn open<'a>(state: &'a State, id: &str) -> Result<&'a Value, Problem> {
    let session = state.at("checkout.session", id)?;
    match session.text("status") {
        "open" => Ok(session),
        status => Err(Problem::invalid(format!("This Checkout Session is {status} and no longer open."))),
    }
}

fn details(email: &Value) -> Value {
    json!({ "address": null, "email": email, "name": null, "phone": null, "tax_exempt": "none", "tax_ids": [] })
}
