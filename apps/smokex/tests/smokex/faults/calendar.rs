//! Schedules that come due during the faults, and whether each of their due times came exactly once.

use std::{collections::HashMap, time::Duration};

use domain::{
    PlanId, ScheduleId,
    schedule::{CatchUp, CheckedSchedule, Overlap, Timetable, Timing},
};
use jiff::Timestamp;
use store::{Member, OccurrenceRow, PageRequest, Store, Which};
use tokio::time::Instant;

/// How long what is due may take to be there once the faults are over.
const CAUGHT_UP: Duration = Duration::from_secs(60);

/// The schedules of one plan, all of them alike.
#[derive(Default)]
pub struct Calendar {
    schedules: HashMap<ScheduleId, Timetable>,
}

impl Calendar {
    /// Makes so many schedules of the plan, which begin when all of them are there.
    pub async fn keep(
        store: &Store,
        member: &Member,
        plan: PlanId,
        many: usize,
        interval: &str,
        repeats: Option<u32>,
    ) -> Self {
        let start = store.now().await.unwrap() + Duration::from_secs(2 + many as u64 / 50);
        let timing = Timing::Every {
            interval: interval.parse().expect("an interval"),
            jitter: "0s".parse().unwrap_or_default(),
            start: Timestamp::from_second(start.as_second()).expect("a time"),
        };
        let timetable = Timetable { timing, zone: "UTC".parse().expect("a zone"), after: None, before: None, repeats };
        let mut schedules = HashMap::new();
        for number in 0..many {
            let new = CheckedSchedule {
                name: format!("Schedule {number}"),
                timetable: timetable.clone(),
                catch_up: CatchUp::default(),
                overlap: Overlap::default(),
                tags: "faults".parse().expect("a tag"),
                variables: Default::default(),
            };
            let made = store.create_schedule(member.tenant(), member.user_id, plan, new).await.unwrap();
            schedules.insert(made.expect("the plan is there"), timetable.clone());
        }
        Self { schedules }
    }

    /// Waits until everything that is due by now is there, and lets nothing more come.
    pub async fn close(&self, store: &Store, member: &Member) {
        let (now, began) = (store.now().await.unwrap(), Instant::now());
        for (schedule, timetable) in &self.schedules {
            loop {
                let last = self.occurrences(store, member, *schedule, 1).await.pop();
                let came = match timetable.repeats {
                    // All of them are waited for.
                    Some(repeats) => timetable.upcoming(*schedule, 0, Timestamp::MIN, repeats as usize).pop(),
                    None => timetable.upcoming(*schedule, 0, now, 1).pop(),
                };
                if last.as_ref().map(|last| last.scheduled_at) >= came {
                    break;
                }
                assert!(began.elapsed() < CAUGHT_UP, "lost: {schedule} stays behind {came:?}: {last:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        store.pause_schedules(member.tenant(), member.user_id, Which::All, "The faults are over").await.unwrap();
    }

    /// What did not come, and what came twice or should not have come.
    pub async fn judge(&self, store: &Store, member: &Member) -> (usize, Vec<String>, Vec<String>) {
        let (mut all, mut lost, mut doubled) = (0, Vec::new(), Vec::new());
        for (schedule, timetable) in &self.schedules {
            let mut came: HashMap<Timestamp, usize> = HashMap::new();
            for row in self.occurrences(store, member, *schedule, usize::MAX).await {
                all += 1;
                *came.entry(row.scheduled_at).or_default() += 1;
            }
            let last = came.keys().max().copied().unwrap_or(Timestamp::MIN);
            for due in timetable.upcoming(*schedule, 0, Timestamp::MIN, came.len()) {
                match came.remove(&due) {
                    None => lost.push(format!("{schedule} has no row for {due}; its last one is for {last}")),
                    Some(1) => {}
                    Some(times) => doubled.push(format!("{schedule} has {times} rows for {due}")),
                }
            }
            doubled.extend(came.keys().map(|due| format!("{schedule} has a row for {due}, when it was not due")));
        }
        (all, lost, doubled)
    }

    /// The newest occurrences.
    async fn occurrences(
        &self,
        store: &Store,
        member: &Member,
        schedule: ScheduleId,
        most: usize,
    ) -> Vec<OccurrenceRow> {
        let mut rows = Vec::new();
        let mut page =
            PageRequest { size: u32::try_from(most.min(1000)).expect("it is small"), ..PageRequest::default() };
        loop {
            let found = store.occurrences(member.tenant(), schedule, page).await.unwrap();
            rows.extend(found.items);
            page.after = found.next.filter(|_| rows.len() < most);
            if page.after.is_none() {
                return rows;
            }
        }
    }
}
