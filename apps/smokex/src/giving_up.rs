//! A command that asks a server and is given up: what it says then, and how it ends.

use std::io;

use crate::{
    exit::Exit,
    remote::RemoteError,
    style::{Style, Tone, printable},
};

/// Why a command goes no further.
#[derive(Debug)]
pub struct GivingUp {
    sentence: String,
    exit: Exit,
}

impl GivingUp {
    /// The call, or a file that it names, is wrong.
    pub fn wrong(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit: Exit::Wrong }
    }

    /// It could not be done, whoever is to blame.
    pub fn unknown(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit: Exit::Unknown }
    }
}

impl From<RemoteError> for GivingUp {
    fn from(error: RemoteError) -> Self {
        Self { exit: error.exit(), sentence: error.to_string() }
    }
}

impl From<io::Error> for GivingUp {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A closed pipe is the reader's wish to stop, not worth a sentence.
            io::ErrorKind::BrokenPipe => Self::unknown(""),
            _ => Self::unknown(format!("What there is to tell cannot be written: {error}.")),
        }
    }
}

/// Does it. What keeps it from being done goes to standard error.
pub fn complete(command: impl Future<Output = Result<Exit, GivingUp>>) -> Exit {
    let done = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(GivingUp::unknown(format!("The runtime cannot be started: {error}."))),
    };
    done.unwrap_or_else(|GivingUp { sentence, exit }| {
        complain(&sentence);
        exit
    })
}

/// Tells on standard error what is wrong; nothing if there is nothing to tell.
pub fn complain(text: &str) {
    let style = Style::of(&io::stderr());
    for (number, line) in text.lines().enumerate() {
        match number {
            0 => eprintln!("{} {}", style.paint(Tone::Bad, "smokex:"), printable(line)),
            _ => eprintln!("  {}", printable(line)),
        }
    }
}
