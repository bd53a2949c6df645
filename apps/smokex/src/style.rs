//! Colors, and text that cannot harm a terminal.

use std::{
    fmt::{self, Display},
    io::IsTerminal,
};

/// Whether a stream is colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    colored: bool,
}

/// What a color means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Doubt,
    Faint,
    Strong,
}

impl Style {
    /// Colored on a terminal, unless `NO_COLOR` is set or the terminal is dumb.
    pub fn of(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colored: stream.is_terminal() && !refused && !dumb }
    }

    /// Without colors.
    #[cfg(test)]
    pub fn plain() -> Self {
        Self { colored: false }
    }

    /// `text` in a color, if there are colors.
    pub fn paint<T: Display>(self, tone: Tone, text: T) -> Painted<T> {
        Painted { tone: self.colored.then_some(tone), text }
    }
}

/// A text with its color; padding counts only the text.
pub struct Painted<T> {
    tone: Option<Tone>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(tone) = self.tone else { return self.text.fmt(f) };
        let code = match tone {
            Tone::Good => 32,
            Tone::Bad => 31,
            Tone::Doubt => 33,
            Tone::Faint => 2,
            Tone::Strong => 1,
        };
        write!(f, "\x1b[{code}m")?;
        self.text.fmt(f)?;
        f.write_str("\x1b[0m")
    }
}

/// The text with everything a terminal might obey made visible: what targets and plans say is
/// printed, never carried out.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("  "),
            // Controls, and what turns the direction of writing around.
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                shown.extend(c.escape_default());
            }
            c => shown.push(c),
        }
    }
    shown
}

/// At most `most` characters, the last of them a `…` if some are missing.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(printable("a\x1b[2Jb\r\n\u{202e}c\td"), "a\\u{1b}[2Jb\\r\\n\\u{202e}c  d");
    }

    #[test]
    fn a_cut_text_tells_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn without_colors_there_are_no_codes() {
        assert_eq!(format!("{:>3}|", Style::plain().paint(Tone::Bad, "x")), "  x|");
        assert_eq!(format!("{:>3}|", Style { colored: true }.paint(Tone::Bad, "x")), "\x1b[31m  x\x1b[0m|");
    }
}
