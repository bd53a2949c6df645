//! The front page: what there is, and the levers of the fake.

use std::sync::Arc;

use super::super::control;
use super::super::courier::{self, Webhooks};
use super::super::document::{Document, moment, money};
use super::super::form::Form;
use super::super::shared::Shared;
use super::super::state::State;
use super::super::{API_VERSION, AfterRetries, Card, card};
use super::{Reply, Text, alert, button, page};

/// How many of a kind are listed.
const SHOWN: usize = 20;

pub(super) fn show(shared: &Shared, problem: Option<&str>) -> String {
    let failing = shared.faults().left();
    let state = shared.state();
    let mut body = alert(problem);
    body += &format!(
        "<p>It is no part of Stripe. It answers like Stripe's API at version <code>{API_VERSION}</code>, on <code>{}v1/…</code></p>",
        Text(&state.origin)
    );
    body += &clock(&state);
    body += &customers(&state);
    body += &webhooks(&state);
    body += &events(&state);
    body += &faults(failing);
    page("Fake Stripe", &body)
}

fn clock(state: &State) -> String {
    let mut text = format!("<h2>Clock</h2><p>It is <strong>{}</strong> here.</p>", moment(state.now));
    text += "<form method=\"post\" action=\"/_fake/clock\">Forward by ";
    for (by, label) in [("hour", "an hour"), ("day", "a day"), ("month", "a month")] {
        text += &format!("<button name=\"by\" value=\"{by}\">{label}</button>");
    }
    text += "</form><form method=\"post\" action=\"/_fake/retries\"><p>When a payment has failed for the last time, a subscription is ";
    let (now, other, label) = match state.after_retries {
        AfterRetries::Canceled => ("canceled", "unpaid", "Let it be unpaid"),
        AfterRetries::Unpaid => ("unpaid", "canceled", "Let it be canceled"),
    };
    text + &format!("<strong>{now}</strong>. <button name=\"then\" value=\"{other}\">{label}</button></p></form>")
}

fn customers(state: &State) -> String {
    let mut text = String::from("<h2>Customers and subscriptions</h2>");
    let total = state.all("customer").count();
    if total == 0 {
        return text + "<p>There is none yet.</p>";
    }
    text += "<table><tr><th>Customer</th><th>Subscriptions</th><th>Card from now on</th></tr>";
    for customer in state.all("customer").rev().take(SHOWN) {
        let id = customer.text("id");
        let mut subscriptions = String::new();
        for one in state.ids("subscription", |one| one["customer"] == id) {
            let shown = state.show(&one);
            let price = &shown["items"]["data"][0]["price"];
            subscriptions += &format!(
                "{}, {}<br><code>{}</code><br>",
                Text(&shown.text("status").replace('_', " ")),
                money(price.number("unit_amount"), price.text("currency")),
                Text(&one)
            );
        }
        let mut cards = String::new();
        let now = card::of_customer(state, id);
        for card in Card::REAL.into_iter().chain([Card::Missing]) {
            let selected = if card == now { " selected" } else { "" };
            cards += &format!("<option{selected}>{}</option>", card.name());
        }
        text += &format!(
            "<tr><td>{}<br><code>{}</code></td><td>{subscriptions}</td><td><form method=\"post\" action=\"/_fake/card\">\
             <input type=\"hidden\" name=\"customer\" value=\"{}\"><select name=\"card\" aria-label=\"Card\">{cards}</select>\
             <button>Set</button></form></td></tr>",
            Text(customer.text("email")),
            Text(id),
            Text(id)
        );
    }
    text += "</table>";
    if total > SHOWN {
        text += &format!("<p>These are the latest {SHOWN} of {total}.</p>");
    }
    text
}

fn webhooks(state: &State) -> String {
    let mut text = String::from("<h2>Webhooks</h2>");
    for endpoint in state.all("webhook_endpoint") {
        text += &format!("<p><code>{}</code> ({})</p>", Text(endpoint.text("url")), Text(endpoint.text("status")));
    }
    let mode = match state.webhooks {
        Webhooks::Deliver => "delivered".to_owned(),
        Webhooks::Hold => "held back".to_owned(),
        Webhooks::Lose => "lost".to_owned(),
        Webhooks::Repeat(times) => format!("delivered {times} times each"),
    };
    let (held, undelivered) = (courier::held(state).len(), courier::undelivered(state).len());
    text += &format!(
        "<p>They are <strong>{mode}</strong>. Held back: {held}; not delivered in all: {undelivered}.</p>\
         <form method=\"post\" action=\"/_fake/webhooks\">"
    );
    for (mode, label) in [("deliver", "Deliver"), ("hold", "Hold back"), ("lose", "Lose"), ("repeat", "Deliver twice")]
    {
        text += &format!("<button name=\"mode\" value=\"{mode}\">{label}</button>");
    }
    text += "</form>";
    if held > 0 {
        text += &format!(
            "<form method=\"post\" action=\"/_fake/release\"><label>Order, such as <code>2,0,1</code>; empty for all at once\
             <input type=\"text\" name=\"order\" inputmode=\"numeric\"></label><button>Release {held}</button></form>"
        );
    }
    text
}

fn events(state: &State) -> String {
    let mut text = String::from("<h2>Latest events</h2><table>");
    for event in state.all("event").rev().take(SHOWN) {
        let id = event.text("id");
        let waiting = match event.number("pending_webhooks") {
            0 => "",
            _ => ", not delivered",
        };
        text += &format!(
            "<tr><td>{}<br><code>{}</code><br>{}{waiting}</td><td>{}</td></tr>",
            Text(event.text("type")),
            Text(event["data"]["object"].text("id")),
            moment(event.number("created")),
            button("/_fake/deliver", "event", id, "Deliver again")
        );
    }
    text + "</table>"
}

fn faults(failing: u32) -> String {
    let mut text = format!("<h2>Faults of the API</h2><p>Requests that are still to fail: {failing}.</p>");
    text += "<form method=\"post\" action=\"/_fake/faults\"><label>How many <input type=\"number\" name=\"times\" value=\"1\" min=\"1\"></label>\
        <label>How <select name=\"fault\"><option value=\"500\">answer 500</option><option value=\"429\">answer 429</option>\
        <option value=\"hang\">never answer</option><option value=\"lost_answer\">do it, but never answer</option></select></label>\
        <label>Only those whose path holds <input type=\"text\" name=\"matching\"></label><button>Let them fail</button></form>";
    if failing > 0 {
        text += &button("/_fake/clear_faults", "all", "yes", "Let no request fail");
    }
    text
}

pub(super) async fn act(shared: &Arc<Shared>, action: &str, form: &Form) -> Reply {
    match control::act(shared, action, form).await {
        Ok(_) => Reply::SeeOther("/".to_owned()),
        Err(problem) => Reply::Page(show(shared, Some(&problem.message))),
    }
}
