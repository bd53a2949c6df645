//! One diagnostic with the line it is about and a caret under the place.

use std::io::{self, Write};

use plan::{Diagnostic, Severity};

use crate::style::{Style, Tone, printable};

/// How many characters of a long line are shown around the place.
const WINDOW: usize = 100;

pub fn print(
    out: &mut impl Write,
    style: Style,
    path: &str,
    lines: &[&str],
    diagnostic: &Diagnostic,
) -> io::Result<()> {
    let (word, tone) = match diagnostic.severity {
        Severity::Error => ("error", Tone::Bad),
        Severity::Warning => ("warning", Tone::Doubt),
    };
    let number = diagnostic.line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(out, "{}: {}", style.paint(tone, word), style.paint(Tone::Strong, printable(&diagnostic.message)))?;
    writeln!(
        out,
        "{margin}{} {}:{}:{}",
        style.paint(Tone::Faint, "-->"),
        printable(path),
        diagnostic.line,
        diagnostic.column
    )?;
    let bar = style.paint(Tone::Faint, "|");
    if let Some(line) = (diagnostic.line as usize).checked_sub(1).and_then(|index| lines.get(index)) {
        let end = if diagnostic.end_line == diagnostic.line { Some(diagnostic.end_column) } else { None };
        let (shown, carets) = underlined(line, diagnostic.column, end);
        writeln!(out, "{margin} {bar}")?;
        writeln!(out, "{} {bar} {shown}", style.paint(Tone::Faint, number))?;
        writeln!(out, "{margin} {bar} {}", style.paint(tone, carets))?;
    }
    if let Some(hint) = &diagnostic.hint {
        writeln!(out, "{margin} {} {}", style.paint(Tone::Faint, "="), printable(hint))?;
    }
    writeln!(out)
}

/// The part of the line around the columns (counted from one, the end not included; without an end,
/// to the end of the line), and the carets under them. Characters that are shown as several, such as
/// tabs, are underlined whole.
fn underlined(line: &str, column: u32, end: Option<u32>) -> (String, String) {
    let length = line.chars().count();
    let start = (column.max(1) as usize - 1).min(length);
    let end = end.map_or(length, |end| end.max(1) as usize - 1).clamp(start, length).max(start + 1);
    let first = if length <= WINDOW { 0 } else { start.saturating_sub(WINDOW / 3).min(length - WINDOW) };
    let last = (first + WINDOW).min(length);
    let (mut shown, mut carets) = (String::new(), String::new());
    if first > 0 {
        shown.push('…');
        carets.push(' ');
    }
    for (index, c) in line.chars().enumerate().take(last).skip(first) {
        let piece = printable(c.encode_utf8(&mut [0; 4]));
        let mark = if (start..end).contains(&index) { "^" } else { " " };
        carets.push_str(&mark.repeat(piece.chars().count()));
        shown.push_str(&piece);
    }
    if last < length {
        shown.push('…');
    } else if start >= length {
        // The place is behind the last character: something is missing there.
        carets.push('^');
    }
    (shown, carets.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_columns() {
        for (line, column, end, carets) in [
            ("get: x", 6, Some(7), "     ^"),
            ("get: x", 1, Some(4), "^^^"),
            ("get:", 5, Some(6), "    ^"),
            ("a: b c", 4, None, "   ^^^"),
            ("a:\tb", 4, Some(5), "    ^"),
            ("ä: x", 4, Some(5), "   ^"),
            ("", 1, Some(2), "^"),
        ] {
            assert_eq!(underlined(line, column, end).1, carets, "{line:?}");
        }
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let line = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let (shown, carets) = underlined(&line, 501, Some(505));
        assert_eq!(shown.chars().count(), WINDOW + 2);
        let at = carets.find('^').unwrap();
        assert_eq!(shown.chars().skip(at).take(4).collect::<String>(), "HERE");
    }
}
