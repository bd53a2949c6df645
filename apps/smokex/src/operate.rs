//! Commands for whoever runs a server: they look at its database, beside the processes that work on it.

use std::io::{self, Write};

use store::Store;

use crate::{database::Database, exit::Exit};

/// Opens the database and does it there. What keeps it from being done is one sentence on standard error.
pub fn operate(command: impl AsyncFnOnce(&Store) -> anyhow::Result<Exit>) -> Exit {
    attempt(async {
        let database = Database::from_env()?;
        command(&database.open_existing().await?).await
    })
}

/// Does it. What keeps it from being done is one sentence on standard error.
pub fn attempt(command: impl Future<Output = anyhow::Result<Exit>>) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(command)).unwrap_or_else(|error| {
        eprintln!("smokex: {error:#}");
        Exit::Unknown
    })
}

/// Prints lines. Whoever closed the stream does not want to know more.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
