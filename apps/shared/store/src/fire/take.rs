//! Taking the schedules that are due, and working out what has come due of each.

use std::collections::BTreeMap;

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Integer, Text},
};
use domain::{
    OrganizationId, PlanId, ScheduleId,
    schedule::{CatchUp, Due, Overlap, State, Timetable, due},
};
use jiff::Timestamp;

use crate::{
    Error,
    connection::{AnyConnection, on_conn},
    database::Transaction,
    plan::count,
    sql::{Id, Uuid, micros, time},
    statement::statement,
};

/// The schedules that were due, locked until the end of the transaction.
pub(super) struct AllTaken {
    pub(super) schedules: Vec<Taken>,
    /// How many could not be read, and are paused now.
    pub(super) unreadable: usize,
}

/// A schedule with what has come due of it.
pub(super) struct Taken {
    pub(super) schedule: ScheduleId,
    pub(super) organization: OrganizationId,
    pub(super) plan: PlanId,
    pub(super) overlap: Overlap,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) due: Due,
}

type RowType = (Uuid, Uuid, Uuid, Text, Text, Text, Text, Integer, BigInt);
type Row = (Id, Id, Id, String, String, String, String, i32, i64);

/// Takes at most `most` schedules that are due by `now`, the one due first at the front, and none that
/// another transaction holds; none at all while the clock is paused.
pub(super) fn take(tx: &mut Transaction<'_>, now: Timestamp, most: usize) -> Result<AllTaken, Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows: Vec<Row> = match tx.conn {
        AnyConnection::Postgres(conn) => statement::<RowType>(
            "SELECT id, organization_id, plan_id, timetable, catch_up, overlap, variables, fired, next_due_at
             FROM schedules
             WHERE next_due_at <= ? AND NOT EXISTS (SELECT 1 FROM clock WHERE id = 1 AND paused_at IS NOT NULL)
             ORDER BY next_due_at LIMIT ? FOR NO KEY UPDATE OF schedules SKIP LOCKED",
        )
        .bind::<BigInt, _>(micros(now))
        .bind::<BigInt, _>(most)
        .load(conn)?,
        AnyConnection::Sqlite(conn) => statement::<RowType>(
            "SELECT id, organization_id, plan_id, timetable, catch_up, overlap, variables, fired, next_due_at
             FROM schedules
             WHERE next_due_at <= ? AND NOT EXISTS (SELECT 1 FROM clock WHERE id = 1 AND paused_at IS NOT NULL)
             ORDER BY next_due_at LIMIT ?",
        )
        .bind::<BigInt, _>(micros(now))
        .bind::<BigInt, _>(most)
        .load(conn)?,
    };
    let mut taken = AllTaken { schedules: Vec::with_capacity(rows.len()), unreadable: 0 };
    for row in rows {
        let schedule = row.0;
        match read(row, now) {
            Ok(schedule) => taken.schedules.push(schedule),
            Err(problem) => {
                taken.unreadable += 1;
                tracing::error!(schedule = %schedule.0, problem, "a schedule cannot be read and was paused");
                pause(tx.conn, schedule, &problem)?;
            }
        }
    }
    Ok(taken)
}

fn read(row: Row, now: Timestamp) -> Result<Taken, String> {
    let (schedule, organization, plan, timetable, catch_up, overlap, variables, fired, next_due_at) = row;
    let schedule = ScheduleId::from(schedule);
    let timetable: Timetable = serde_json::from_str(&timetable).map_err(|error| error.to_string())?;
    let catch_up: CatchUp = catch_up.parse().map_err(|_| format!("`{catch_up}` is no way to catch up"))?;
    let state = State { timetable, catch_up, seed: schedule, fired: count(fired), next_due_at: time(next_due_at) };
    Ok(Taken {
        schedule,
        organization: organization.into(),
        plan: plan.into(),
        overlap: overlap.parse().map_err(|_| format!("`{overlap}` is no way to overlap"))?,
        variables: serde_json::from_str(&variables).map_err(|error| error.to_string())?,
        due: due(&state, now),
    })
}

/// Pauses a schedule in nobody's name, so that it does not keep the others from firing.
fn pause(conn: &mut AnyConnection, schedule: Id, problem: &str) -> Result<(), Error> {
    let pause = statement::<()>(
        "UPDATE schedules SET paused_at = now_us(), paused_by = NULL, pause_reason = ?, next_due_at = NULL WHERE id = ?",
    )
    .bind::<Text, _>(format!("This version cannot read the schedule: {problem}. Save it again."))
    .bind::<Uuid, _>(schedule);
    on_conn!(conn, |conn| pause.execute(conn)?);
    Ok(())
}
