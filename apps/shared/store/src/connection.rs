//! One connection to either database, and what differs between them when it is opened.

use diesel::{
    Connection as _, PgConnection, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
};
use jiff::Timestamp;

use crate::{Error, database::ReadOnly, sql::micros};

/// A connection to SQLite or PostgreSQL. Queries that both databases understand run on it directly;
/// `on_conn!` reaches the concrete connection for what diesel offers only there (batch inserts,
/// upserts) and where the indirection would cost time.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs the same code on the concrete connection, whichever it is.
macro_rules! on_conn {
    ($conn:expr, |$inner:ident| $body:expr) => {
        match $conn {
            $crate::connection::AnyConnection::Postgres($inner) => $body,
            $crate::connection::AnyConnection::Sqlite($inner) => $body,
        }
    };
}
pub(crate) use on_conn;

/// The database's own time in microseconds: a function of ours in both databases.
#[diesel::declare_sql_function]
extern "SQL" {
    fn now_us() -> diesel::sql_types::BigInt;
}

impl AnyConnection {
    /// Opens a SQLite file, which is made if it is missing and `access` allows.
    pub(crate) fn sqlite(path: &str, access: ReadOnly) -> diesel::ConnectionResult<Self> {
        let mut conn = SqliteConnection::establish(path)?;
        let setup = |conn: &mut SqliteConnection| {
            // Another process may hold the file for a moment; changing to WAL needs it alone.
            conn.batch_execute("PRAGMA busy_timeout = 10000")?;
            conn.batch_execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864;",
            )?;
            if access == ReadOnly::Yes {
                conn.batch_execute("PRAGMA query_only = ON")?;
            }
            now_us_utils::register_nondeterministic_impl(conn, || micros(Timestamp::now()))
        };
        setup(&mut conn).map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        Ok(Self::Sqlite(conn))
    }

    /// Connects to PostgreSQL. A statement that takes longer than half a minute is given up.
    pub(crate) fn postgres(url: &str) -> diesel::ConnectionResult<Self> {
        let mut conn = PgConnection::establish(url)?;
        conn.batch_execute(
            "SET statement_timeout = '30s'; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '60s'",
        )
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        Ok(Self::Postgres(conn))
    }

    /// Begins a transaction that will write. SQLite takes its write lock now, so that a transaction
    /// never fails halfway because another writer came first.
    pub(crate) fn begin(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        }
    }

    /// Ends the transaction of [`Self::begin`] for good.
    pub(crate) fn commit(&mut self) -> diesel::QueryResult<()> {
        on_conn!(self, |conn| AnsiTransactionManager::commit_transaction(conn))
    }

    /// Takes everything back since [`Self::begin`].
    pub(crate) fn rollback(&mut self) -> diesel::QueryResult<()> {
        on_conn!(self, |conn| AnsiTransactionManager::rollback_transaction(conn))
    }

    /// Whether the connection can be used again after `error`.
    pub(crate) fn survived(&mut self, error: &Error) -> bool {
        !error.is_closed_connection()
            && !on_conn!(self, |conn| AnsiTransactionManager::is_broken_transaction_manager(conn))
    }
}

/// What the database's clock shows, in microseconds.
pub(crate) fn now(conn: &mut AnyConnection) -> diesel::QueryResult<i64> {
    use diesel::RunQueryDsl;
    on_conn!(conn, |conn| diesel::select(now_us()).get_result(conn))
}
