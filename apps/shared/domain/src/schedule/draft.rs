//! A schedule as somebody writes it: all text, to be checked field by field.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CheckedSchedule, Interval, Timing, local_time};
use crate::Limits;

mod check;
mod variables;

pub use variables::unknown_variables;

/// What a form or the API gives. Fields that do not belong to the kind are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleDraft {
    /// What it is called; empty: its sentence.
    pub name: String,
    /// `cron`, `every` or `at`.
    pub kind: String,
    /// Five fields, or `@daily` and the like. Of the kind `cron`.
    pub cron: String,
    /// A length of time such as `10s` or `1h30m`, in whole seconds. Of the kind `every`.
    pub interval: String,
    /// How much later than its nominal time each may be; empty: not at all. Of the kind `every`.
    pub jitter: String,
    /// The first nominal time; empty: `after`, or now. A form keeps it from one edit to the next, so that
    /// the rhythm does not change. Of the kind `every`.
    pub start: String,
    /// Local times of the zone, or times with an offset, one on each line or with commas between them. Of the
    /// kind `at`.
    pub at: String,
    /// The name of a time zone; empty: `UTC`.
    pub zone: String,
    /// A time as in `at` before which nothing is due; may be empty.
    pub after: String,
    /// A time as in `at` from which on nothing is due; may be empty.
    pub before: String,
    /// How many times it is due in all; empty: for ever.
    pub repeats: String,
    /// Words with spaces or commas between them; may be empty.
    pub tags: String,
    /// `latest`, `all` or `none`; empty: `latest`.
    pub catch_up: String,
    /// `skip`, `queue` or `cancel`; empty: `skip`.
    pub overlap: String,
    /// Values of the plan's variables, `name = value` on each line; may be empty.
    pub variables: String,
}

/// What is wrong with one field of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// The name of the field, as in [`ScheduleDraft`].
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Default for ScheduleDraft {
    /// Every weekday at nine, UTC.
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: "cron".to_owned(),
            cron: "0 9 * * 1-5".to_owned(),
            interval: "1h".to_owned(),
            jitter: String::new(),
            start: String::new(),
            at: String::new(),
            zone: "UTC".to_owned(),
            after: String::new(),
            before: String::new(),
            repeats: String::new(),
            tags: String::new(),
            catch_up: "latest".to_owned(),
            overlap: "skip".to_owned(),
            variables: String::new(),
        }
    }
}

impl ScheduleDraft {
    /// Checks every field.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field, in the order of the fields.
    pub fn check(
        &self,
        now: Timestamp,
        limits: &Limits,
        plan_variables: &[String],
    ) -> Result<CheckedSchedule, Vec<FieldProblem>> {
        check::check(self, now, limits, plan_variables)
    }

    /// The draft of a schedule that exists, to be edited. Of the times of the kind `at` those to come.
    #[must_use]
    pub fn of(schedule: &CheckedSchedule, now: Timestamp) -> Self {
        let table = &schedule.timetable;
        let instant = |at: Timestamp| local_time::write(at, &table.zone);
        let maybe = |at: Option<Timestamp>| at.map(instant).unwrap_or_default();
        let draft = Self {
            name: schedule.name.clone(),
            zone: table.zone.to_string(),
            after: maybe(table.after),
            before: maybe(table.before),
            repeats: table.repeats.map(|repeats| repeats.to_string()).unwrap_or_default(),
            tags: schedule.tags.to_string(),
            catch_up: schedule.catch_up.to_string(),
            overlap: schedule.overlap.to_string(),
            variables: variables::write(&schedule.variables),
            ..Self::default()
        };
        match &table.timing {
            Timing::Cron(cron) => Self { kind: "cron".to_owned(), cron: cron.to_string(), ..draft },
            Timing::Every { interval, jitter, start } => Self {
                kind: "every".to_owned(),
                interval: interval.to_string(),
                jitter: if *jitter == Interval::ZERO { String::new() } else { jitter.to_string() },
                start: start.to_string(),
                ..draft
            },
            Timing::At(times) => {
                let to_come = times.iter().filter(|at| **at > now).map(|at| instant(*at));
                Self { kind: "at".to_owned(), at: to_come.collect::<Vec<_>>().join("\n"), ..draft }
            }
        }
    }
}

#[cfg(test)]
mod tests;
