//! Asking whoever sits at the terminal.

use std::io::{self, IsTerminal, Write};

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Nobody is there to answer.
    Nobody,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Somebody said `--yes`.
    Given,
    /// Whoever sits at the terminal.
    Asked,
}

impl Consent {
    pub fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }

    /// Asks, unless that is not needed. What is no clear yes is a no.
    pub fn to(self, question: &str) -> io::Result<Answer> {
        if self == Self::Given {
            return Ok(Answer::Yes);
        }
        if !io::stdin().is_terminal() {
            return Ok(Answer::Nobody);
        }
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} [y/N] ")?;
        stderr.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        if !line.ends_with('\n') {
            writeln!(stderr)?;
        }
        Ok(if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") { Answer::Yes } else { Answer::No })
    }
}
