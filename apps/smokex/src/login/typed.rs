//! A token that somebody types or pastes: on a terminal it is not shown.

use std::io::{self, BufRead, IsTerminal, Write};

use secrecy::SecretString;

use crate::{giving_up::GivingUp, remote::Address};

/// Asks for it on a terminal; else it is the first line of the standard input. A terminal shows again what is typed
/// once this has ended or is given up.
pub async fn token(server: &Address) -> Result<SecretString, GivingUp> {
    let asked = io::stdin().is_terminal();
    let hidden = if asked {
        // First, for somebody may paste as soon as they are asked.
        let hidden =
            Hidden::begin().map_err(|error| GivingUp::unknown(format!("The terminal cannot be used: {error}.")))?;
        let mut stderr = io::stderr().lock();
        write!(stderr, "Token for {server}: ")?;
        stderr.flush()?;
        Some(hidden)
    } else {
        None
    };
    let line = tokio::task::spawn_blocking(read_line).await.expect("reading a line does not panic");
    drop(hidden);
    if asked {
        eprintln!();
    }
    let line = line.map_err(|error| GivingUp::wrong(format!("No token could be read: {error}.")))?;
    match line.trim() {
        "" => Err(GivingUp::wrong("No token came. Make one on the server, and paste it here.")),
        token => Ok(token.into()),
    }
}

/// More than any token is long.
const LONGEST: u64 = 4096;

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), LONGEST).read_line(&mut line)?;
    Ok(line)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Hidden {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        // What was typed before is kept: it may have been pasted too early.
        tcsetattr(io::stdin(), OptionalActions::Drain, &hiding)?;
        Ok(Self { before })
    }
}

#[cfg(unix)]
impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // If the terminal is gone, there is nothing to repair.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(not(unix))]
impl Hidden {
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn begin() -> io::Result<Self> {
        Ok(Self {})
    }
}
