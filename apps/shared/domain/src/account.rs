//! What people type about themselves and their things, checked once: a value of these types is valid.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// Why a typed text was not taken; a sentence for the field it stands in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text! {
    /// An e-mail address in lower case: something, `@`, a domain; at most 254 bytes.
    Email
}
text! {
    /// The name of an organization: 1 to 80 characters on one line.
    OrganizationName
}
text! {
    /// The name of a plan: 1 to 120 characters on one line.
    PlanName
}

impl FromStr for Email {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let wrong = Invalid("Enter an e-mail address such as you@example.com.");
        if text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong);
        }
        match text.rsplit_once('@') {
            Some((user, domain)) if !user.is_empty() && user.len() <= 64 && is_domain(domain) => {
                Ok(Self(text.to_lowercase()))
            }
            _ => Err(wrong),
        }
    }
}

/// Letters, digits, dots and hyphens, no empty label.
fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

fn one_line(text: &str, most: usize, wrong: &'static str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Invalid(wrong));
    }
    Ok(text.to_owned())
}

impl FromStr for OrganizationName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        one_line(text, 80, "Enter a name of 1 to 80 characters.").map(Self)
    }
}

impl FromStr for PlanName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        one_line(text, 120, "Enter a name of 1 to 120 characters.").map(Self)
    }
}

/// A new password that meets the rules: 8 to 256 characters and not among the most common.
/// Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself, for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl FromStr for Password {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length < 8 {
            return Err(Invalid("Choose a password of at least 8 characters."));
        }
        if length > 256 {
            return Err(Invalid("Choose a password of at most 256 characters."));
        }
        if is_common(text) {
            return Err(Invalid("This password is among the first that are guessed. Choose another."));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a password is a well-known word, one with digits behind it, a run of one character,
/// or a walk along the keyboard.
fn is_common(password: &str) -> bool {
    const WORDS: &[&str] = &[
        "password",
        "passwort",
        "passw0rd",
        "p@ssword",
        "p@ssw0rd",
        "letmein",
        "welcome",
        "admin",
        "administrator",
        "qwerty",
        "qwertz",
        "azerty",
        "iloveyou",
        "monkey",
        "dragon",
        "football",
        "baseball",
        "basketball",
        "sunshine",
        "princess",
        "superman",
        "batman",
        "trustno1",
        "master",
        "shadow",
        "michael",
        "jennifer",
        "starwars",
        "whatever",
        "computer",
        "internet",
        "changeme",
        "secret",
        "default",
        "login",
        "hello",
        "freedom",
        "abc",
        "test",
        "guest",
        "root",
        "user",
        "smokex",
        "asdf",
        "zxcvbn",
        "1q2w3e",
        "1qaz2wsx",
        "qazwsx",
        "q1w2e3r4",
        "pass",
    ];
    const WALKS: &[&str] =
        &["01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let lower = password.to_lowercase();
    let core = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let first = lower.chars().next();
    WORDS.contains(&core)
        || WORDS.iter().any(|word| lower == format!("{word}{word}"))
        || lower.chars().all(|c| Some(c) == first)
        || WALKS.iter().any(|walk| walk.contains(&lower) || walk.chars().rev().collect::<String>().contains(&lower))
        || WORDS.iter().any(|word| *word == lower.trim_end_matches(|c: char| c.is_ascii_digit()))
        || core.is_empty() && lower.chars().collect::<std::collections::BTreeSet<_>>().len() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!("  Ada@Example.COM ".parse::<Email>().unwrap().as_str(), "ada@example.com");
        assert_eq!("ada+smoke@localhost".parse::<Email>().unwrap().as_str(), "ada+smoke@localhost");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "ada", "@example.com", "ada@", "ada@-x.com", "ada@ex ample.com", "a\r\nb@c.de", "ada@a..b"] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn passwords_that_are_guessed_first_are_refused() {
        for text in [
            "short",
            "password",
            "Password1!",
            "12345678",
            "aaaaaaaa",
            "qwertyuiop",
            "letmein123",
            "11112222",
            "87654321",
        ] {
            assert!(text.parse::<Password>().is_err(), "{text}");
        }
    }

    #[test]
    fn long_and_unusual_passwords_are_taken() {
        for text in ["correct horse battery staple", "tr0ub4dor&3", &"zürich 8 rains ".repeat(5)] {
            assert!(text.parse::<Password>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", "correct horse battery".parse::<Password>().unwrap()), "Password(…)");
    }
}
