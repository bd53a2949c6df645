//! Whether every schedule that is not paused comes due again, if anything more comes.

use diesel::{
    RunQueryDsl,
    sql_types::{Integer, Text},
};
use domain::{ScheduleId, schedule::Timetable};

use super::Finding;
use crate::{
    Error,
    connection::{AnyConnection, now, on_conn},
    plan::count,
    sql::{Id, Uuid, time},
    statement::statement,
};

/// Looks at the newest 10,000 schedules that do not come due.
pub(super) fn look(conn: &mut AnyConnection) -> Result<Vec<Finding>, Error> {
    let now = time(now(conn)?);
    let rows: Vec<(Id, String, i32)> = on_conn!(conn, |conn| {
        statement::<(Uuid, Text, Integer)>(
            "SELECT id, timetable, fired FROM schedules WHERE next_due_at IS NULL AND paused_at IS NULL
             ORDER BY id DESC LIMIT 10000",
        )
        .load(conn)?
    });
    let (mut stuck, mut unreadable) = (Vec::new(), Vec::new());
    for (id, json, fired) in rows {
        match serde_json::from_str::<Timetable>(&json) {
            Ok(timetable) if timetable.next(ScheduleId::from(id), count(fired), now).is_some() => stuck.push(id),
            Ok(_) => {}
            Err(_) => unreadable.push(id),
        }
    }
    let stuck = Finding::of(
        "schedules",
        "Schedules that do not come due though more would come",
        &stuck,
        "pause and resume them",
    );
    let unreadable =
        Finding::of("timetables", "Schedules whose timetable cannot be read", &unreadable, "save them again");
    Ok(stuck.into_iter().chain(unreadable).collect())
}
