//! The customer portal: what its configuration allows to see and to change.

use serde_json::Value;

use super::super::document::{Document, moment, money};
use super::super::form::Form;
use super::super::shared::Shared;
use super::super::state::State;
use super::super::{card, subscription};
use super::{Card, Problem, Reply, Text, again, alert, button, cards, page};

pub(super) fn show(state: &State, id: &str, problem: Option<&str>) -> Option<String> {
    let session = state.at("billing_portal.session", id).ok()?;
    let features = &state.get(session.text("configuration"))?["features"];
    let customer = session.text("customer");
    let path = format!("/portal/{id}");
    let mut body = alert(problem);
    if let Some(email) = state.get(customer)?["email"].as_str() {
        body += &format!("<p>For {}</p>", Text(email));
    }
    body += "<h2>Subscriptions</h2>";
    let ids = state.ids("subscription", |one| one["customer"] == customer);
    if ids.is_empty() {
        body += "<p>There is none.</p>";
    }
    for id in ids {
        body += &one(state, &state.show(&id), features, &path);
    }
    if features["payment_method_update"].is("enabled") {
        body += &format!(
            "<h2>Paying</h2><p>{}</p><form method=\"post\" action=\"{}\">{}<button name=\"do\" value=\"card\">Use this card</button></form>",
            match card::of_customer(state, customer).last4() {
                Some(last4) => format!("•••• {last4} pays now."),
                None => "There is no card.".to_owned(),
            },
            Text(&path),
            cards(None)
        );
    }
    if features["invoice_history"].is("enabled") {
        body += &invoices(state, customer);
    }
    if let Some(url) = session["return_url"].as_str() {
        body += &format!("<p><a class=\"button\" href=\"{}\">Return</a></p>", Text(url));
    }
    Some(page("Your subscription", &body))
}

fn one(state: &State, shown: &Value, features: &Value, path: &str) -> String {
    let item = &shown["items"]["data"][0];
    let price = &item["price"];
    let mut text = format!(
        "<p><strong>{}</strong>, {} / {}: {}.</p>",
        Text(state.show(price.text("product")).text("name")),
        money(price.number("unit_amount"), price.text("currency")),
        Text(price["recurring"].text("interval")),
        Text(&shown.text("status").replace('_', " "))
    );
    if subscription::is_over(shown) {
        return text;
    }
    let end = shown.time("cancel_at");
    text += &match end {
        Some(end) => format!("<p>It ends on {}.</p>", moment(end)),
        None => format!("<p>The current period ends on {}.</p>", moment(item.number("current_period_end"))),
    };
    if features["subscription_cancel"].is("enabled") {
        let id = shown.text("id");
        text += &match end {
            Some(_) => button(path, "keep", id, "Do not cancel"),
            None => button(path, "cancel", id, "Cancel the subscription"),
        };
    }
    text
}

fn invoices(state: &State, customer: &str) -> String {
    let mut text = String::from("<h2>Invoices</h2><table>");
    for invoice in state.all("invoice").filter(|one| one["customer"] == customer && one["status"] != "draft").rev() {
        text += &format!(
            "<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td></tr>",
            Text(invoice.text("hosted_invoice_url")),
            Text(invoice.text("number")),
            money(invoice.number("total"), invoice.text("currency")),
            Text(invoice.text("status"))
        );
    }
    text + "</table>"
}

pub(super) fn act(shared: &Shared, id: &str, form: &Form) -> Reply {
    let path = format!("/portal/{id}");
    match shared.change(|state| change(state, id, form)) {
        Ok(()) => Reply::SeeOther(path),
        Err(problem) => again(show(&shared.state(), id, Some(&problem.message)), &path),
    }
}

fn change(state: &mut State, id: &str, form: &Form) -> Result<(), Problem> {
    let session = state.at("billing_portal.session", id)?.clone();
    let features = state.show(session.text("configuration"))["features"].clone();
    let customer = session.text("customer");
    if form.text("do") == Some("card") {
        allowed(&features, "payment_method_update")?;
        return card::replace(state, customer, Card::read(form.required("card")?)?);
    }
    allowed(&features, "subscription_cancel")?;
    let mine = |state: &State, id: &str| match state.at("subscription", id) {
        Ok(one) if one["customer"] == customer && !subscription::is_over(one) => Ok(()),
        _ => Err(Problem::no_such("subscription", id)),
    };
    if let Some(kept) = form.given("keep") {
        mine(state, kept)?;
        subscription::keep(state, kept);
        return Ok(());
    }
    let canceled = form.required("cancel")?;
    mine(state, canceled)?;
    match features["subscription_cancel"].text("mode") {
        "immediately" => subscription::end(state, canceled, Some("cancellation_requested")),
        _ => subscription::cancel_later(state, canceled),
    }
    Ok(())
}

fn allowed(features: &Value, name: &str) -> Result<(), Problem> {
    if features[name].is("enabled") {
        return Ok(());
    }
    Err(Problem::invalid(format!("The portal's configuration does not allow this: {name} is not enabled.")))
}
