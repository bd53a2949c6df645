//! What a tier does not allow, in words for people: what it is, how much is left, when that changes, what to do.
//! Whoever refuses something because of a limit says it with these words.

use std::{fmt, time::Duration};

use jiff::{Timestamp, civil::Date, tz::Offset};

use crate::{
    Limits,
    schedule::{Timetable, interval},
};

/// Something that goes beyond a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// One plan more.
    AnotherPlan {
        /// How many there may be.
        limit: u32,
    },
    /// A plan that was there before the limit was: only as many of the oldest run as there may be.
    LaterPlan {
        /// How many there may be.
        limit: u32,
    },
    /// One member more, or one who is invited to be.
    AnotherMember {
        /// How many there may be.
        limit: u32,
    },
    /// Due times that come too close after each other.
    Interval {
        /// How close.
        apart: Duration,
        /// Where that is, to be read right behind it; may be empty.
        place: String,
        /// How close they may be.
        shortest: Duration,
    },
    /// One run more this month.
    RunsAMonth {
        /// How many there may be.
        limit: u32,
        /// The day on which the count begins anew.
        resets: Date,
    },
    /// One run more today.
    RunsADay {
        /// How many there may be.
        limit: u32,
        /// The day on which the count begins anew.
        resets: Date,
    },
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnotherPlan { limit } => write!(
                f,
                "Your tier allows {}, and none is left. Delete a plan, or move to a higher tier.",
                plans(*limit)
            ),
            Self::LaterPlan { limit } => write!(
                f,
                "Your tier allows {}, and there are older ones, so this plan is paused: it can be read and changed, \
                 but not run. Delete an older plan, or move to a higher tier.",
                plans(*limit)
            ),
            Self::AnotherMember { limit } => write!(
                f,
                "Your tier allows {}, those who are invited included, and no place is left. Remove a member, revoke an \
                 invitation, or move to a higher tier.",
                members(*limit)
            ),
            Self::Interval { apart, place, shortest } => write!(
                f,
                "Two runs would be only {} apart{place}. On your tier the shortest interval is {}.",
                interval::words(*apart),
                interval::words(*shortest)
            ),
            Self::RunsAMonth { limit, resets } => write!(
                f,
                "All {limit} runs of this month are used. The count begins anew on {} (UTC). Run less often, or \
                 move to a higher tier.",
                long(*resets)
            ),
            Self::RunsADay { limit, resets } => write!(
                f,
                "All {limit} runs of today are used. The count begins anew on {} at 00:00 (UTC). Run less often, or \
                 move to a higher tier.",
                long(*resets)
            ),
        }
    }
}

impl Limits {
    /// Whether one more plan may be made where there are so many.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub fn allow_another_plan(&self, there_are: u32) -> Result<(), OverLimit> {
        match self.plans {
            Some(limit) if there_are >= limit => Err(OverLimit::AnotherPlan { limit }),
            _ => Ok(()),
        }
    }

    /// Whether one more member may join, or be invited, where there are so many members and open invitations.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub fn allow_another_member(&self, there_are: u32) -> Result<(), OverLimit> {
        match self.members {
            Some(limit) if there_are >= limit => Err(OverLimit::AnotherMember { limit }),
            _ => Ok(()),
        }
    }

    /// Whether one more run is accepted after so many today and this month (UTC), today included.
    ///
    /// # Errors
    /// If all of a month or a day are used.
    pub fn allow_another_run(&self, used_today: u32, used_this_month: u32, now: Timestamp) -> Result<(), OverLimit> {
        let today = Offset::UTC.to_datetime(now).date();
        match (self.runs_a_month, self.runs_a_day) {
            (Some(limit), _) if used_this_month >= limit => {
                Err(OverLimit::RunsAMonth { limit, resets: next_month(today) })
            }
            (_, Some(limit)) if used_today >= limit => {
                Err(OverLimit::RunsADay { limit, resets: today.tomorrow().unwrap_or(Date::MAX) })
            }
            _ => Ok(()),
        }
    }

    /// Whether a schedule may come due as often as it says.
    ///
    /// # Errors
    /// If two of its times from now on are closer than they may be.
    pub fn allow_timetable(&self, timetable: &Timetable, now: Timestamp) -> Result<(), OverLimit> {
        match timetable.closest(now) {
            Some((apart, place)) if apart < self.shortest_interval => {
                Err(OverLimit::Interval { apart, place, shortest: self.shortest_interval })
            }
            _ => Ok(()),
        }
    }
}

/// The first day of the month after this day's.
#[must_use]
pub fn next_month(day: Date) -> Date {
    day.first_of_month().checked_add(jiff::Span::new().months(1)).unwrap_or(Date::MAX)
}

fn plans(limit: u32) -> String {
    if limit == 1 { "1 plan".to_owned() } else { format!("{limit} plans") }
}

fn members(limit: u32) -> String {
    if limit == 1 { "1 member".to_owned() } else { format!("{limit} members") }
}

fn long(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tiers;

    #[test]
    fn the_last_plan_is_allowed_and_no_other() {
        let free = Tiers::default().free;
        assert_eq!(free.allow_another_plan(1), Ok(()));
        let over = free.allow_another_plan(2).unwrap_err();
        assert_eq!(
            over.to_string(),
            "Your tier allows 2 plans, and none is left. Delete a plan, or move to a higher tier."
        );
        assert_eq!(Tiers::default().pro.allow_another_plan(u32::MAX), Ok(()));
    }

    #[test]
    fn the_last_place_is_given_and_no_other() {
        let free = Tiers::default().free;
        assert_eq!(free.allow_another_member(2), Ok(()));
        let over = free.allow_another_member(3).unwrap_err().to_string();
        assert!(over.starts_with("Your tier allows 3 members, those who are invited included"), "{over}");
        assert_eq!(Tiers::default().enterprise.allow_another_member(u32::MAX), Ok(()));
    }

    #[test]
    fn a_month_is_told_before_a_day_and_both_with_when_they_begin_anew() {
        let limits = Limits { runs_a_month: Some(100), runs_a_day: Some(10), ..Tiers::default().free };
        let now = "2026-12-31T23:59:59Z".parse().unwrap();
        assert_eq!(limits.allow_another_run(9, 99, now), Ok(()));
        let day = limits.allow_another_run(10, 99, now).unwrap_err().to_string();
        assert!(day.starts_with("All 10 runs of today are used. The count begins anew on January 1, 2027"), "{day}");
        let month = limits.allow_another_run(10, 100, now).unwrap_err().to_string();
        assert!(month.starts_with("All 100 runs of this month are used. The count begins anew on January 1, 2027"));
    }
}
