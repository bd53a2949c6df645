//! Subscriptions: what the API does with them. What time does with them is in `life`.

mod life;
mod period;
mod start;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::document::Document;
use super::form::Form;
use super::invoice::{self, Attempt};
use super::purchase::{Purchase, TRIAL, is_trial};
use super::state::State;
use super::{Problem, card, clock, listing, price};

pub(crate) use life::{announce_end_of_trial, end, expire, failed, paid, renew, resume, resume_collection};
pub(crate) use period::next_end;
pub(crate) use start::start;

/// What becomes of a subscription whose payment has failed for the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRetries {
    /// It ends.
    #[default]
    Canceled,
    /// It stays, and its invoices are drafts that nobody collects.
    Unpaid,
}

/// Whether nothing can come of it any more.
pub(crate) fn is_over(subscription: &Value) -> bool {
    matches!(subscription.text("status"), "canceled" | "incomplete_expired")
}

/// As Stripe shows it: with the prices as they are now.
pub(crate) fn shown(state: &State, subscription: &Value) -> Value {
    let mut shown = subscription.clone();
    for item in shown["items"]["data"].as_array_mut().into_iter().flatten() {
        let price = state.show(item.text("price"));
        item["plan"] = price::plan(&price);
        item["price"] = price;
    }
    shown
}

/// When its current period ends.
pub(crate) fn period_end(subscription: &Value) -> i64 {
    subscription["items"]["data"][0].number("current_period_end")
}

pub(crate) fn create(state: &mut State, form: &Form) -> Result<Value, Problem> {
    let customer = state.named("customer", form.required("customer")?, "customer")?.text("id").to_owned();
    let purchase = Purchase::read(state, form, "items", "")?;
    let method = form.given("default_payment_method").map(str::to_owned);
    if let Some(method) = &method {
        card::belongs_to(state, method, &customer, "default_payment_method")?;
    }
    let behaviors = ["allow_incomplete", "default_incomplete", "error_if_incomplete"];
    let behavior = form.one_of("payment_behavior", &behaviors)?.unwrap_or("allow_incomplete");
    form.one_of("collection_method", &["charge_automatically"])?;
    form.ignore(&["off_session", "payment_settings", "proration_behavior"]);
    form.all_read()?;

    let has_card = method.is_some() || !state.show(&customer)["invoice_settings"]["default_payment_method"].is_null();
    let due_now = purchase.trial_end(state.now).is_none() && purchase.total(state) > 0;
    if due_now && !has_card && behavior != "default_incomplete" {
        let missing = "This customer has no attached payment source or default payment method.";
        return Err(Problem::invalid(missing).code("resource_missing"));
    }
    let declines = method.as_deref().map(|method| card::kind(state, method));
    if due_now && behavior == "error_if_incomplete" {
        let default = state.show(&customer)["invoice_settings"].text("default_payment_method").to_owned();
        match declines.unwrap_or_else(|| card::kind(state, &default)) {
            card::Card::Good => {}
            card::Card::Authenticate => return Err(Problem::needs_authentication()),
            _ => return Err(Problem::declined()),
        }
    }
    let id = start(state, &customer, &purchase, method);
    if due_now && behavior != "default_incomplete" {
        let invoice = state.show(&id).text("latest_invoice").to_owned();
        invoice::collect(state, &invoice, Attempt::Requested, None);
    }
    Ok(state.show(&id))
}

pub(crate) fn update(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut changed = state.at("subscription", id)?.clone();
    let over = is_over(&changed);
    form.merge("metadata", &mut changed["metadata"]);
    read_details(&mut changed, form)?;
    if over && form.all_read().is_err() {
        return Err(Problem::invalid("A canceled subscription can only update its cancellation_details and metadata."));
    }
    read_end(state.now, &mut changed, form)?;
    read_pause(&mut changed, form)?;
    if let Some(method) = form.given("default_payment_method") {
        card::belongs_to(state, method, changed.text("customer"), "default_payment_method")?;
        changed["default_payment_method"] = method.into();
    }
    if let Some(description) = form.text("description") {
        changed["description"] = description.into();
    }
    if let Some(end) = form.given("trial_end") {
        let end = if end == "now" { state.now } else { form.integer("trial_end")?.unwrap_or(state.now) };
        if changed["status"] != "trialing" {
            return Err(Problem::invalid("This fake moves the end of a trial only while it lasts.").at("trial_end"));
        }
        if !is_trial(state.now, end) {
            return Err(Problem::invalid(TRIAL).at("trial_end"));
        }
        changed["trial_end"] = end.into();
        changed["billing_cycle_anchor"] = end.into();
        for item in changed["items"]["data"].as_array_mut().into_iter().flatten() {
            item["current_period_end"] = end.into();
        }
    }
    form.ignore(&["off_session", "payment_behavior", "proration_behavior"]);
    form.all_read()?;
    state.update(id, "customer.subscription.updated", |stored| *stored = changed);
    // A trial that ends now is over before the answer.
    clock::advance(state, state.now);
    Ok(state.show(id))
}

/// Ends it at once.
pub(crate) fn cancel(state: &mut State, id: &str, form: &Form) -> Result<Value, Problem> {
    let mut changed = state.at("subscription", id)?.clone();
    if is_over(&changed) {
        return Err(Problem::no_such("subscription", id));
    }
    read_details(&mut changed, form)?;
    form.ignore(&["invoice_now", "prorate"]);
    form.all_read()?;
    state.edit(id, |stored| *stored = changed);
    end(state, id, Some("cancellation_requested"));
    Ok(state.show(id))
}

/// Cancels at the end of the current period, as the portal does: with a date.
pub(crate) fn cancel_later(state: &mut State, id: &str) {
    let now = state.now;
    state.update(id, "customer.subscription.updated", |one| end_at(one, now, period_end(one)));
}

/// Takes back what would end it later.
pub(crate) fn keep(state: &mut State, id: &str) {
    state.update(id, "customer.subscription.updated", go_on);
}

pub(crate) fn list(state: &State, form: &Form) -> Result<Value, Problem> {
    let customer = form.given("customer");
    let price = form.given("price");
    let status = form.given("status");
    form.ignore(&["collection_method"]);
    let wanted = |one: &&Value| {
        customer.is_none_or(|customer| one["customer"] == customer)
            && price.is_none_or(|price| one["items"]["data"][0]["price"] == price)
            && match status {
                None => one["status"] != "canceled",
                Some("all") => true,
                Some("ended") => is_over(one),
                Some(status) => one["status"] == status,
            }
    };
    listing::page(state, "/v1/subscriptions", state.all("subscription").filter(wanted), form)
}

fn read_details(subscription: &mut Value, form: &Form) -> Result<(), Problem> {
    let details = &mut subscription["cancellation_details"];
    if let Some(comment) = form.text("cancellation_details[comment]") {
        details["comment"] = comment.into();
    }
    let reasons = [
        "customer_service",
        "low_quality",
        "missing_features",
        "other",
        "switched_service",
        "too_complex",
        "too_expensive",
        "unused",
    ];
    if let Some(feedback) = form.one_of("cancellation_details[feedback]", &reasons)? {
        details["feedback"] = feedback.into();
    }
    Ok(())
}

/// When it shall end. Taking back `cancel_at_period_end` leaves a date alone that was set as such.
fn read_end(now: i64, subscription: &mut Value, form: &Form) -> Result<(), Problem> {
    let period_end = period_end(subscription);
    match (form.flag("cancel_at_period_end")?, form.text("cancel_at")) {
        (Some(_), Some(_)) => {
            let both = "Received both cancel_at_period_end and cancel_at parameters. Please pass in only one.";
            return Err(Problem::invalid(both));
        }
        (None, None) => {}
        (Some(false), None) if !subscription.is("cancel_at_period_end") => {}
        (Some(false), None) | (None, Some("")) => go_on(subscription),
        (Some(true), None) => {
            end_at(subscription, now, period_end);
            subscription["cancel_at_period_end"] = true.into();
        }
        (None, Some("min_period_end" | "max_period_end")) => end_at(subscription, now, period_end),
        (None, Some(_)) => match form.integer("cancel_at")? {
            Some(end) if end > now => end_at(subscription, now, end),
            _ => return Err(Problem::invalid("cancel_at must be in the future.").at("cancel_at")),
        },
    }
    Ok(())
}

fn end_at(subscription: &mut Value, now: i64, end: i64) {
    subscription["cancel_at"] = end.into();
    subscription["cancel_at_period_end"] = false.into();
    subscription["canceled_at"] = now.into();
    subscription["cancellation_details"]["reason"] = "cancellation_requested".into();
}

fn go_on(subscription: &mut Value) {
    subscription["cancel_at"] = Value::Null;
    subscription["cancel_at_period_end"] = false.into();
    subscription["canceled_at"] = Value::Null;
    subscription["cancellation_details"]["reason"] = Value::Null;
}

fn read_pause(subscription: &mut Value, form: &Form) -> Result<(), Problem> {
    if form.text("pause_collection") == Some("") {
        subscription["pause_collection"] = Value::Null;
    }
    let behaviors = ["keep_as_draft", "mark_uncollectible", "void"];
    let resumes_at = form.integer("pause_collection[resumes_at]")?;
    if let Some(behavior) = form.one_of("pause_collection[behavior]", &behaviors)? {
        subscription["pause_collection"] = json!({ "behavior": behavior, "resumes_at": resumes_at });
    } else if resumes_at.is_some() {
        return Err(Problem::missing("pause_collection[behavior]"));
    }
    Ok(())
}
