//! The schema's versions: which this program brings, which the database has seen.

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    migration::MigrationSource,
    sql_types::{BigInt, Bool, Text},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    Error,
    connection::{AnyConnection, on_conn},
};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// Held while migrating, so that several processes may start at once.
const MIGRATION_LOCK: i64 = 0x736d_6f6b_6578;

#[diesel::declare_sql_function]
extern "SQL" {
    fn pg_advisory_lock(key: BigInt);
}

/// Brings the schema up to date.
pub(super) fn run(conn: &mut AnyConnection) -> Result<(), String> {
    if let AnyConnection::Postgres(conn) = conn {
        conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").map_err(|error| error.to_string())?;
        // The lock goes with the connection, which the caller closes.
        diesel::select(pg_advisory_lock(MIGRATION_LOCK)).execute(conn).map_err(|error| error.to_string())?;
    }
    // All in one transaction: what is missing is looked up by one process at a time, and a migration
    // that fails leaves the schema as it was.
    conn.begin().map_err(|error| error.to_string())?;
    match conn {
        AnyConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(drop),
        AnyConnection::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(drop),
    }
    .map_err(|error| error.to_string())?;
    conn.commit().map_err(|error| error.to_string())
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The migrations the database has seen; none if it is empty.
pub(super) fn applied(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    let there = match conn {
        AnyConnection::Sqlite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations') AS there"
        }
        AnyConnection::Postgres(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there",
    };
    let list = "SELECT version FROM __diesel_schema_migrations";
    on_conn!(conn, |conn| {
        if !diesel::sql_query(there).get_result::<Exists>(conn)?.there {
            return Ok(Vec::new());
        }
        let rows = diesel::sql_query(list).load::<Version>(conn)?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    })
}

/// The migrations this version brings.
pub(super) fn known(conn: &AnyConnection) -> Vec<String> {
    fn versions<DB: diesel::backend::Backend>(source: &impl MigrationSource<DB>) -> Vec<String> {
        let migrations = source.migrations().expect("the migrations were checked when they were embedded");
        migrations.iter().map(|migration| migration.name().version().to_string()).collect()
    }
    match conn {
        AnyConnection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        AnyConnection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
}
