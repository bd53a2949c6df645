//! Stripe's objects are JSON documents here as well: reading them, and telling what changed in one.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Reading a JSON document whose shape is known.
pub(crate) trait Document {
    /// Empty if it is not a text.
    fn text(&self, name: &str) -> &str;
    /// Zero if it is not a number.
    fn number(&self, name: &str) -> i64;
    /// Seconds since 1970; none if it is null.
    fn time(&self, name: &str) -> Option<i64>;
    /// Whether it is true.
    fn is(&self, name: &str) -> bool;
}

impl Document for Value {
    fn text(&self, name: &str) -> &str {
        self[name].as_str().unwrap_or_default()
    }

    fn number(&self, name: &str) -> i64 {
        self.time(name).unwrap_or_default()
    }

    fn time(&self, name: &str) -> Option<i64> {
        self[name].as_i64()
    }

    fn is(&self, name: &str) -> bool {
        self[name] == true
    }
}

/// An id that nobody else has, in Stripe's shape: `cus_` and so many letters and digits.
pub(crate) fn id(prefix: &str, length: usize) -> String {
    let mut id = String::from(prefix);
    id.extend(std::iter::repeat_with(fastrand::alphanumeric).take(length));
    id
}

/// Stripe's `previous_attributes`: what the fields were that are different now. Of lists the whole,
/// of objects the fields that differ.
pub(crate) fn previous(before: &Value, after: &Value) -> Map<String, Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Map::new() };
    let mut changed = Map::new();
    for (name, now) in after {
        let was = before.get(name).unwrap_or(&Value::Null);
        if was == now {
            continue;
        }
        let was = if was.is_object() && now.is_object() { Value::Object(previous(was, now)) } else { was.clone() };
        changed.insert(name.clone(), was);
    }
    for (name, was) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        changed.insert(name.clone(), was.clone());
    }
    changed
}

/// For people: `5 January 2027, 14:05 UTC`.
pub(crate) fn moment(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        Err(_) => format!("second {seconds}"),
    }
}

/// For people: `39.99 USD`.
pub(crate) fn money(amount: i64, currency: &str) -> String {
    let whole = matches!(currency, "clp" | "jpy" | "krw" | "vnd" | "xaf" | "xof");
    let currency = currency.to_uppercase();
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    if whole {
        format!("{sign}{amount} {currency}")
    } else {
        format!("{sign}{}.{:02} {currency}", amount / 100, amount % 100)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{money, previous};

    #[test]
    fn previous_attributes_hold_what_changed_and_nothing_else() {
        let before = json!({ "a": 1, "b": { "x": 1, "y": 2 }, "list": [1, 2], "gone": 3 });
        let after = json!({ "a": 1, "b": { "x": 1, "y": 3 }, "list": [1, 3], "new": 4 });
        let expected = json!({ "b": { "y": 2 }, "list": [1, 2], "new": null, "gone": 3 });
        assert_eq!(Value::Object(previous(&before, &after)), expected);
    }

    #[test]
    fn money_has_the_digits_of_its_currency() {
        assert_eq!(money(3999, "usd"), "39.99 USD");
        assert_eq!(money(-5, "eur"), "-0.05 EUR");
        assert_eq!(money(500, "jpy"), "500 JPY");
    }
}
