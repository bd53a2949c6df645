//! A question as somebody writes it: all text, to be checked field by field.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BinInterval, MOST_BINS, StatisticsQuestion};
use crate::{PlanId, schedule::FieldProblem};

/// What a query gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatisticsDraft {
    /// The first instant, such as `2026-11-29T14:00:00Z`; empty: a day before `to`.
    pub from: String,
    /// The instant before which the time ends; empty: now.
    pub to: String,
    /// The word of a [`BinInterval`]; empty: `1h`.
    pub interval: String,
    /// The id of a plan; empty: all plans of the organization.
    pub plan: String,
}

/// No run was queued before this, and ids and times have room for it.
const FIRST: Timestamp = Timestamp::UNIX_EPOCH;

/// The beginning of the year 3000.
const LAST: Timestamp = Timestamp::constant(32_503_680_000, 0);

impl StatisticsDraft {
    /// Checks every field.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field, in the order of the fields.
    pub fn check(&self, now: Timestamp) -> Result<StatisticsQuestion, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let from = keep(&mut problems, "from", given(&self.from).map(time).transpose());
        let to = keep(&mut problems, "to", given(&self.to).map(time).transpose());
        let interval =
            keep(&mut problems, "interval", given(&self.interval).map_or(Ok(BinInterval::default()), interval));
        let plan = keep(&mut problems, "plan", given(&self.plan).map(plan).transpose());
        let (Some(from), Some(to), Some(interval), Some(plan)) = (from, to, interval, plan) else {
            return Err(problems);
        };
        let to = to.unwrap_or(now.clamp(FIRST, LAST));
        let from = from.unwrap_or_else(|| FIRST.max(to - SignedDuration::from_hours(24)));
        if from >= to {
            return Err(vec![FieldProblem {
                field: "to",
                message: format!("The time must end after {from}, its beginning."),
            }]);
        }
        question(from, to, interval, plan).map_err(|message| vec![FieldProblem { field: "interval", message }])
    }
}

/// The question if it has few enough bins; else how it would.
fn question(
    from: Timestamp,
    to: Timestamp,
    interval: BinInterval,
    plan: Option<PlanId>,
) -> Result<StatisticsQuestion, String> {
    let first_and_bins = |interval: BinInterval| {
        let (first, last) = (interval.count_before(from), interval.count_before(to - SignedDuration::from_nanos(1)));
        (first, usize::try_from(last - first + 1).unwrap_or(usize::MAX))
    };
    let (first, bins) = first_and_bins(interval);
    if bins <= MOST_BINS {
        return Ok(StatisticsQuestion { interval, first, bins, plan });
    }
    let fits = BinInterval::ALL.iter().find(|longer| first_and_bins(**longer).1 <= MOST_BINS);
    let remedy =
        fits.map_or("Ask for less time.".to_owned(), |fits| format!("Ask for {fits} or more, or for less time."));
    Err(format!("This time has {bins} bins of {interval}, and an answer has {MOST_BINS} at most. {remedy}"))
}

/// What was read, or none if a problem was noted instead.
fn keep<T>(problems: &mut Vec<FieldProblem>, field: &'static str, read: Result<T, String>) -> Option<T> {
    read.map_err(|message| problems.push(FieldProblem { field, message })).ok()
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// The beginning of a text that may be of any length, to be told of.
fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

fn time(text: &str) -> Result<Timestamp, String> {
    let unreadable = |_| {
        format!("`{}` is no time. Write date, time and offset from UTC, such as 2026-11-29T14:00:00Z.", beginning(text))
    };
    let time: Timestamp = text.parse().map_err(unreadable)?;
    let outside = || format!("`{}` is not within the years 1970 to 2999.", beginning(text));
    if (FIRST..=LAST).contains(&time) { Ok(time) } else { Err(outside()) }
}

fn interval(text: &str) -> Result<BinInterval, String> {
    let words: Vec<_> = BinInterval::ALL.iter().map(|interval| interval.as_str()).collect();
    text.parse().map_err(|_| format!("`{}` is no interval. Write one of {}.", beginning(text), words.join(", ")))
}

fn plan(text: &str) -> Result<PlanId, String> {
    text.parse().map_err(|_| format!("`{}` is no id of a plan.", beginning(text)))
}
