//! The page of a checkout session: what is bought, who pays, with which card.

use serde_json::Value;

use super::super::checkout;
use super::super::document::{Document, moment, money};
use super::super::form::Form;
use super::super::shared::Shared;
use super::super::state::State;
use super::{Card, Problem, Reply, Text, again, alert, cards, confirm, confirmed, page};

pub(super) fn show(state: &State, id: &str, problem: Option<&str>) -> Option<String> {
    let session = state.at("checkout.session", id).ok()?;
    let purchase = state.purchases.get(id)?;
    let currency = session.text("currency");
    let mut lines = String::new();
    let items = checkout::line_items(state, id);
    for item in items["data"].as_array().into_iter().flatten() {
        let rhythm = &item["price"]["recurring"];
        let every = match rhythm.number("interval_count") {
            1 => format!("every {}", rhythm.text("interval")),
            count => format!("every {count} {}s", rhythm.text("interval")),
        };
        lines += &format!(
            "<tr><td>{} × {}</td><td>{} {every}</td></tr>",
            item.number("quantity"),
            Text(item.text("description")),
            money(item.number("amount_total"), currency)
        );
    }
    let due = session.number("amount_total");
    let trial = purchase.trial_end(state.now);
    let today = trial.map_or_else(
        || format!("<p>Due now: <strong>{}</strong></p>", money(due, currency)),
        |end| format!("<p>Free until {}; nothing is due now.</p>", moment(end)),
    );
    let back = session["cancel_url"].as_str().map(|url| format!("<a class=\"button\" href=\"{}\">Back</a>", Text(url)));
    let back = back.unwrap_or_default();
    let form = match session.text("status") {
        "open" => {
            let without = (due == 0 && session["payment_method_collection"] == "if_required").then_some("No card");
            let pay = if due > 0 { format!("Pay {}", money(due, currency)) } else { "Start the trial".to_owned() };
            format!(
                "{}<form method=\"post\" action=\"/pay/{}\">{}{}<button class=\"main\">{pay}</button>{back}</form>",
                alert(problem),
                Text(id),
                email(session),
                cards(without)
            )
        }
        status => format!("<p>This session is {}: there is nothing to pay here any more.</p>{back}", Text(status)),
    };
    Some(page("Checkout", &format!("<table>{lines}</table>{today}{form}")))
}

fn email(session: &Value) -> String {
    match session["customer_details"]["email"].as_str() {
        Some(known) => format!("<p>For {}</p>", Text(known)),
        None => format!(
            "<label>E-mail <input type=\"email\" name=\"email\" required autocomplete=\"email\" value=\"{}\"></label>",
            Text(session.text("customer_email"))
        ),
    }
}

pub(super) fn act(shared: &Shared, id: &str, form: &Form) -> Reply {
    let path = format!("/pay/{id}");
    let email = form.text("email").unwrap_or_default();
    let card = match Card::read(form.text("card").unwrap_or_default()) {
        Ok(card) => card,
        Err(problem) => return refused(shared, id, &path, &problem),
    };
    let paid = match confirmed(form, card) {
        None => return Reply::Page(confirm("Confirm your payment", &path, &[("email", email), ("card", card.name())])),
        Some(Err(problem)) => Err(problem),
        Some(Ok(())) => shared.change(|state| checkout::pay(state, id, email, card)),
    };
    match paid {
        Ok(()) => {
            let session = shared.state().show(id);
            Reply::SeeOther(session.text("success_url").replace("{CHECKOUT_SESSION_ID}", id))
        }
        Err(problem) => refused(shared, id, &path, &problem),
    }
}

fn refused(shared: &Shared, id: &str, path: &str, problem: &Problem) -> Reply {
    again(show(&shared.state(), id, Some(&problem.message)), path)
}
