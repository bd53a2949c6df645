//! What differs between two texts, as a unified diff for people.

use std::{
    io::{self, Write},
    time::Duration,
};

use similar::{ChangeTag, TextDiff};

use crate::style::{Style, Tone, printable};

/// How long it may look for the shortest diff; a longer one is good enough after that.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints what becomes of `old` where it becomes `new`; nothing if they are the same.
pub fn print(out: &mut impl Write, style: Style, old: (&str, &str), new: (&str, &str)) -> io::Result<()> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old.1, new.1);
    let mut unified = diff.unified_diff();
    let mut head = Some((old.0, new.0));
    for hunk in unified.context_radius(3).iter_hunks() {
        if let Some((old, new)) = head.take() {
            writeln!(out, "{}", style.paint(Tone::Strong, format!("--- {}", printable(old))))?;
            writeln!(out, "{}", style.paint(Tone::Strong, format!("+++ {}", printable(new))))?;
        }
        writeln!(out, "{}", style.paint(Tone::Faint, hunk.header()))?;
        for change in hunk.iter_changes() {
            let line = change.value();
            let line = printable(line.strip_suffix('\n').unwrap_or(line));
            match change.tag() {
                ChangeTag::Equal => writeln!(out, " {line}")?,
                ChangeTag::Delete => writeln!(out, "{}", style.paint(Tone::Bad, format!("-{line}")))?,
                ChangeTag::Insert => writeln!(out, "{}", style.paint(Tone::Good, format!("+{line}")))?,
            }
            if change.missing_newline() {
                writeln!(out, "{}", style.paint(Tone::Faint, "\\ No newline at end of file"))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        print(&mut out, Style::plain(), ("a.yml", old), ("b.yml", new)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_diff_shows_what_changes_with_three_lines_around_it() {
        assert_eq!(
            diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- a.yml\n+++ b.yml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
        assert_eq!(diff("same\n", "same\n"), "");
    }

    #[test]
    fn a_missing_end_of_line_is_told() {
        assert_eq!(diff("a", "a\n"), "--- a.yml\n+++ b.yml\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    }

    #[test]
    fn a_plan_cannot_command_the_terminal() {
        assert!(diff("", "\x1b[2Jevil\u{202e}\n").ends_with("+\\u{1b}[2Jevil\\u{202e}\n"));
    }

    #[test]
    fn the_longest_plans_are_compared_in_time() {
        let lines = |word: &str| (0..40_000).map(|number| format!("{word}{}\n", number * 7 % 1009)).collect::<String>();
        let began = std::time::Instant::now();
        assert!(diff(&lines("a"), &lines("b")).len() > 100_000);
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}
