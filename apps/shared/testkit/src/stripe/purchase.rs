//! What somebody subscribes to: prices, a trial, and what is written on the subscription.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Problem;
use super::document::Document;
use super::form::Form;
use super::state::State;

const DAY: i64 = 24 * 60 * 60;
/// How many of a price may be bought.
const MOST: i64 = 999_999;
/// How many days a trial may last.
const LONGEST_TRIAL: i64 = 730;

/// Said of a trial that is none.
pub(crate) const TRIAL: &str = "A trial lasts from now for at most 730 days.";

/// Whether a trial may end then.
pub(crate) fn is_trial(now: i64, end: i64) -> bool {
    (now..=now + LONGEST_TRIAL * DAY).contains(&end)
}

/// What a subscription will be made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Purchase {
    pub lines: Vec<Line>,
    trial: Option<Trial>,
    /// What becomes of it if the trial ends and there is no card: `create_invoice`, `pause` or `cancel`.
    pub without_card: String,
    pub metadata: Map<String, Value>,
    pub description: Option<String>,
}

/// A price and how many of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub price: String,
    pub quantity: i64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Trial {
    Days(i64),
    Until(i64),
}

impl Purchase {
    /// Reads it from a list of prices and from what stands below `parent` (at the top if that is empty).
    pub(crate) fn read(state: &State, form: &Form, list: &str, parent: &str) -> Result<Purchase, Problem> {
        let name = |name: &str| below(parent, name);
        let mut lines = Vec::new();
        for entry in form.each(list) {
            let param = format!("{entry}[price]");
            let price = state.named("price", form.required(&param)?, &param)?;
            if price["recurring"].is_null() {
                let once = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
                return Err(Problem::invalid(once).at(&param));
            }
            if !price.is("active") {
                let inactive = format!(
                    "The price specified is inactive. This field only accepts active prices: {}.",
                    price.text("id")
                );
                return Err(Problem::invalid(inactive).at(&param));
            }
            let quantity = form.integer(&format!("{entry}[quantity]"))?.unwrap_or(1);
            if !(1..=MOST).contains(&quantity) {
                let range = format!("The quantity must be between 1 and {MOST}.");
                return Err(Problem::invalid(range).at(&format!("{entry}[quantity]")));
            }
            lines.push(Line { price: price.text("id").to_owned(), quantity });
        }
        let rhythm = |line: &Line| state.show(&line.price)["recurring"].clone();
        match lines.first() {
            None => return Err(Problem::missing(list)),
            Some(_) if lines.len() > 20 => {
                return Err(Problem::invalid("A subscription has at most 20 prices.").at(list));
            }
            Some(first) if lines.iter().any(|line| rhythm(line) != rhythm(first)) => {
                return Err(Problem::invalid("This fake bills all prices of a subscription in one rhythm.").at(list));
            }
            Some(_) => {}
        }
        let days = form.integer(&name("trial_period_days"))?;
        let until = match form.given(&name("trial_end")) {
            None | Some("now") => None,
            Some(_) => form.integer(&name("trial_end"))?,
        };
        let trial = match (days, until) {
            (None, None) => None,
            (Some(days @ 1..=LONGEST_TRIAL), None) => Some(Trial::Days(days)),
            (None, Some(end)) if is_trial(state.now, end) => Some(Trial::Until(end)),
            _ => return Err(Problem::invalid(TRIAL).at(&name("trial_period_days"))),
        };
        let behavior = name("trial_settings[end_behavior][missing_payment_method]");
        let without_card = form.one_of(&behavior, &["create_invoice", "pause", "cancel"])?.unwrap_or("create_invoice");
        form.one_of(&name("billing_mode[type]"), &["flexible"])?;
        Ok(Purchase {
            lines,
            trial,
            without_card: without_card.to_owned(),
            metadata: form.map(&name("metadata")),
            description: form.given(&name("description")).map(str::to_owned),
        })
    }

    /// When its trial ends if it starts now; none if it has none.
    pub(crate) fn trial_end(&self, now: i64) -> Option<i64> {
        let end = match self.trial? {
            Trial::Days(days) => now.saturating_add(days.saturating_mul(DAY)),
            Trial::Until(end) => end,
        };
        Some(end).filter(|end| *end > now)
    }

    /// What one period costs.
    pub(crate) fn total(&self, state: &State) -> i64 {
        let cost = |line: &Line| state.show(&line.price).number("unit_amount").saturating_mul(line.quantity);
        self.lines.iter().map(cost).sum()
    }

    pub(crate) fn currency(&self, state: &State) -> String {
        self.lines.first().map_or_else(String::new, |line| state.show(&line.price).text("currency").to_owned())
    }
}

/// The name of a parameter below another one: `a` and `b[c]` are `a[b][c]`.
fn below(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        return name.to_owned();
    }
    match name.split_once('[') {
        None => format!("{parent}[{name}]"),
        Some((first, rest)) => format!("{parent}[{first}][{rest}"),
    }
}
