//! What the organization uses of what its tier allows, and how its month will end.

use domain::{Forecast, Limits, forecast};
use store::{Store, Tenant};

use crate::show::count;

/// So many schedules are looked ahead with; of more, the forecast says that it leaves some out.
const MOST: u32 = 2_000;

/// What is used.
pub(crate) struct Usage {
    pub(crate) runs: Bar,
    /// How many runs were accepted since midnight (UTC).
    pub(crate) today: u32,
    pub(crate) plans: Bar,
    pub(crate) members: Bar,
    pub(crate) forecast: Forecast,
    pub(crate) limits: Limits,
    /// More schedules come due than were looked at.
    pub(crate) is_cut: bool,
}

/// How much of a limit is used.
pub(crate) struct Bar {
    pub(crate) used: u32,
    /// None is no limit.
    pub(crate) limit: Option<u32>,
    /// With the schedules' runs to come.
    expected: u64,
}

impl Bar {
    fn new(used: u32, limit: Option<u32>) -> Self {
        Self { used, limit, expected: u64::from(used) }
    }

    /// From 0 to 100.
    fn percent(&self, of: u64) -> u64 {
        match self.limit {
            None => 0,
            Some(0) => 100,
            Some(limit) => (of * 100 / u64::from(limit)).min(100),
        }
    }

    /// How long the bar is.
    pub(crate) fn filled(&self) -> u64 {
        self.percent(u64::from(self.used))
    }

    /// How long it will be.
    pub(crate) fn will_fill(&self) -> u64 {
        self.percent(self.expected)
    }

    /// How it is drawn.
    pub(crate) fn state(&self) -> &'static str {
        match self.limit.and_then(|limit| forecast::warning(self.used, limit)) {
            Some(100..) => "failed",
            Some(_) => "slow",
            None => "passed",
        }
    }

    /// `82 of 100, 18 left`, or `82, no limit`.
    pub(crate) fn words(&self) -> String {
        let used = count(u64::from(self.used));
        match self.limit {
            Some(limit) => {
                let left = limit.saturating_sub(self.used);
                format!("{used} of {}, {} left", count(u64::from(limit)), count(u64::from(left)))
            }
            None => format!("{used}, no limit"),
        }
    }
}

impl Usage {
    pub(crate) async fn read(store: &Store, tenant: &Tenant, limits: Limits) -> Result<Self, store::Error> {
        let (used, plans, members, timetables, now) = tokio::try_join!(
            store.used(tenant),
            store.number_of_plans(tenant),
            store.number_of_members(tenant),
            store.coming_timetables(tenant, MOST + 1),
            store.now(),
        )?;
        let is_cut = timetables.len() > MOST as usize;
        let forecast = Forecast::of(&timetables, used.this_month, limits.runs_a_month, now);
        Ok(Self {
            runs: Bar { expected: forecast.total(), ..Bar::new(used.this_month, limits.runs_a_month) },
            today: used.today,
            plans: Bar::new(plans, limits.plans),
            members: Bar::new(members, limits.members),
            forecast,
            limits,
            is_cut,
        })
    }

    /// Warned of from 80 % on, or if the schedules will use up what is left.
    pub(crate) fn warning(&self) -> Option<String> {
        let limit = self.limits.runs_a_month?;
        let reset = crate::show::standing::day(&self.forecast.until);
        if self.runs.used >= limit {
            return Some(format!(
                "All {} runs of this month are used. Further ones are refused until {reset} (UTC).",
                count(u64::from(limit))
            ));
        }
        if let Some(at) = self.forecast.used_up_at {
            return Some(format!(
                "On {} the schedules will have used up this month's runs. Further ones are then refused until {reset} \
                 (UTC).",
                crate::show::standing::moment(&at)
            ));
        }
        let percent = forecast::warning(self.runs.used, limit)?;
        Some(format!("{percent} % of this month's runs are used. The count begins anew on {reset} (UTC)."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_its_limit_and_warns_from_80_percent_on() {
        let bar = |used, limit| Bar::new(used, limit);
        assert_eq!((bar(79, Some(100)).filled(), bar(79, Some(100)).state()), (79, "passed"));
        assert_eq!((bar(80, Some(100)).filled(), bar(80, Some(100)).state()), (80, "slow"));
        assert_eq!((bar(300, Some(100)).filled(), bar(300, Some(100)).state()), (100, "failed"));
        assert_eq!((bar(300, None).filled(), bar(300, None).state()), (0, "passed"));
        assert_eq!((bar(0, Some(0)).filled(), bar(3, Some(2)).words()), (100, "3 of 2, 0 left".to_owned()));
        assert_eq!(bar(1_200, Some(100_000)).words(), "1,200 of 100,000, 98,800 left");
        assert_eq!(bar(7, None).words(), "7, no limit");
    }
}
