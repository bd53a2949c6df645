//! Making and changing schedules.

use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, insert_into, update};
use domain::{
    Deed, PlanId, ScheduleId, UserId,
    schedule::{CheckedSchedule, Timetable},
};
use serde_json::{Value, json};

use crate::{
    Change, Error, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    once,
    plan::count,
    schema::{plans, runs, schedules},
    sql::{Id, Json, micros, time},
};

impl Store {
    /// Makes a schedule of a plan; none if there is no such plan. One of a plan that its tier does not allow
    /// does not come due. A request that came before gets the schedule that was made then.
    pub async fn create_schedule(
        &self,
        tenant: &Tenant,
        author: UserId,
        plan: PlanId,
        new: CheckedSchedule,
    ) -> Result<Option<ScheduleId>, Error> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let organization = Id::from(tenant.organization());
                let id = ScheduleId::new();
                if let Some(made) = once::begin(tx, &tenant, "schedule", id.0)? {
                    return Ok(Some(ScheduleId(made)));
                }
                // The lock keeps the plan from being deleted before the schedule is there.
                let theirs = plans::table
                    .filter(plans::id.eq(Id::from(plan)).and(plans::organization_id.eq(organization)))
                    .select((plans::over_limit, plans::name));
                let found: Option<(Option<String>, String)> = match &mut *tx.conn {
                    AnyConnection::Postgres(conn) => theirs.for_key_share().get_result(conn).optional()?,
                    AnyConnection::Sqlite(conn) => theirs.get_result(conn).optional()?,
                };
                let Some((over_limit, plan_name)) = found else { return Ok(None) };
                let next = match over_limit {
                    None => next_due(tx.conn, id, &new.timetable, 0)?,
                    Some(_) => None,
                };
                let now = now(tx.conn)?;
                insert_into(schedules::table)
                    .values((
                        schedules::id.eq(Id::from(id)),
                        schedules::organization_id.eq(organization),
                        schedules::plan_id.eq(Id::from(plan)),
                        schedules::name.eq(&new.name),
                        schedules::timetable.eq(text(&new.timetable)),
                        schedules::catch_up.eq(new.catch_up.as_str()),
                        schedules::overlap.eq(new.overlap.as_str()),
                        schedules::variables.eq(text(&new.variables)),
                        schedules::tags.eq(new.tags.column()),
                        schedules::next_due_at.eq(next),
                        schedules::author_id.eq(Id::from(author)),
                        schedules::created_at.eq(now),
                        schedules::updated_at.eq(now),
                        schedules::over_limit.eq(over_limit),
                    ))
                    .execute(tx.conn)?;
                let details = details(&plan_name, &new);
                audit::note(tx, &tenant, Deed::ScheduleCreated, Some(id.0), &new.name, &details)?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan });
                Ok(Some(id))
            })
            .await
    }

    /// Changes a schedule; false if there is no such schedule. Another timetable begins anew: its due
    /// times count from now, and its repeats from none. A paused schedule stays paused. That its times are
    /// allowed on its tier was checked before.
    pub async fn save_schedule(
        &self,
        tenant: &Tenant,
        schedule: ScheduleId,
        new: CheckedSchedule,
    ) -> Result<bool, Error> {
        type Row = (Id, Json<Timetable>, i32, Option<i64>, Option<i64>, Option<String>, (Option<String>, String));
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let id = Id::from(schedule);
                let theirs = schedules::table
                    .inner_join(plans::table)
                    .filter(schedules::id.eq(id).and(schedules::organization_id.eq(Id::from(tenant.organization()))))
                    .select((
                        schedules::plan_id,
                        schedules::timetable,
                        schedules::fired,
                        schedules::next_due_at,
                        schedules::paused_at,
                        schedules::over_limit,
                        (plans::over_limit, plans::name),
                    ));
                // Locked, so that no scheduler fires it between this and the update.
                let found: Option<Row> = match &mut *tx.conn {
                    AnyConnection::Postgres(conn) => theirs.for_no_key_update().get_result(conn).optional()?,
                    AnyConnection::Sqlite(conn) => theirs.get_result(conn).optional()?,
                };
                let Some((plan, Json(old), fired, next_due_at, paused_at, before, of_plan)) = found else {
                    return Ok(false);
                };
                let (over_limit, plan_name) = of_plan;
                let is_same = new.timetable == old;
                let fired = if is_same { fired } else { 0 };
                let next = match (paused_at, &over_limit) {
                    (None, None) if is_same && before.is_none() => next_due_at,
                    (None, None) => next_due(tx.conn, schedule, &new.timetable, count(fired))?,
                    _ => None,
                };
                let now = now(tx.conn)?;
                update(schedules::table.filter(schedules::id.eq(id)))
                    .set((
                        schedules::name.eq(&new.name),
                        schedules::timetable.eq(text(&new.timetable)),
                        schedules::catch_up.eq(new.catch_up.as_str()),
                        schedules::overlap.eq(new.overlap.as_str()),
                        schedules::variables.eq(text(&new.variables)),
                        schedules::tags.eq(new.tags.column()),
                        schedules::fired.eq(fired),
                        schedules::next_due_at.eq(next),
                        schedules::over_limit.eq(over_limit),
                        schedules::updated_at.eq(now),
                    ))
                    .execute(tx.conn)?;
                let details = details(&plan_name, &new);
                audit::note(tx, &tenant, Deed::ScheduleSaved, Some(schedule.0), &new.name, &details)?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan: plan.into() });
                Ok(true)
            })
            .await
    }
}

/// The first due time from now, in microseconds. It is also later than every one that already has a run:
/// a clock that was set back brings none of them a second time.
pub(crate) fn next_due(
    conn: &mut AnyConnection,
    schedule: ScheduleId,
    timetable: &Timetable,
    fired: u32,
) -> Result<Option<i64>, Error> {
    let last: Option<i64> = on_conn!(&mut *conn, |conn| {
        runs::table
            .filter(runs::schedule_id.eq(Id::from(schedule)))
            .select(diesel::dsl::max(runs::scheduled_at))
            .get_result(conn)?
    });
    let after = now(conn)?.max(last.unwrap_or(i64::MIN));
    Ok(timetable.next(schedule, fired, time(after)).map(micros))
}

/// What the audit log tells of a schedule; not its variables, which are for its runs only.
fn details(plan: &str, schedule: &CheckedSchedule) -> Value {
    json!({ "plan": plan, "when": schedule.timetable.sentence() })
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("timetables and texts are JSON")
}
