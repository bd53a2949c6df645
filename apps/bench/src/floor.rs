//! What the floors store and read: the same kind of database, one batch insert, one query.

pub mod claims;

use std::sync::Mutex;

use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, prelude::*};
use serde_json::Value;
use uuid::Uuid;

diesel::table! {
    floor_steps (run_id, position) {
        run_id -> Text,
        position -> Integer,
        state -> Text,
        duration -> BigInt,
        report -> Text,
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS floor_steps (run_id text NOT NULL, position integer NOT NULL,
    state text NOT NULL, duration bigint NOT NULL, report text NOT NULL, PRIMARY KEY (run_id, position))";

#[derive(Insertable)]
#[diesel(table_name = floor_steps)]
struct Row {
    run_id: String,
    position: i32,
    state: &'static str,
    duration: i64,
    report: String,
}

/// Where a floor stores its results: SQLite has one connection that writes, PostgreSQL one per worker.
pub enum Database {
    /// `synchronous=FULL`, as ours.
    Sqlite(Mutex<SqliteConnection>),
    /// fsync on.
    Postgres(Vec<Mutex<PgConnection>>),
}

impl Database {
    /// Opens the file and makes the table.
    pub fn sqlite(url: &str) -> anyhow::Result<Self> {
        let mut connection = SqliteConnection::establish(url.trim_start_matches("sqlite:"))?;
        connection.batch_execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        connection.batch_execute(TABLE)?;
        Ok(Self::Sqlite(Mutex::new(connection)))
    }

    /// Opens as many connections as there are workers and makes the table.
    pub fn postgres(url: &str, workers: usize) -> anyhow::Result<Self> {
        let mut connections = (0..workers).map(|_| PgConnection::establish(url)).collect::<Result<Vec<_>, _>>()?;
        connections[0].batch_execute(TABLE)?;
        Ok(Self::Postgres(connections.into_iter().map(Mutex::new).collect()))
    }

    /// One batch insert of a plan's results, committed. Blocks.
    pub fn insert(&self, worker: usize, bodies: &[Value]) -> anyhow::Result<()> {
        let run_id = Uuid::now_v7().to_string();
        let rows: Vec<Row> = (0..)
            .zip(bodies)
            .map(|(position, body)| Row {
                run_id: run_id.clone(),
                position,
                state: "passed",
                duration: 400,
                report: serde_json::json!({ "status": 200, "passed": true, "body": body }).to_string(),
            })
            .collect();
        match self {
            Self::Sqlite(connection) => {
                let mut connection = connection.lock().expect("no insert panics");
                connection.transaction(|connection| {
                    diesel::insert_into(floor_steps::table).values(rows).execute(connection)
                })?;
            }
            Self::Postgres(connections) => {
                let mut connection = connections[worker].lock().expect("no insert panics");
                diesel::insert_into(floor_steps::table).values(rows).execute(&mut *connection)?;
            }
        }
        Ok(())
    }
}
