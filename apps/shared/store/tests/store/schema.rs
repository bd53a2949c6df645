//! The migrations themselves.

use std::collections::BTreeSet;

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use testkit::TestDatabase;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../migrations");

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

fn names(columns: Vec<Column>) -> BTreeSet<String> {
    let ours = columns.into_iter().filter(|column| !column.table_name.starts_with("__"));
    ours.map(|column| format!("{}.{}", column.table_name, column.column_name)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (TestDatabase::sqlite().await, TestDatabase::postgres().await);
    let mut conn = SqliteConnection::establish(sqlite.url().strip_prefix("sqlite:").unwrap()).unwrap();
    let in_sqlite = sql_query(
        "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    )
    .load(&mut conn)
    .unwrap();
    let mut conn = PgConnection::establish(postgres.url()).unwrap();
    let in_postgres = sql_query(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .load(&mut conn)
    .unwrap();
    let in_sqlite = names(in_sqlite);
    assert!(in_sqlite.contains("runs.due_at"));
    assert_eq!(in_sqlite, names(in_postgres));
}

testkit::on_both! {
    async fn every_migration_can_be_taken_back_and_applied_again(database: TestDatabase) {
        match database.url().strip_prefix("sqlite:") {
            Some(path) => {
                let migrations = FileBasedMigrations::from_path(format!("{FOLDER}/sqlite")).unwrap();
                SqliteConnection::establish(path).unwrap().revert_all_migrations(migrations).unwrap();
            }
            None => {
                let migrations = FileBasedMigrations::from_path(format!("{FOLDER}/postgres")).unwrap();
                PgConnection::establish(database.url()).unwrap().revert_all_migrations(migrations).unwrap();
            }
        }
        assert!(database.open().await.is_ready().await.unwrap());
    }
}
