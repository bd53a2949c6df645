//! What admission has to know of what goes on already. Only what the schedules at hand depend on is
//! looked up.

use std::collections::{HashMap, HashSet};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, Bool, Integer, Nullable},
};
use domain::{OrganizationId, PlanId, Restriction, ScheduleId, Tiers, WhenBusy, schedule::Overlap};

use super::{Numbered, take::Taken};
use crate::{
    Error,
    admission::is_busy,
    connection::AnyConnection,
    plan::count,
    sql::{Id, Uuid},
    statement::statement,
    usage::{self, Used},
};

/// The number of an unfinished run, and the schedule it is of, if any.
type Unfinished = (Option<ScheduleId>, u32);

/// What goes on and what is used up, kept up as runs are admitted.
pub(super) struct Busy {
    /// The number of an unfinished run of each schedule that skips while there is one.
    schedules: HashMap<ScheduleId, u32>,
    /// Unfinished runs of each plan that runs only once at a time: of two schedules, if there are two.
    plans: HashMap<PlanId, Vec<Unfinished>>,
    /// The organizations with an unfinished run, of those with a plan that runs only alone.
    organizations: HashSet<OrganizationId>,
    /// What is used up by organizations that have a limit (and by some that have none).
    used: HashMap<OrganizationId, Used>,
}

impl Busy {
    /// Looks at the database, in which the plans are locked.
    pub(super) fn look(
        conn: &mut AnyConnection,
        taken: &[Taken],
        plans: &HashMap<PlanId, Numbered>,
        tiers: &Tiers,
        now: i64,
    ) -> Result<Self, Error> {
        let skipping: Vec<_> =
            taken.iter().filter(|taken| taken.overlap == Overlap::Skip).map(|t| (t.plan, t.schedule)).collect();
        let restricted = |to: Restriction| {
            let wanted = plans.iter().filter(move |(_, plan)| plan.restriction == to);
            wanted.filter(|(_, plan)| plan.when_busy == WhenBusy::Refuse).map(|(id, _)| *id).collect::<HashSet<_>>()
        };
        let alone = restricted(Restriction::Global);
        let owners = taken.iter().filter(|taken| alone.contains(&taken.plan)).map(|taken| taken.organization);
        let owners: HashSet<OrganizationId> = owners.collect();
        // The first of two that come due at the same time is seen by the second only if the second waits
        // for the first.
        let waits = |taken: &&Taken| {
            alone.contains(&taken.plan)
                || plans.get(&taken.plan).is_some_and(|plan| tiers.limits(plan.tier).limit_runs())
        };
        let used = usage::lock(conn, taken.iter().filter(waits).map(|taken| taken.organization), now)?;
        Ok(Self {
            schedules: unfinished_of_schedules(conn, &skipping)?,
            plans: unfinished_of_plans(conn, restricted(Restriction::Itself))?,
            organizations: unfinished_of_organizations(conn, owners)?,
            used,
        })
    }

    /// The number of an unfinished run of the schedule.
    pub(super) fn schedule(&self, schedule: ScheduleId) -> Option<u32> {
        self.schedules.get(&schedule).copied()
    }

    /// The number of an unfinished run of the schedule's plan. One of the schedule itself does not count
    /// if it is to be waited for or to be cancelled.
    pub(super) fn plan(&self, taken: &Taken) -> Option<u32> {
        let counts = |of: &Option<ScheduleId>| taken.overlap == Overlap::Skip || *of != Some(taken.schedule);
        self.plans.get(&taken.plan)?.iter().find(|(of, _)| counts(of)).map(|(_, number)| *number)
    }

    /// Whether a run of the organization is unfinished.
    pub(super) fn organization(&self, organization: OrganizationId) -> bool {
        self.organizations.contains(&organization)
    }

    /// What the organization has used up; nothing if it has no limit.
    pub(super) fn used(&self, organization: OrganizationId) -> Used {
        self.used.get(&organization).copied().unwrap_or_default()
    }

    /// A run of this number was admitted.
    pub(super) fn admitted(&mut self, taken: &Taken, number: u32) {
        self.schedules.insert(taken.schedule, number);
        self.plans.entry(taken.plan).or_default().push((Some(taken.schedule), number));
        self.organizations.insert(taken.organization);
        if let Some(used) = self.used.get_mut(&taken.organization) {
            used.today += 1;
            used.this_month += 1;
        }
    }
}

fn unfinished_of_schedules(
    conn: &mut AnyConnection,
    schedules: &[(PlanId, ScheduleId)],
) -> Result<HashMap<ScheduleId, u32>, Error> {
    let rows: Vec<(Id, Option<i32>)> = match conn {
        _ if schedules.is_empty() => Vec::new(),
        AnyConnection::Postgres(conn) => statement::<(Uuid, Nullable<Integer>)>(
            "SELECT asked.schedule_id,
                    (SELECT number FROM runs WHERE plan_id = asked.plan_id AND schedule_id = asked.schedule_id
                     AND due_at IS NOT NULL LIMIT 1)
             FROM unnest(?, ?) AS asked (plan_id, schedule_id)",
        )
        .bind::<Array<Uuid>, _>(schedules.iter().map(|(plan, _)| Id::from(*plan)).collect::<Vec<_>>())
        .bind::<Array<Uuid>, _>(schedules.iter().map(|(_, schedule)| Id::from(*schedule)).collect::<Vec<_>>())
        .load(conn)?,
        AnyConnection::Sqlite(conn) => {
            let mut rows = Vec::new();
            for (plan, schedule) in schedules {
                let number: Option<i32> = statement::<Integer>(
                    "SELECT number FROM runs WHERE plan_id = ? AND schedule_id = ? AND due_at IS NOT NULL LIMIT 1",
                )
                .bind::<Uuid, _>(Id::from(*plan))
                .bind::<Uuid, _>(Id::from(*schedule))
                .get_result(conn)
                .optional()?;
                rows.push(((*schedule).into(), number));
            }
            rows
        }
    };
    Ok(rows.into_iter().filter_map(|(schedule, number)| Some((schedule.into(), count(number?)))).collect())
}

type OfPlanType = (Uuid, Nullable<Uuid>, Integer);
type OfPlanRow = (Id, Option<Id>, i32);

/// The first and the last in the order of their schedules: they are of two if there are two.
fn unfinished_of_plans(
    conn: &mut AnyConnection,
    plans: HashSet<PlanId>,
) -> Result<HashMap<PlanId, Vec<Unfinished>>, Error> {
    let rows: Vec<OfPlanRow> = match conn {
        _ if plans.is_empty() => Vec::new(),
        AnyConnection::Postgres(conn) => statement::<OfPlanType>(
            "SELECT asked.id, unfinished.schedule_id, unfinished.number
             FROM unnest(?) AS asked (id) CROSS JOIN LATERAL (
                 (SELECT schedule_id, number FROM runs WHERE plan_id = asked.id AND due_at IS NOT NULL
                  ORDER BY schedule_id LIMIT 1)
                 UNION ALL
                 (SELECT schedule_id, number FROM runs WHERE plan_id = asked.id AND due_at IS NOT NULL
                  ORDER BY schedule_id DESC LIMIT 1)
             ) AS unfinished",
        )
        .bind::<Array<Uuid>, _>(plans.into_iter().map(Id::from).collect::<Vec<_>>())
        .load(conn)?,
        AnyConnection::Sqlite(conn) => {
            let mut rows = Vec::new();
            for plan in plans.into_iter().map(Id::from) {
                let unfinished: Vec<OfPlanRow> = statement::<OfPlanType>(
                    "SELECT * FROM (SELECT plan_id, schedule_id, number FROM runs
                                    WHERE plan_id = ? AND due_at IS NOT NULL ORDER BY schedule_id LIMIT 1)
                     UNION ALL
                     SELECT * FROM (SELECT plan_id, schedule_id, number FROM runs
                                    WHERE plan_id = ? AND due_at IS NOT NULL ORDER BY schedule_id DESC LIMIT 1)",
                )
                .bind::<Uuid, _>(plan)
                .bind::<Uuid, _>(plan)
                .load(conn)?;
                rows.extend(unfinished);
            }
            rows
        }
    };
    let mut plans: HashMap<PlanId, Vec<_>> = HashMap::new();
    for (plan, schedule, number) in rows {
        plans.entry(plan.into()).or_default().push((schedule.map(ScheduleId::from), count(number)));
    }
    Ok(plans)
}

fn unfinished_of_organizations(
    conn: &mut AnyConnection,
    organizations: HashSet<OrganizationId>,
) -> Result<HashSet<OrganizationId>, Error> {
    let rows: Vec<(Id, bool)> = match conn {
        _ if organizations.is_empty() => Vec::new(),
        AnyConnection::Postgres(conn) => statement::<(Uuid, Bool)>(
            "SELECT asked.id, EXISTS (SELECT 1 FROM runs WHERE organization_id = asked.id AND state = 'queued')
                           OR EXISTS (SELECT 1 FROM runs WHERE organization_id = asked.id AND state = 'running')
             FROM unnest(?) AS asked (id)",
        )
        .bind::<Array<Uuid>, _>(organizations.into_iter().map(Id::from).collect::<Vec<_>>())
        .load(conn)?,
        AnyConnection::Sqlite(_) => {
            let mut rows = Vec::new();
            for organization in organizations {
                rows.push((organization.into(), is_busy(conn, organization.into())?));
            }
            rows
        }
    };
    Ok(rows.into_iter().filter(|(_, busy)| *busy).map(|(organization, _)| organization.into()).collect())
}
