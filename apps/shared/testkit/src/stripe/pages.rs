//! The pages for people: to pay, to manage, to look at an invoice, and to steer the fake.

mod checkout;
mod control;
mod invoice;
mod portal;

use std::sync::Arc;

use super::form::Form;
use super::html::{Text, alert, page};
use super::shared::Shared;
use super::{Card, Problem};

/// What a page answers.
pub(crate) enum Reply {
    Page(String),
    SeeOther(String),
    NotFound(String),
}

pub(crate) async fn get(shared: &Shared, path: &str) -> Reply {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let shown = match steps.as_slice() {
        [""] => Some(control::show(shared, None)),
        ["pay", id] => checkout::show(&shared.state(), id, None),
        ["portal", id] => portal::show(&shared.state(), id, None),
        ["invoice", id] | ["invoice", id, "pdf"] => invoice::show(&shared.state(), id, None),
        _ => None,
    };
    shown.map_or_else(|| nothing_at(path), Reply::Page)
}

pub(crate) async fn post(shared: &Arc<Shared>, path: &str, form: &Form) -> Reply {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let reply = match steps.as_slice() {
        ["pay", id] => Some(checkout::act(shared, id, form)),
        ["portal", id] => Some(portal::act(shared, id, form)),
        ["invoice", id] => Some(invoice::act(shared, id, form)),
        ["_fake", action] => Some(control::act(shared, action, form).await),
        _ => None,
    };
    reply.unwrap_or_else(|| nothing_at(path))
}

fn nothing_at(path: &str) -> Reply {
    Reply::NotFound(page("Nothing is here", &format!("<p><code>{}</code> is no page of this fake.</p>", Text(path))))
}

/// Shows a page again with what went wrong, or says that it is not there.
fn again(shown: Option<String>, path: &str) -> Reply {
    shown.map_or_else(|| nothing_at(path), Reply::Page)
}

/// The choice of a card.
fn cards(missing: Option<&str>) -> String {
    let mut choices = String::from("<fieldset><legend>Card</legend>");
    let named = [
        (Card::Good, "Pays (•••• 4242)"),
        (Card::Declines, "Is declined (•••• 0341)"),
        (Card::Authenticate, "Needs a confirmation each time (•••• 3184)"),
    ];
    let named = named.into_iter().chain(missing.map(|label| (Card::Missing, label)));
    for (card, label) in named {
        let checked = if card == Card::Good { " checked" } else { "" };
        let name = card.name();
        choices +=
            &format!("<label><input type=\"radio\" name=\"card\" value=\"{name}\"{checked}> {}</label>", Text(label));
    }
    choices + "</fieldset>"
}

/// Asks to confirm a payment, as a bank does. What has been typed is kept.
fn confirm(title: &str, path: &str, kept: &[(&str, &str)]) -> String {
    let kept: String = kept
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", Text(name), Text(value)))
        .collect();
    let body = format!(
        "<p>Your bank wants to know that it is you.</p><form method=\"post\" action=\"{}\">{kept}\
         <button class=\"main\" name=\"confirmed\" value=\"yes\">Confirm</button>\
         <button name=\"confirmed\" value=\"no\">Refuse</button></form>",
        Text(path)
    );
    page(title, &body)
}

/// What the customer said to the bank; none if nobody has asked yet.
fn confirmed(form: &Form, card: Card) -> Option<Result<(), Problem>> {
    match (card, form.text("confirmed")) {
        (Card::Authenticate, None) => None,
        (Card::Authenticate, Some(answer)) if answer != "yes" => {
            Some(Err(Problem::invalid("We are unable to authenticate your payment method.")))
        }
        _ => Some(Ok(())),
    }
}

/// A button that sends one value.
fn button(path: &str, name: &str, value: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{}\"><button name=\"{}\" value=\"{}\">{}</button></form>",
        Text(path),
        Text(name),
        Text(value),
        Text(label)
    )
}
