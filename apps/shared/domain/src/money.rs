//! Amounts of money, as people write them and as Stripe counts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in the smallest unit of its currency, as Stripe counts: cents of a dollar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In the smallest unit.
    pub amount: i64,
    /// Three letters in lower case, such as `usd`.
    pub currency: String,
}

/// Why a text is no amount; a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedMoney {
    /// No number, less than nothing, or more than anybody pays.
    #[error("`{0}` is no amount. Write a number such as 39.99.")]
    Amount(String),
    /// More decimals than the currency has.
    #[error("`{amount}` has more decimals than an amount in {currency} may have ({decimals}).")]
    Decimals {
        /// What was read.
        amount: String,
        /// In capitals.
        currency: String,
        /// How many there may be.
        decimals: u32,
    },
    /// Not three letters.
    #[error("`{0}` is no currency. Write three letters such as usd.")]
    Currency(String),
}

/// Currencies whose smallest unit is the unit itself, and those with thousandths; all others have hundredths.
const WHOLE: [&str; 15] =
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"];
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// How many decimals an amount in the currency has.
fn decimals(currency: &str) -> u32 {
    if WHOLE.contains(&currency) {
        0
    } else if THOUSANDTHS.contains(&currency) {
        3
    } else {
        2
    }
}

impl Money {
    /// Reads an amount such as `39.99` or `40` in a currency such as `usd` or `USD`.
    ///
    /// # Errors
    /// If one of them cannot be read, or the amount has more decimals than the currency.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, MalformedMoney> {
        let currency = currency.trim().to_ascii_lowercase();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(MalformedMoney::Currency(currency));
        }
        let text = amount.trim();
        let malformed = || MalformedMoney::Amount(text.to_owned());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || text.ends_with('.') {
            return Err(malformed());
        }
        let decimals = decimals(&currency);
        let missing = usize::try_from(decimals).unwrap_or_default().checked_sub(part.len()).ok_or_else(|| {
            MalformedMoney::Decimals { amount: text.to_owned(), currency: currency.to_ascii_uppercase(), decimals }
        })?;
        let amount = format!("{whole}{part}{}", "0".repeat(missing)).parse().map_err(|_| malformed())?;
        Ok(Self { amount, currency })
    }
}

impl fmt::Display for Money {
    /// `39.99 USD`, `5000 JPY`: every decimal that the currency has, nothing rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = decimals(&self.currency);
        let (sign, amount) = (if self.amount < 0 { "-" } else { "" }, self.amount.unsigned_abs());
        let unit = 10_u64.pow(decimals);
        write!(f, "{sign}{}", amount / unit)?;
        if decimals > 0 {
            let width = usize::try_from(decimals).unwrap_or_default();
            write!(f, ".{:0width$}", amount % unit)?;
        }
        write!(f, " {}", self.currency.to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(amount: &str, currency: &str) -> Result<i64, String> {
        Money::parse(amount, currency).map(|money| money.amount).map_err(|error| error.to_string())
    }

    #[test]
    fn an_amount_is_counted_in_the_smallest_unit_of_its_currency() {
        assert_eq!(read("39.99", "usd"), Ok(3999));
        assert_eq!(read(" 40 ", "USD"), Ok(4000));
        assert_eq!(read("0.5", "eur"), Ok(50));
        assert_eq!(read("5000", "jpy"), Ok(5000));
        assert_eq!(read("1.234", "kwd"), Ok(1234));
    }

    #[test]
    fn what_is_no_amount_is_told_with_what_to_write() {
        for text in ["", ".", "39,99", "-1", "1.", ".5", "1e3", "99999999999999999999"] {
            let expected = format!("`{text}` is no amount. Write a number such as 39.99.");
            assert_eq!(read(text, "usd"), Err(expected));
        }
        let decimals = "`39.999` has more decimals than an amount in USD may have (2).".to_owned();
        assert_eq!(read("39.999", "usd"), Err(decimals));
        assert_eq!(read("1", "dollar"), Err("`dollar` is no currency. Write three letters such as usd.".to_owned()));
    }

    #[test]
    fn amounts_are_shown_with_every_decimal() {
        let show = |amount, currency: &str| Money { amount, currency: currency.to_owned() }.to_string();
        assert_eq!(show(3999, "usd"), "39.99 USD");
        assert_eq!(show(-5, "usd"), "-0.05 USD");
        assert_eq!(show(5000, "jpy"), "5000 JPY");
        assert_eq!(show(1234, "kwd"), "1.234 KWD");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(amount in 0..i64::MAX, currency in "[a-z]{3}") {
            let money = Money { amount, currency };
            let shown = money.to_string();
            let (amount, currency) = shown.split_once(' ').unwrap();
            prop_assert_eq!(Money::parse(amount, currency), Ok(money));
        }
    }
}
