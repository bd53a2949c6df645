//! Whether a run that is asked for is taken.

use jiff::Timestamp;

use crate::{Limits, Restriction, WhenBusy, schedule::Overlap};

/// A run somebody or a schedule asks for, and what there is already.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Why the plan may not run at all: its tier does not allow so many.
    pub over_limit: Option<String>,
    /// Beside which other runs the plan's runs may go.
    pub restriction: Restriction,
    /// What becomes of one that may not start now.
    pub when_busy: WhenBusy,
    /// What the schedule does if its run before has not finished; `None`: no schedule asks.
    pub overlap: Option<Overlap>,
    /// The due time passed while no scheduler was at work.
    pub caught_up: bool,
    /// The number of this schedule's run that has not finished.
    pub previous: Option<u32>,
    /// The number of a run of the plan that has not finished; not one of the schedule that asks, if that queues or
    /// cancels: it has decided about its own.
    pub plan_busy: Option<u32>,
    /// A run of the organization has not finished.
    pub organization_busy: bool,
    /// How many runs were accepted today (UTC).
    pub used_today: u32,
    /// How many runs were accepted this month (UTC).
    pub used_this_month: u32,
    /// Database time.
    pub now: Timestamp,
}

/// What becomes of a run that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is queued. With [`Overlap::Cancel`] the run before is asked to stop.
    Queue,
    /// It is refused, for this reason.
    Refuse(String),
    /// It is skipped, for this reason.
    Skip(String),
}

/// Decides on a run: first the limits, then the restriction, then what its schedule does about overlap.
///
/// A due time that is caught up waits its turn where another would be skipped: several of them come at once.
#[must_use]
pub fn admit(asked: &Asked, limits: &Limits) -> Admitted {
    if let Some(over_limit) = &asked.over_limit {
        return Admitted::Refuse(over_limit.clone());
    }
    if let Err(over_limit) = limits.allow_another_run(asked.used_today, asked.used_this_month, asked.now) {
        return Admitted::Refuse(over_limit.to_string());
    }
    if let Some(reason) = busy(asked) {
        return Admitted::Refuse(reason);
    }
    match (asked.overlap, asked.previous) {
        (Some(Overlap::Skip), Some(previous)) if !asked.caught_up => {
            Admitted::Skip(format!("Run {previous} of this schedule had not finished when this one was due."))
        }
        _ => Admitted::Queue,
    }
}

/// Why a restriction does not let the run be queued.
fn busy(asked: &Asked) -> Option<String> {
    if asked.when_busy == WhenBusy::Queue {
        return None;
    }
    match asked.restriction {
        Restriction::None => None,
        Restriction::Itself => asked.plan_busy.map(|number| {
            format!(
                "Run {number} of this plan has not finished, and its runs go one at a time (restriction: self). Wait \
                 for it or cancel it; with `when_busy: queue` in the plan a run waits by itself."
            )
        }),
        Restriction::Global => asked.organization_busy.then(|| {
            "Another run of the organization has not finished, and this plan runs alone (restriction: global). \
             Wait until nothing runs; with `when_busy: queue` in the plan a run waits by itself."
                .to_owned()
        }),
    }
}

#[cfg(test)]
mod tests;
