//! What becomes of the due times of a schedule once they have come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{CatchUp, Timetable};
use crate::ScheduleId;

/// What runs up to this late is in time, not caught up.
pub const IN_TIME: Duration = Duration::from_secs(60);

/// How many due times one look makes up for.
pub const MOST_CAUGHT_UP: usize = 100;

/// How many missed due times one look names; those before are counted only.
pub const MOST_MISSED: usize = 100;

/// How a schedule stands.
#[derive(Clone, Debug)]
pub struct State {
    /// When it is due.
    pub timetable: Timetable,
    /// What is made up for.
    pub catch_up: CatchUp,
    /// Whose jitter it has.
    pub seed: ScheduleId,
    /// How many due times have been.
    pub fired: u32,
    /// The first due time that has not been looked at.
    pub next_due_at: Timestamp,
}

/// What has come due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// One for each due time, in order of time; at most [`MOST_CAUGHT_UP`] + [`MOST_MISSED`].
    pub occurrences: Vec<Occurrence>,
    /// How many due times have been now.
    pub fired: u32,
    /// The next due time; `None` if nothing more comes.
    pub next: Option<Timestamp>,
}

/// A due time and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it was due.
    pub due_at: Timestamp,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It makes a run.
    Run {
        /// It is more than [`IN_TIME`] late.
        caught_up: bool,
    },
    /// It makes none.
    Missed {
        /// Why, in one or two sentences.
        reason: String,
    },
}

/// What has come due by `now`.
///
/// A single due time runs, however late; with [`CatchUp::None`] only if it is at most [`IN_TIME`] late. Of
/// several, the policy says which run; the others are missed, and the oldest one named tells how many before
/// it are not. The work is bounded, however many there are. A clock that was set back makes nothing due twice.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Due {
    let State { timetable, seed, fired, next_due_at, .. } = state;
    let left = timetable.repeats.map_or(u64::MAX, |repeats| u64::from(repeats.saturating_sub(*fired)));
    if *next_due_at > now || left == 0 {
        let next = (left > 0).then_some(*next_due_at);
        return Due { occurrences: Vec::new(), fired: *fired, next };
    }
    let mut until = now;
    let mut count = timetable.count(*seed, *next_due_at, until) + 1;
    if count > left {
        until = nth(state, left, now);
        count = left;
    }
    let named = newest(state, until, count);
    let running = runs(state.catch_up, &named, now);
    let missed = named.len() - running;
    let occurrences: Vec<_> = named[missed.saturating_sub(MOST_MISSED)..]
        .iter()
        .enumerate()
        .map(|(place, due_at)| {
            let is_missed = place < missed.min(MOST_MISSED);
            let late = !is_in_time(*due_at, now);
            let fate = if is_missed {
                let unnamed = if place == 0 { count - (missed.min(MOST_MISSED) + running) as u64 } else { 0 };
                Fate::Missed { reason: reason(state, unnamed) }
            } else {
                Fate::Run { caught_up: late }
            };
            Occurrence { due_at: *due_at, fate }
        })
        .collect();
    let fired = fired.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    let next = timetable.next(*seed, fired, until);
    Due { occurrences, fired, next }
}

fn is_in_time(due_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(due_at) <= SignedDuration::try_from(IN_TIME).expect("a minute is a short time")
}

/// The newest of the `count` due times up to `until`, as many as can matter, in order of time.
fn newest(state: &State, until: Timestamp, count: u64) -> Vec<Timestamp> {
    let most = usize::try_from(count).unwrap_or(usize::MAX).min(MOST_CAUGHT_UP + MOST_MISSED);
    let (mut times, mut at) = (Vec::with_capacity(most), until);
    while times.len() < most {
        // The first one counts as it is stored, even if the timetable would name another instant.
        let last = state.timetable.last_until(state.seed, at).unwrap_or(state.next_due_at).max(state.next_due_at);
        times.push(last);
        if last == state.next_due_at {
            break;
        }
        at = super::just_before(last);
    }
    times.reverse();
    times
}

/// How many of the due times run, counted from the newest.
fn runs(catch_up: CatchUp, times: &[Timestamp], now: Timestamp) -> usize {
    match catch_up {
        CatchUp::Latest => 1,
        CatchUp::All => times.len().min(MOST_CAUGHT_UP),
        CatchUp::None => times.iter().rev().take(MOST_CAUGHT_UP).take_while(|time| is_in_time(**time, now)).count(),
    }
}

/// The due time numbered `n` from 1, the first being `next_due_at`: there are more than `n` up to `now`.
fn nth(state: &State, n: u64, now: Timestamp) -> Timestamp {
    let (mut low, mut high) = (state.next_due_at, now);
    // Down to a millisecond, the grain of an interval.
    while high.duration_since(low) > SignedDuration::from_millis(1) {
        let middle = low + high.duration_since(low) / 2;
        if state.timetable.count(state.seed, state.next_due_at, middle) + 1 >= n {
            high = middle;
        } else {
            low = middle;
        }
    }
    if n == 1 { state.next_due_at } else { high }
}

fn reason(state: &State, unnamed: u64) -> String {
    let policy = match state.catch_up {
        CatchUp::Latest => "Only the latest of several missed due times is caught up.".to_owned(),
        CatchUp::All => format!("At most {MOST_CAUGHT_UP} missed due times are caught up."),
        CatchUp::None => "Missed due times are not caught up.".to_owned(),
    };
    let before = match unnamed {
        0 => String::new(),
        1 => ", and so did 1 due time before it".to_owned(),
        n => format!(", and so did {n} due times before it"),
    };
    format!("It passed while the clock was paused or no scheduler was at work{before}. {policy}")
}
