//! The page of an invoice, which is its document as well.

use super::super::document::{Document, moment, money};
use super::super::form::Form;
use super::super::invoice;
use super::super::shared::Shared;
use super::super::state::State;
use super::{Card, Reply, Text, again, alert, cards, confirm, confirmed, page};

pub(super) fn show(state: &State, id: &str, problem: Option<&str>) -> Option<String> {
    let shown = state.at("invoice", id).ok()?;
    let currency = shown.text("currency");
    let mut lines = String::new();
    for line in shown["lines"]["data"].as_array().into_iter().flatten() {
        lines += &format!(
            "<tr><td>{}<br>{} to {}</td><td class=\"sum\">{}</td></tr>",
            Text(line.text("description")),
            moment(line["period"].number("start")),
            moment(line["period"].number("end")),
            money(line.number("amount"), currency)
        );
    }
    let paid_at = shown["status_transitions"].time("paid_at");
    let status = paid_at.map_or_else(|| shown.text("status").to_owned(), |at| format!("paid on {}", moment(at)));
    let mut body = format!(
        "<p>For {}, of {}. It is <strong>{}</strong>.</p><table>{lines}<tr><th>Total</th><td class=\"sum\">{}</td></tr>\
         <tr><th>Paid</th><td class=\"sum\">{}</td></tr><tr><th>Due</th><td class=\"sum\">{}</td></tr></table>",
        Text(shown.text("customer_email")),
        moment(shown.number("created")),
        Text(&status),
        money(shown.number("total"), currency),
        money(shown.number("amount_paid"), currency),
        money(shown.number("amount_remaining"), currency)
    );
    if shown["status"] == "open" {
        body += &format!(
            "{}<form method=\"post\" action=\"/invoice/{}\">{}<button class=\"main\">Pay {}</button></form>",
            alert(problem),
            Text(id),
            cards(None),
            money(shown.number("amount_remaining"), currency)
        );
    }
    let title = shown["number"]
        .as_str()
        .map_or_else(|| "Invoice, not final yet".to_owned(), |number| format!("Invoice {number}"));
    Some(page(&title, &body))
}

pub(super) fn act(shared: &Shared, id: &str, form: &Form) -> Reply {
    let path = format!("/invoice/{id}");
    let paid = Card::read(form.text("card").unwrap_or_default()).map(|card| (card, confirmed(form, card)));
    let paid = match paid {
        Ok((card, None)) => return Reply::Page(confirm("Confirm your payment", &path, &[("card", card.name())])),
        Ok((card, Some(answer))) => answer.and_then(|()| shared.change(|state| invoice::pay_on_page(state, id, card))),
        Err(problem) => Err(problem),
    };
    match paid {
        Ok(()) => Reply::SeeOther(path),
        Err(problem) => again(show(&shared.state(), id, Some(&problem.message)), &path),
    }
}
