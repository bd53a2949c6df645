//! SQL behind the store's back: to damage what is stored, and to store much of it quickly.

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use domain::PlanId;
use jiff::Timestamp;
use testkit::TestDatabase;

/// Runs statements that both databases understand.
pub fn sql(database: &TestDatabase, statements: &str) {
    try_sql(database, statements).unwrap();
}

/// As [`sql`], where the database may refuse it.
pub fn try_sql(database: &TestDatabase, statements: &str) -> diesel::QueryResult<()> {
    match database.url().strip_prefix("sqlite:") {
        Some(path) => {
            let mut conn = SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
            conn.batch_execute(statements)
        }
        None => PgConnection::establish(database.url()).unwrap().batch_execute(statements),
    }
}

/// An id as a literal.
pub fn id(database: &TestDatabase, id: uuid::Uuid) -> String {
    if database.is_sqlite() { format!("x'{}'", id.simple()) } else { format!("'{id}'") }
}

/// Queues so many runs of a plan, as a schedule would; the first is due first.
pub fn queue_many(database: &TestDatabase, plan: PlanId, runs: u32) {
    let new_id = if database.is_sqlite() { "randomblob(16)" } else { "gen_random_uuid()" };
    let plan = id(database, plan.0);
    let due = Timestamp::now().as_microsecond() - 1_000_000;
    sql(
        database,
        &format!(
            "WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < {runs})
             INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, priority, due_at, queued_at,
                               steps, restriction)
             SELECT {new_id}, organization_id, id, version, last_run_number + n, 'queued', 'schedule', 0, {due} + n,
                    {due}, steps, restriction
             FROM plans, more WHERE id = {plan};
             UPDATE plans SET last_run_number = last_run_number + {runs} WHERE id = {plan};"
        ),
    );
}
