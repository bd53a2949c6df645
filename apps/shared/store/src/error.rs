//! What can go wrong with the database while the program runs.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// What PostgreSQL says while it shuts down, before it closes the connection; and what libpq says of a server
/// that went away without a word, which diesel takes for an error like any other.
const ENDS: [&str; 4] = [
    "terminating connection",
    "server closed the connection",
    "could not receive data from server",
    "could not send data to server",
];

/// What SQLite and PostgreSQL say when the disk is full; the second is said of the shared memory of SQLite's log.
const FULL: [&str; 3] = ["database or disk is full", "disk I/O error", "No space left on device"];

/// A call to the store that did not come to its end. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or could not be reached.
    #[error("The database failed: {0}.")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke; the next call opens another.
    #[error("The connection to the database was lost: {0}.")]
    Disconnected(String),
    /// There is no room for what is to be written; it may be tried again once there is.
    #[error(
        "The database cannot write, probably because its disk is full: {0}. Make room; nothing has to be restarted."
    )]
    Full(String),
    /// Two transactions waited for each other, and the database took this one back. It may be tried again.
    #[error("The database broke off a transaction that waited for another which waited for it.")]
    Deadlock,
    /// All connections were busy for as long as a caller may wait.
    #[error("The database is overloaded: no connection became free within {0:?}.")]
    Busy(std::time::Duration),
    /// What is stored does not open with the sealing key, or stands in a row it was not sealed for.
    #[error("What is stored here was not sealed with this key for this place.")]
    Unsealable,
    /// A row holds something this version cannot read.
    #[error("The database holds a {noun} that this version cannot read: {problem}.")]
    Unreadable {
        /// What was read.
        noun: &'static str,
        /// Why it cannot be read.
        problem: String,
    },
    /// The idempotency key of a request was that of another one.
    #[error("This idempotency key was sent with another request. Choose a new key for each thing you want made.")]
    KeyReused,
}

impl Error {
    /// Whether the connection is gone, so that the same call may succeed on another one.
    #[must_use]
    pub fn is_closed_connection(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Disconnected(one_line(info.message()))
            }
            DieselError::BrokenTransactionManager => Self::Disconnected("its transaction was broken off".to_owned()),
            DieselError::DatabaseError(_, ref info) if ENDS.iter().any(|end| info.message().starts_with(end)) => {
                Self::Disconnected(one_line(info.message()))
            }
            DieselError::DatabaseError(_, ref info) if info.message() == "deadlock detected" => Self::Deadlock,
            DieselError::DatabaseError(_, ref info) if FULL.iter().any(|full| info.message().contains(full)) => {
                Self::Full(one_line(info.message()))
            }
            error => Self::Database(Box::new(error)),
        }
    }
}

/// A driver's message without line breaks and without its full stop.
pub(crate) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}
