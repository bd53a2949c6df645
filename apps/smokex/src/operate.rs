//! Commands for whoever runs a server: they look at its database, beside the processes that work on it.

use std::io::{self, Write};

use store::Store;

use crate::{database::Database, exit::Exit};

/// Opens the database and does it there. What keeps it from being done is one sentence on standard error.
pub fn operate(command: impl AsyncFnOnce(&Store) -> anyhow::Result<Exit>) -> Exit {
    try_operate(command).unwrap_or_else(|error| {
        eprintln!("smokex: {error:#}");
        Exit::Unknown
    })
}

fn try_operate(command: impl AsyncFnOnce(&Store) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let database = Database::from_env()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { command(&database.open_existing().await?).await })
}

/// Prints lines. Whoever closed the stream does not want to know more.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
