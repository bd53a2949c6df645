//! Why the store cannot be opened.

/// Why the store cannot be opened: a sentence for whoever starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the SQLite file is missing.
    #[error("The folder {folder} of the database {file} does not exist. Make it, or set DATABASE_URL to another file.")]
    NoFolder {
        /// The folder.
        folder: String,
        /// The whole path.
        file: String,
    },
    /// The SQLite file cannot be opened or written.
    #[error("The database {file} cannot be written: {problem}. Check who owns the file and its folder.")]
    Unwritable {
        /// The file.
        file: String,
        /// What SQLite or the system says.
        problem: String,
    },
    /// The file is something else.
    #[error("The file {file} is not a SQLite database. Set DATABASE_URL to another file.")]
    NotADatabase {
        /// The file.
        file: String,
    },
    /// PostgreSQL does not let us in.
    #[error("The database {url} cannot be reached: {problem}.")]
    Unreachable {
        /// Where, without the password.
        url: String,
        /// What the driver says.
        problem: String,
    },
    /// Another, newer program has changed the schema.
    #[error(
        "The database {url} belongs to a newer version of Smokex (it has the migration {version}, which this version does not know). Install that version, or use another database."
    )]
    Newer {
        /// Where.
        url: String,
        /// The first migration we do not know.
        version: String,
    },
    /// Secrets in the database were sealed with keys that are not given.
    #[error(
        "The key does not fit the database {url}: secrets in it were sealed with a key that is not given (id {missing}; given: {given}). Set SMOKEX_KEY to that key or name it in SMOKEX_OLD_KEYS, or put the key file back."
    )]
    WrongKey {
        /// Where.
        url: String,
        /// The ids of the keys that are missing.
        missing: String,
        /// The ids of the keys given.
        given: String,
    },
    /// The schema could not be brought up to date.
    #[error("The database {url} could not be migrated: {problem}.")]
    Migration {
        /// Where.
        url: String,
        /// What went wrong.
        problem: String,
    },
}
