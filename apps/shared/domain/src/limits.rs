//! How much an organization may do on its tier.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::{Tier, schedule::Interval};

/// What one tier allows. `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many plans an organization may have.
    pub plans: Option<u32>,
    /// How many runs are accepted in a calendar month (UTC).
    pub runs_a_month: Option<u32>,
    /// How many runs are accepted in a day (UTC).
    pub runs_a_day: Option<u32>,
    /// The shortest time between two due times of a schedule.
    pub shortest_interval: Duration,
    /// How many runs may go at the same time.
    pub concurrent_runs: Option<u32>,
    /// How long finished runs are kept.
    pub history: Duration,
    /// How many members an organization may have.
    pub members: Option<u32>,
    /// How many channels it may tell of failures.
    pub channels: Option<u32>,
}

impl Limits {
    /// Whether anything limits how many runs there may be in a day or a month.
    #[must_use]
    pub fn limit_runs(&self) -> bool {
        self.runs_a_day.is_some() || self.runs_a_month.is_some()
    }

    /// Whether a plan or a schedule that is there already may be too much.
    #[must_use]
    pub fn limit_what_is_there(&self) -> bool {
        self.plans.is_some() || self.shortest_interval > TICK
    }
}

/// The clock ticks as often: a limit of this is none.
const TICK: Duration = Duration::from_secs(1);

/// The limits of every tier, and whether everybody is on the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// Costs nothing.
    pub free: Limits,
    /// Paid by the month.
    pub pro: Limits,
    /// By contract.
    pub enterprise: Limits,
    /// Without billing, everybody is on this tier; `None`: each organization is on its own.
    pub in_force: Option<Tier>,
}

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

impl Default for Tiers {
    fn default() -> Self {
        Self {
            free: Limits {
                plans: Some(2),
                runs_a_month: Some(100),
                runs_a_day: None,
                shortest_interval: Duration::from_secs(HOUR),
                concurrent_runs: Some(2),
                history: Duration::from_secs(7 * DAY),
                members: Some(3),
                channels: Some(1),
            },
            pro: Limits {
                plans: None,
                runs_a_month: Some(100_000),
                runs_a_day: None,
                shortest_interval: Duration::from_secs(10),
                concurrent_runs: Some(10),
                history: Duration::from_secs(365 * DAY),
                members: Some(25),
                channels: Some(20),
            },
            enterprise: Limits {
                plans: None,
                runs_a_month: None,
                runs_a_day: None,
                shortest_interval: Duration::from_secs(1),
                concurrent_runs: None,
                history: Duration::from_secs(3650 * DAY),
                members: None,
                channels: None,
            },
            in_force: Some(Tier::Enterprise),
        }
    }
}

impl Tiers {
    /// The limits of an organization that is on this tier.
    #[must_use]
    pub fn limits(&self, tier: Tier) -> &Limits {
        match self.in_force.unwrap_or(tier) {
            Tier::Free => &self.free,
            Tier::Pro => &self.pro,
            Tier::Enterprise => &self.enterprise,
        }
    }
}

/// Figures as they are written down: each may be left out, and `null` is no limit.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    free: Figures,
    pro: Figures,
    enterprise: Figures,
    #[serde(deserialize_with = "present")]
    in_force: Option<Option<Tier>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Figures {
    #[serde(deserialize_with = "present")]
    plans: Option<Option<u32>>,
    #[serde(deserialize_with = "present")]
    runs_a_month: Option<Option<u32>>,
    #[serde(deserialize_with = "present")]
    runs_a_day: Option<Option<u32>>,
    shortest_interval: Option<Interval>,
    #[serde(deserialize_with = "present")]
    concurrent_runs: Option<Option<u32>>,
    history: Option<Interval>,
    #[serde(deserialize_with = "present")]
    members: Option<Option<u32>>,
    #[serde(deserialize_with = "present")]
    channels: Option<Option<u32>>,
}

/// Tells `null` from a key that is not there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Figures {
    fn over(self, limits: &mut Limits) {
        set(&mut limits.plans, self.plans);
        set(&mut limits.runs_a_month, self.runs_a_month);
        set(&mut limits.runs_a_day, self.runs_a_day);
        set(&mut limits.shortest_interval, self.shortest_interval.map(Duration::from));
        set(&mut limits.concurrent_runs, self.concurrent_runs);
        set(&mut limits.history, self.history.map(Duration::from));
        set(&mut limits.members, self.members);
        set(&mut limits.channels, self.channels);
    }
}

fn set<T>(figure: &mut T, written: Option<T>) {
    if let Some(written) = written {
        *figure = written;
    }
}

impl<'de> Deserialize<'de> for Tiers {
    /// Reads the figures that differ from the default ones. Lengths of time are texts such as `10s` and `365d`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut tiers = Self::default();
        written.free.over(&mut tiers.free);
        written.pro.over(&mut tiers.pro);
        written.enterprise.over(&mut tiers.enterprise);
        set(&mut tiers.in_force, written.in_force);
        Ok(tiers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_billing_everybody_is_on_the_tier_in_force() {
        let mut tiers = Tiers::default();
        assert_eq!(tiers.limits(Tier::Free), &tiers.enterprise);
        tiers.in_force = None;
        assert_eq!(tiers.limits(Tier::Free), &tiers.free);
        assert_eq!(tiers.limits(Tier::Pro), &tiers.pro);
    }

    #[test]
    fn figures_that_are_left_out_stay_and_null_is_no_limit() {
        let tiers: Tiers = serde_json::from_str(
            r#"{"free": {"plans": null, "runs_a_day": 5, "shortest_interval": "90s"}, "in_force": null}"#,
        )
        .unwrap();
        let mut expected = Tiers { in_force: None, ..Tiers::default() };
        expected.free.plans = None;
        expected.free.runs_a_day = Some(5);
        expected.free.shortest_interval = Duration::from_secs(90);
        assert_eq!(tiers, expected);
    }

    #[test]
    fn an_unknown_figure_is_refused() {
        let wrong = serde_json::from_str::<Tiers>(r#"{"free": {"plan": 3}}"#).unwrap_err();
        assert!(wrong.to_string().contains("unknown field `plan`"), "{wrong}");
    }
}
