//! Counting the steps of a run that ends where nobody has counted them: its executor has, unless the run
//! ends without one.

use diesel::RunQueryDsl;
use domain::RunId;

use crate::{
    connection::{AnyConnection, on_conn},
    sql::{Id, Uuid},
    statement::statement,
};

/// Writes down how many of the stored steps passed, failed and were skipped. They are tidy by now.
pub(crate) fn count_steps(conn: &mut AnyConnection, run: RunId) -> diesel::QueryResult<()> {
    let counted = statement::<()>(
        "UPDATE runs SET
             steps_passed = (SELECT count(*) FROM steps WHERE run_id = runs.id AND state = 'passed'),
             steps_failed = (SELECT count(*) FROM steps WHERE run_id = runs.id AND state IN ('failed', 'errored')),
             steps_skipped = (SELECT count(*) FROM steps WHERE run_id = runs.id AND state = 'skipped')
         WHERE id = ? AND fence > 0",
    )
    .bind::<Uuid, _>(Id::from(run));
    on_conn!(conn, |conn| counted.execute(conn)?);
    Ok(())
}
