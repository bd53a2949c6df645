//! What becomes of each due time: a run, or a row that says why not.

use std::collections::HashMap;

use domain::{
    Cause, PlanId, RunId, Tiers,
    admission::{Admitted, Asked, admit},
    schedule::{Fate, Occurrence, Overlap},
};

use super::{Busy, Numbered, take::Taken};
use crate::{
    plan::count,
    run::insert::{Beginning, OfSchedule},
    sql::{micros, time},
};

/// The runs as they begin, in the order of their due times, which is that of their numbers.
pub(super) fn decide<'a>(
    taken: &'a [Taken],
    mut plans: HashMap<PlanId, Numbered>,
    busy: &mut Busy,
    tiers: &Tiers,
    now: i64,
) -> Vec<Beginning> {
    let of = |taken: &'a Taken| std::iter::repeat(taken).zip(&taken.due.occurrences);
    let mut occurrences: Vec<(&'a Taken, &'a Occurrence)> = taken.iter().flat_map(of).collect();
    occurrences.sort_by_key(|(_, occurrence)| occurrence.due_at);
    let mut runs = Vec::with_capacity(occurrences.len());
    for (taken, occurrence) in occurrences {
        // A plan without a number is being deleted.
        let Some(plan) = plans.get_mut(&taken.plan) else { continue };
        plan.last += 1;
        let (admitted, caught_up) = match &occurrence.fate {
            Fate::Missed { reason } => (Admitted::Skip(reason.clone()), false),
            Fate::Run { caught_up } => {
                let used = busy.used(taken.organization);
                let asked = Asked {
                    // Schedules of such a plan do not come due.
                    over_limit: None,
                    restriction: plan.restriction,
                    when_busy: plan.when_busy,
                    overlap: Some(taken.overlap),
                    caught_up: *caught_up,
                    previous: busy.schedule(taken.schedule),
                    plan_busy: busy.plan(taken),
                    organization_busy: busy.organization(taken.organization),
                    used_today: used.today,
                    used_this_month: used.this_month,
                    now: time(now),
                };
                (admit(&asked, tiers.limits(plan.tier)), *caught_up)
            }
        };
        if admitted == Admitted::Queue {
            busy.admitted(taken, count(plan.last));
        }
        runs.push(Beginning {
            id: RunId::new(),
            organization: taken.organization,
            plan: taken.plan,
            version: plan.version,
            number: plan.last,
            steps: plan.steps,
            cause: Cause::Schedule,
            user: None,
            restriction: plan.restriction,
            variables: taken.variables.clone(),
            occurrence: Some(OfSchedule {
                schedule: taken.schedule,
                due_at: micros(occurrence.due_at),
                serial: caught_up || taken.overlap != Overlap::Skip,
            }),
            admitted,
        });
    }
    runs
}
