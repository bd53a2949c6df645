//! What `domain::admission` asks before a run may be queued: what its organization has used up, what of
//! it is unfinished. Counted in the transaction that inserts the run, and so that two at once cannot both
//! get the last one.

use std::collections::BTreeMap;

use diesel::{
    OptionalExtension, QueryResult, RunQueryDsl,
    sql_types::{Bool, Integer},
};
use domain::{
    Limits, OrganizationId, PlanId, Restriction, WhenBusy,
    admission::{Admitted, Asked, admit},
};

use jiff::civil::Date;

use crate::{
    connection::{AnyConnection, on_conn},
    plan::count,
    sql::{Id, Uuid, time},
    statement::statement,
    usage::{self, Used},
};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Which day it is in UTC, counted since 1970, as the table `usage` does.
pub(crate) fn day_of(now: i64) -> i32 {
    i32::try_from(now.div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// The date of such a day.
pub(crate) fn date_of(day: i32) -> Date {
    jiff::tz::Offset::UTC.to_datetime(time(i64::from(day) * DAY)).date()
}

/// The first day of the same month.
pub(crate) fn month_of(now: i64) -> i32 {
    day_of(now) - i32::from(time(now).to_zoned(jiff::tz::TimeZone::UTC).day()) + 1
}

/// One run that somebody asks for.
pub(crate) struct Ask {
    pub(crate) organization: OrganizationId,
    pub(crate) plan: PlanId,
    /// Why none of the plan's may run on the organization's tier.
    pub(crate) over_limit: Option<String>,
    pub(crate) restriction: Restriction,
    pub(crate) when_busy: WhenBusy,
}

/// Whether a run may be queued; one that may is counted. The plan's row must be locked, so that two at once
/// cannot both find the plan idle.
pub(crate) fn one(conn: &mut AnyConnection, ask: Ask, limits: &Limits, now: i64) -> QueryResult<Admitted> {
    let Ask { organization, plan, over_limit, restriction, when_busy } = ask;
    let refuses_beside = |other| when_busy == WhenBusy::Refuse && restriction == other;
    // Whoever else asks for a run of the organization waits here until this transaction is over.
    let used = match limits.limit_runs() || refuses_beside(Restriction::Global) {
        true => usage::lock(conn, std::iter::once(organization), now)?.remove(&organization).unwrap_or_default(),
        false => Used::default(),
    };
    let asked = Asked {
        over_limit,
        restriction,
        when_busy,
        overlap: None,
        caught_up: false,
        previous: None,
        plan_busy: if refuses_beside(Restriction::Itself) { unfinished(conn, plan.into())? } else { None },
        organization_busy: refuses_beside(Restriction::Global) && is_busy(conn, organization.into())?,
        used_today: used.today,
        used_this_month: used.this_month,
        now: time(now),
    };
    let admitted = admit(&asked, limits);
    if admitted == Admitted::Queue {
        usage::add(conn, &BTreeMap::from([(organization, 1)]), now)?;
    }
    Ok(admitted)
}

/// The number of a run of the plan that is not over.
fn unfinished(conn: &mut AnyConnection, plan: Id) -> QueryResult<Option<u32>> {
    let number = statement::<Integer>("SELECT number FROM runs WHERE plan_id = ? AND due_at IS NOT NULL LIMIT 1")
        .bind::<Uuid, _>(plan);
    let number: Option<i32> = on_conn!(conn, |conn| number.get_result(conn).optional()?);
    Ok(number.map(count))
}

/// Whether any run of the organization is not over.
pub(crate) fn is_busy(conn: &mut AnyConnection, organization: Id) -> QueryResult<bool> {
    let busy = statement::<Bool>(
        "SELECT EXISTS (SELECT 1 FROM runs WHERE organization_id = ? AND state = 'queued')
             OR EXISTS (SELECT 1 FROM runs WHERE organization_id = ? AND state = 'running')",
    )
    .bind::<Uuid, _>(organization)
    .bind::<Uuid, _>(organization);
    on_conn!(conn, |conn| busy.get_result(conn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_those_of_utc() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        assert_eq!(day_of(at("1970-01-01T23:59:59.999999Z")), 0);
        assert_eq!(day_of(at("1970-01-02T00:00:00Z")), 1);
        assert_eq!(day_of(at("1969-12-31T23:59:59Z")), -1);
        assert_eq!(month_of(at("2026-11-30T23:59:59Z")), day_of(at("2026-11-01T00:00:00Z")));
        assert_eq!(month_of(at("2024-03-01T00:00:00Z")), day_of(at("2024-03-01T12:00:00Z")));
    }
}
