//! Secrets of an organization: what they may be called and what they may hold.

use std::{fmt, str::FromStr};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::account::Invalid;

/// How many secrets an organization may have.
pub const MOST_SECRETS: u32 = 200;

/// How long a value may be, in bytes.
pub const LONGEST_SECRET: usize = 64 * 1024;

/// How short a value may be, in bytes: a shorter one could not be masked without masking half of every report.
pub const SHORTEST_SECRET: usize = 4;

/// The name of a secret, by the rule for the names of variables in plans: a letter or `_`, then letters, digits,
/// `_` and `-`; at most 100 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SecretName(String);

impl SecretName {
    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SecretName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let mut rest = text.chars();
        let begins = rest.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if begins && rest.all(|c| c.is_alphanumeric() || c == '_' || c == '-') && text.len() <= 100 {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid("Begin with a letter or `_`; letters, digits, `_` and `-` may follow, 100 bytes at most."))
    }
}

/// The value of a secret: 4 bytes, white space around them not counted, to 64 KiB. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// The value itself, for sealing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

impl FromStr for SecretValue {
    type Err = Invalid;

    /// Line ends of forms (CR LF) become LF, and those at the end go: they come along with what is pasted.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let value = Zeroizing::new(text.replace("\r\n", "\n"));
        let value = Zeroizing::new(value.trim_end_matches('\n').to_owned());
        if value.trim().is_empty() {
            return Err(Invalid("Enter a value."));
        }
        if value.trim().len() < SHORTEST_SECRET {
            return Err(Invalid(
                "Enter at least 4 characters: what is shorter cannot be hidden in reports. Put it under `variables` in \
                 the plan if it is no secret.",
            ));
        }
        if value.len() > LONGEST_SECRET {
            return Err(Invalid("Enter at most 64 KiB."));
        }
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_plan_can_use() {
        for text in ["PASSWORD", "_x", "a-b", "Schlüssel2", " API_KEY "] {
            assert_eq!(text.parse::<SecretName>().unwrap().as_str(), text.trim());
        }
        for text in ["", "2nd", "-a", "a b", "a.b", "${a}", "a\nb", &"x".repeat(101)] {
            assert!(text.parse::<SecretName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn line_ends_that_came_along_are_not_part_of_a_value() {
        let value = "-----BEGIN\r\nabc\r\n-----END\r\n".parse::<SecretValue>().unwrap();
        assert_eq!(value.expose(), "-----BEGIN\nabc\n-----END");
        assert_eq!(" with spaces ".parse::<SecretValue>().unwrap().expose(), " with spaces ");
    }

    #[test]
    fn a_value_that_could_not_be_masked_or_kept_is_refused() {
        let problem = |text: &str| text.parse::<SecretValue>().unwrap_err().to_string();
        assert_eq!(problem(" \r\n"), "Enter a value.");
        assert!(problem("  123\n ").starts_with("Enter at least 4 characters"));
        assert_eq!(problem(&"x".repeat(LONGEST_SECRET + 1)), "Enter at most 64 KiB.");
        assert!("x".repeat(LONGEST_SECRET).parse::<SecretValue>().is_ok());
        assert!("é1x".parse::<SecretValue>().is_ok(), "four bytes");
    }

    #[test]
    fn a_value_is_never_printed() {
        assert_eq!(format!("{:?}", "hunter2hunter2".parse::<SecretValue>().unwrap()), "SecretValue(…)");
    }
}
