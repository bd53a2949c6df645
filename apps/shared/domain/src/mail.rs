//! What a mail to people is made of, beside its text.

use std::fmt;

/// The longest subject, in characters.
const LONGEST: usize = 200;

/// The subject of a mail: one line of at most 200 characters, none of them a control character. Whatever
/// it is made from, it cannot break out of its header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailSubject(String);

impl MailSubject {
    /// A subject from any text: each stretch of white space and control characters becomes one space, and
    /// what is too long ends in `…`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        if line.chars().count() <= LONGEST {
            return Self(line);
        }
        let cut: String = line.chars().take(LONGEST - 1).collect();
        Self(format!("{}…", cut.trim_end()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line_whatever_it_is_made_from() {
        let subject = |text| MailSubject::new(text).to_string();
        assert_eq!(subject("Your payment failed"), "Your payment failed");
        assert_eq!(
            subject(" Zürich\r\nBcc: eve@example.com\t\u{0} 雨\u{85}\u{2028}x"),
            "Zürich Bcc: eve@example.com 雨 x"
        );
        assert_eq!(subject("\r\n"), "");
    }

    #[test]
    fn a_subject_that_is_too_long_is_cut_and_says_so() {
        let long = MailSubject::new(&"ü".repeat(500));
        assert_eq!((long.as_str().chars().count(), long.as_str().chars().last()), (200, Some('…')));
        assert_eq!(MailSubject::new(&"ü".repeat(200)).as_str(), "ü".repeat(200));
    }
}
