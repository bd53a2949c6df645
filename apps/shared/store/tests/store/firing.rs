//! Firing: what becomes of schedules that are due.

use std::collections::BTreeSet;

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use domain::{
    Cause, Limits, PlanId, Restriction, RunState, ScheduleId, Tiers, WhenBusy, WorkerId,
    schedule::{CatchUp, CheckedSchedule, Overlap},
};
use jiff::{SignedDuration, Timestamp};
use store::{
    Change, Fired, Member, NewPlan, NewRun, OccurrenceRow, Options, PageRequest, RunChange, RunFilter, ScheduleRow,
    Store, Used,
};
use testkit::{TestDatabase, factory};

/// Runs SQL on either database.
pub(crate) fn execute(database: &TestDatabase, sql: &str) {
    match database.url().strip_prefix("sqlite:") {
        Some(path) => {
            let mut conn = SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
            conn.batch_execute(sql).unwrap();
        }
        None => drop(database.sql(sql)),
    }
}

async fn world(database: &TestDatabase) -> (Store, Member, PlanId) {
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    (store, member, plan)
}

async fn row(store: &Store, member: &Member, schedule: ScheduleId) -> ScheduleRow {
    store.schedule(member.tenant(), schedule).await.unwrap().expect("the schedule is there").row
}

async fn due(store: &Store, member: &Member, schedule: ScheduleId) -> Timestamp {
    row(store, member, schedule).await.next_due_at.expect("it comes due")
}

/// The occurrences, the first due time first.
async fn history(store: &Store, member: &Member, schedule: ScheduleId) -> Vec<OccurrenceRow> {
    let page = PageRequest { after: None, size: 10_000 };
    let mut rows = store.occurrences(member.tenant(), schedule, page).await.unwrap().items;
    rows.reverse();
    rows
}

async fn states(store: &Store, member: &Member, schedule: ScheduleId) -> Vec<RunState> {
    history(store, member, schedule).await.iter().map(|row| row.state).collect()
}

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

fn overlapping(overlap: Overlap) -> CheckedSchedule {
    CheckedSchedule { overlap, ..factory::hourly("Hourly") }
}

/// Everybody is on a tier with these limits.
fn limited(change: impl Fn(&mut Limits)) -> Options {
    let mut tiers = Tiers::default();
    change(&mut tiers.enterprise);
    Options { tiers, ..Options::default() }
}

fn restricted(restriction: Restriction, when_busy: WhenBusy) -> NewPlan {
    NewPlan { restriction, when_busy, ..factory::plan("Restricted") }
}

testkit::on_both! {
    async fn a_due_time_makes_one_run_and_the_next_one_comes(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = factory::hourly("Hourly");
        new.variables.insert("HOST".to_owned(), "eu".to_owned());
        let id = factory::scheduled(&store, &member, plan, new).await;
        let first = due(&store, &member, id).await;
        let before = first - SignedDuration::from_micros(1);
        assert_eq!(store.fire(before, 10).await.unwrap(), Fired::default(), "it is not due yet");
        let fired = store.fire(first, 10).await.unwrap();
        assert_eq!((fired.schedules, fired.queued, fired.skipped, fired.refused), (1, 1, 0, 0));
        assert_eq!(store.fire(first, 10).await.unwrap(), Fired::default(), "it was fired");
        let schedule = row(&store, &member, id).await;
        assert_eq!((schedule.next_due_at, schedule.fired), (Some(first + hours(1)), 1));
        let occurrence = history(&store, &member, id).await.remove(0);
        assert_eq!((occurrence.scheduled_at, occurrence.number, occurrence.reason), (first, 1, None));
        let last = schedule.last.unwrap();
        assert_eq!((last.id, last.state), (occurrence.run, RunState::Queued));
        let run = store.run_row(member.tenant(), occurrence.run).await.unwrap().unwrap();
        assert_eq!((run.cause, run.user, run.version, run.steps), (Cause::Schedule, None, 1, 2));
        let claimed = store.claims(WorkerId::new(), std::time::Duration::from_secs(60)).claim(9).await.unwrap().runs;
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].variables.get("HOST").map(String::as_str), Some("eu"));
    }

    async fn at_most_as_many_as_asked_for_are_fired_those_due_first_at_the_front(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            ids.push(factory::scheduled(&store, &member, plan, factory::hourly(name)).await);
        }
        let now = due(&store, &member, ids[2]).await;
        assert_eq!(store.fire(now, 2).await.unwrap().schedules, 2);
        assert_eq!(states(&store, &member, ids[2]).await, []);
        assert_eq!(store.fire(now, 2).await.unwrap().schedules, 1);
        assert_eq!(states(&store, &member, ids[2]).await, [RunState::Queued]);
    }

    async fn stores_that_fire_at_the_same_time_make_one_run_per_due_time(database: TestDatabase) {
        const SCHEDULES: usize = 30;
        const HOURS: i64 = 40;
        let (store, member, plan) = world(&database).await;
        let other = factory::saved_plan(&store, &member, "Other").await;
        let mut ids = Vec::new();
        for n in 0..SCHEDULES {
            let new = CheckedSchedule { catch_up: CatchUp::All, ..overlapping(Overlap::Queue) };
            ids.push(factory::scheduled(&store, &member, if n % 2 == 0 { plan } else { other }, new).await);
        }
        let start = due(&store, &member, ids[SCHEDULES - 1]).await;
        let tasks = (0..6).map(|n| {
            let database = database.url().to_owned();
            let same = store.clone();
            tokio::spawn(async move {
                // Three processes, each with two loops.
                let store = if n < 2 { same } else { open_another(&database).await };
                let mut queued = 0;
                for hour in 0..=HOURS {
                    // Everybody's clock is a little different.
                    let now = start + hours(hour) + SignedDuration::from_millis(n);
                    loop {
                        let fired = store.fire(now, 7).await.unwrap();
                        assert_eq!((fired.skipped, fired.refused), (0, 0));
                        queued += fired.queued;
                        if fired.schedules == 0 {
                            break;
                        }
                    }
                }
                queued
            })
        });
        let mut queued = 0;
        for task in tasks.collect::<Vec<_>>() {
            queued += task.await.unwrap();
        }
        let mut numbers = BTreeSet::new();
        let mut total = 0;
        for id in &ids {
            let history = history(&store, &member, *id).await;
            let first = history[0].scheduled_at;
            let expected: Vec<_> = (0..=HOURS).map(|n| first + hours(n)).collect();
            assert_eq!(history.iter().map(|row| row.scheduled_at).collect::<Vec<_>>(), expected);
            total += history.len();
            numbers.extend(history.iter().map(|row| row.number));
        }
        assert_eq!((queued, total), (total, SCHEDULES * (HOURS as usize + 1)));
        assert_eq!(numbers, (1..=u32::try_from(total / 2).unwrap()).collect(), "two plans, each numbered without a gap");
        let used = store.used(member.tenant()).await.unwrap();
        assert_eq!(used.this_month as usize, total);
    }

    async fn after_an_outage_the_policy_says_what_runs(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        for (catch_up, expected) in [
            (CatchUp::Latest, [RunState::Skipped, RunState::Skipped, RunState::Skipped, RunState::Queued]),
            (CatchUp::All, [RunState::Queued; 4]),
            (CatchUp::None, [RunState::Skipped; 4]),
        ] {
            let id = factory::scheduled(&store, &member, plan, CheckedSchedule { catch_up, ..factory::hourly("x") }).await;
            let first = due(&store, &member, id).await;
            let fired = store.fire(first + hours(3) + SignedDuration::from_mins(30), 10).await.unwrap();
            assert_eq!(fired.schedules, 1);
            assert_eq!(fired.queued, expected.iter().filter(|state| **state == RunState::Queued).count());
            assert_eq!(states(&store, &member, id).await, expected, "{catch_up}");
            let history = history(&store, &member, id).await;
            let due_times: Vec<_> = history.iter().map(|row| row.scheduled_at).collect();
            assert_eq!(due_times, (0..4).map(|n| first + hours(n)).collect::<Vec<_>>());
            for row in history.iter().filter(|row| row.state == RunState::Skipped) {
                assert!(row.reason.as_ref().unwrap().contains("no scheduler was at work"), "{row:?}");
                assert!(row.finished_at.is_some());
            }
            let schedule = store.schedule(member.tenant(), id).await.unwrap().unwrap().row;
            assert_eq!((schedule.next_due_at, schedule.fired), (Some(first + hours(4)), 4));
            assert!(store.delete_schedule(member.tenant(), id).await.unwrap());
        }
    }

    async fn runs_that_are_caught_up_go_one_after_the_other(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let new = CheckedSchedule { catch_up: CatchUp::All, ..factory::hourly("Hourly") };
        let id = factory::scheduled(&store, &member, plan, new).await;
        let first = due(&store, &member, id).await;
        store.fire(first + hours(2) + SignedDuration::from_mins(30), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Queued; 3]);
        let claims = store.claims(WorkerId::new(), std::time::Duration::from_secs(60));
        assert_eq!(claims.claim(9).await.unwrap().runs.len(), 1);
        assert_eq!(claims.claim(9).await.unwrap().runs.len(), 0);
    }

    async fn an_occurrence_that_finds_the_one_before_unfinished_is_skipped_and_says_so(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Skip)).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        let fired = store.fire(first + hours(1), 10).await.unwrap();
        assert_eq!((fired.queued, fired.skipped), (0, 1));
        let run = history(&store, &member, id).await.remove(0).run;
        store.cancel_run(member.tenant(), run).await.unwrap();
        store.fire(first + hours(2), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Cancelled, RunState::Skipped, RunState::Queued]);
        let skipped = history(&store, &member, id).await.remove(1);
        assert_eq!(skipped.reason.unwrap(), "Run 1 of this schedule had not finished when this one was due.");
    }

    async fn two_schedules_of_a_plan_do_not_wait_for_each_other(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let a = factory::scheduled(&store, &member, plan, overlapping(Overlap::Skip)).await;
        let b = factory::scheduled(&store, &member, plan, overlapping(Overlap::Skip)).await;
        let fired = store.fire(due(&store, &member, b).await, 10).await.unwrap();
        assert_eq!((fired.queued, fired.skipped), (2, 0));
        assert_eq!(states(&store, &member, a).await, [RunState::Queued]);
    }

    async fn an_occurrence_may_wait_for_the_one_before(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Queue)).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Queued; 2]);
        let claims = store.claims(WorkerId::new(), std::time::Duration::from_secs(60));
        let claimed = claims.claim(9).await.unwrap().runs;
        assert_eq!(claimed.iter().map(|run| run.number).collect::<Vec<_>>(), [1]);
    }

    async fn an_occurrence_may_cancel_the_one_before(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Cancel)).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        let waiting = history(&store, &member, id).await;
        assert_eq!(waiting.iter().map(|row| row.state).collect::<Vec<_>>(), [RunState::Cancelled, RunState::Queued]);
        assert!(waiting[0].reason.as_ref().unwrap().contains("cancels the one before"));
        let claims = store.claims(WorkerId::new(), std::time::Duration::from_secs(60));
        assert_eq!(claims.claim(9).await.unwrap().runs.len(), 1);
        let mut changes = store.changes();
        store.fire(first + hours(2), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Cancelled, RunState::Running, RunState::Queued]);
        assert!(store.run_row(member.tenant(), waiting[1].run).await.unwrap().unwrap().cancelling);
        loop {
            if let Change::Run { kind: RunChange::Cancelling, run, .. } = changes.next().await {
                assert_eq!(run, waiting[1].run);
                break;
            }
        }
        assert_eq!(claims.claim(9).await.unwrap().runs.len(), 0, "it waits until the one before has stopped");
    }

    async fn what_is_refused_cancels_nothing(database: TestDatabase) {
        let store = database.open_with(limited(|limits| limits.runs_a_month = Some(1))).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Cancel)).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Queued, RunState::Refused]);
    }

    async fn a_limit_holds_for_schedules_that_are_due_together(database: TestDatabase) {
        for change in [|limits: &mut Limits| limits.runs_a_month = Some(4), |limits: &mut Limits| limits.runs_a_day = Some(4)] {
            let store = database.open_with(limited(change)).await;
            let (member, stranger) = (factory::member(&store).await, factory::member(&store).await);
            let plan = factory::saved_plan(&store, &member, "Plan").await;
            factory::queued_run(&store, &member, plan).await;
            let mut ids = Vec::new();
            for _ in 0..5 {
                ids.push(factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await);
            }
            let theirs = factory::saved_plan(&store, &stranger, "Plan").await;
            let last = factory::scheduled(&store, &stranger, theirs, factory::hourly("Hourly")).await;
            let fired = store.fire(due(&store, &stranger, last).await, 10).await.unwrap();
            assert_eq!((fired.queued, fired.refused), (3 + 1, 2));
            let mut refused = Vec::new();
            for id in ids {
                refused.extend(history(&store, &member, id).await.into_iter().filter(|row| row.state == RunState::Refused));
            }
            assert_eq!(refused.len(), 2);
            assert!(refused.iter().all(|row| row.reason.as_ref().unwrap().contains("All 4 runs of")), "{refused:?}");
            assert_eq!(store.used(member.tenant()).await.unwrap(), Used { today: 4, this_month: 4 });
            assert_eq!(store.used(stranger.tenant()).await.unwrap(), Used { today: 1, this_month: 1 });
        }
    }

    async fn two_schedulers_and_a_person_cannot_share_the_last_run_of_a_month(database: TestDatabase) {
        let options = limited(|limits| limits.runs_a_month = Some(10));
        let store = database.open_with(options.clone()).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let by_hand = factory::saved_plan(&store, &member, "By hand").await;
        let mut last = None;
        for _ in 0..20 {
            last = Some(factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await);
        }
        let now = due(&store, &member, last.unwrap()).await;
        let other = database.open_with(options).await;
        let firing = |store: Store| async move { while store.fire(now, 3).await.unwrap().schedules > 0 {} };
        let asking = async {
            for _ in 0..20 {
                store.queue_run(member.tenant(), NewRun::of(by_hand, Cause::Manual)).await.unwrap();
            }
        };
        tokio::join!(firing(store.clone()), firing(other), asking);
        assert_eq!(store.used(member.tenant()).await.unwrap().this_month, 10);
        let queued = RunFilter { states: vec![RunState::Queued], page: PageRequest { after: None, size: 99 }, ..RunFilter::default() };
        assert_eq!(store.runs(member.tenant(), queued).await.unwrap().items.len(), 10);
    }

    async fn a_plan_that_runs_once_at_a_time_refuses_or_queues_its_other_schedules(database: TestDatabase) {
        let (store, member, _) = world(&database).await;
        for (when_busy, expected) in [(WhenBusy::Refuse, (1, 1)), (WhenBusy::Queue, (2, 0))] {
            let new = restricted(Restriction::Itself, when_busy);
            let plan = store.create_plan(member.tenant(), member.user_id, new).await.unwrap();
            factory::scheduled(&store, &member, plan, overlapping(Overlap::Queue)).await;
            let b = factory::scheduled(&store, &member, plan, overlapping(Overlap::Queue)).await;
            let fired = store.fire(due(&store, &member, b).await, 10).await.unwrap();
            assert_eq!((fired.queued, fired.refused), expected, "{when_busy}");
            if when_busy == WhenBusy::Refuse {
                let refused = history(&store, &member, b).await.remove(0);
                assert_eq!(refused.state, RunState::Refused);
                assert!(refused.reason.unwrap().contains("Run 1 of this plan has not finished"));
            }
            assert!(store.delete_plan(member.tenant(), plan).await.unwrap());
        }
    }

    async fn its_own_run_before_does_not_make_the_plan_busy_for_a_schedule_that_queues(database: TestDatabase) {
        let (store, member, _) = world(&database).await;
        let new = restricted(Restriction::Itself, WhenBusy::Refuse);
        let plan = store.create_plan(member.tenant(), member.user_id, new).await.unwrap();
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Queue)).await;
        let first = due(&store, &member, id).await;
        for hour in 0..3 {
            store.fire(first + hours(hour), 10).await.unwrap();
        }
        assert_eq!(states(&store, &member, id).await, [RunState::Queued; 3]);
        let refused = store.queue_run(member.tenant(), NewRun::of(plan, Cause::Manual)).await.unwrap();
        assert_eq!(refused.state, RunState::Refused);
    }

    async fn a_run_by_hand_makes_the_plan_busy_for_its_schedules(database: TestDatabase) {
        let (store, member, _) = world(&database).await;
        let new = restricted(Restriction::Itself, WhenBusy::Refuse);
        let plan = store.create_plan(member.tenant(), member.user_id, new).await.unwrap();
        factory::queued_run(&store, &member, plan).await;
        for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel] {
            let id = factory::scheduled(&store, &member, plan, overlapping(overlap)).await;
            store.fire(due(&store, &member, id).await, 10).await.unwrap();
            assert_eq!(states(&store, &member, id).await, [RunState::Refused], "{overlap}");
        }
    }

    async fn a_plan_that_runs_alone_is_refused_while_anything_of_its_organization_goes(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let new = restricted(Restriction::Global, WhenBusy::Refuse);
        let alone = store.create_plan(member.tenant(), member.user_id, new).await.unwrap();
        let id = factory::scheduled(&store, &member, alone, factory::hourly("Hourly")).await;
        let first = due(&store, &member, id).await;
        let stranger = factory::member(&store).await;
        let theirs = factory::saved_plan(&store, &stranger, "Plan").await;
        factory::queued_run(&store, &stranger, theirs).await;
        let run = factory::queued_run(&store, &member, plan).await;
        store.fire(first, 10).await.unwrap();
        store.cancel_run(member.tenant(), run).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        assert_eq!(states(&store, &member, id).await, [RunState::Refused, RunState::Queued]);
    }

    async fn nothing_fires_while_the_clock_is_paused(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        let first = due(&store, &member, id).await;
        assert!(store.pause_clock("ada@example.com", "").await.unwrap());
        assert_eq!(store.fire(first, 10).await.unwrap(), Fired::default());
        assert!(store.resume_clock().await.unwrap());
        assert_eq!(store.fire(first + hours(1), 10).await.unwrap().queued, 1);
        assert_eq!(states(&store, &member, id).await, [RunState::Skipped, RunState::Queued], "it is made up for");
    }

    async fn a_deleted_plan_fires_no_more(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        let first = due(&store, &member, id).await;
        store.delete_plan(member.tenant(), plan).await.unwrap();
        assert_eq!(store.fire(first, 10).await.unwrap(), Fired::default());
    }

    async fn a_plan_deleted_while_its_schedules_fire_leaves_nothing(database: TestDatabase) {
        let (store, member, _) = world(&database).await;
        for _ in 0..5 {
            let plan = factory::saved_plan(&store, &member, "Plan").await;
            let mut last = None;
            for overlap in [Overlap::Cancel, Overlap::Queue, Overlap::Skip] {
                last = Some(factory::scheduled(&store, &member, plan, overlapping(overlap)).await);
            }
            let first = due(&store, &member, last.unwrap()).await;
            let firing = async {
                for hour in 0..20 {
                    store.fire(first + hours(hour), 10).await.unwrap();
                }
            };
            let (_, deleted) = tokio::join!(firing, store.delete_plan(member.tenant(), plan));
            assert!(deleted.unwrap());
            let left = store.runs(member.tenant(), RunFilter { plan: Some(plan), ..RunFilter::default() }).await.unwrap();
            assert!(left.items.is_empty());
            assert_eq!(store.fire(first + hours(50), 10).await.unwrap(), Fired::default());
        }
    }

    async fn repeats_are_used_up(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = overlapping(Overlap::Queue);
        new.timetable.repeats = Some(2);
        let id = factory::scheduled(&store, &member, plan, new).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        let schedule = row(&store, &member, id).await;
        assert_eq!((schedule.next_due_at, schedule.fired, schedule.paused), (None, 2, None));
        assert_eq!(store.fire(first + hours(9), 10).await.unwrap(), Fired::default());
        assert_eq!(states(&store, &member, id).await, [RunState::Queued; 2]);
    }

    async fn what_was_queued_and_what_was_not_is_told(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Skip)).await;
        let first = due(&store, &member, id).await;
        let mut changes = store.changes();
        store.fire(first, 10).await.unwrap();
        store.fire(first + hours(1), 10).await.unwrap();
        let history = history(&store, &member, id).await;
        let mut told = Vec::new();
        while told.len() < 2 {
            if let Change::Run { kind, organization, plan: of, run } = changes.next().await {
                assert_eq!((organization, of), (member.tenant().organization(), plan));
                told.push((kind, run));
            }
        }
        assert_eq!(told, [(RunChange::Queued, history[0].run), (RunChange::Finished, history[1].run)]);
    }

    async fn the_history_pages_without_gaps_or_doubles(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let new = CheckedSchedule { catch_up: CatchUp::None, ..factory::hourly("Hourly") };
        let id = factory::scheduled(&store, &member, plan, new).await;
        let first = due(&store, &member, id).await;
        store.fire(first + hours(9) + SignedDuration::from_mins(5), 10).await.unwrap();
        let (mut seen, mut page) = (Vec::new(), PageRequest { after: None, size: 4 });
        loop {
            let part = store.occurrences(member.tenant(), id, page).await.unwrap();
            seen.extend(part.items.iter().map(|row| row.scheduled_at));
            match part.next {
                Some(next) => page.after = Some(next.to_string().parse().unwrap()),
                None => break,
            }
        }
        assert_eq!(seen, (0..10).rev().map(|n| first + hours(n)).collect::<Vec<_>>());
    }

    async fn a_schedule_that_cannot_be_read_is_paused_and_the_others_fire(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let broken = factory::scheduled(&store, &member, plan, factory::hourly("Broken")).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        execute(&database, "UPDATE schedules SET overlap = 'dance' WHERE name = 'Broken'");
        let fired = store.fire(due(&store, &member, id).await, 10).await.unwrap();
        assert_eq!((fired.schedules, fired.queued), (2, 1));
        execute(&database, "UPDATE schedules SET overlap = 'skip' WHERE name = 'Broken'");
        let paused = row(&store, &member, broken).await.paused.unwrap();
        assert_eq!(paused.by, None);
        assert!(paused.reason.contains("`dance` is no way to overlap"), "{}", paused.reason);
    }

    async fn a_due_time_that_has_a_run_gets_no_second_one(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, overlapping(Overlap::Queue)).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        // What a backup of one table might do.
        execute(&database, &format!("UPDATE schedules SET fired = 0, next_due_at = {}", first.as_microsecond()));
        let fired = store.fire(first, 10).await.unwrap();
        assert_eq!((fired.schedules, fired.queued), (1, 0));
        assert_eq!(history(&store, &member, id).await.len(), 1);
        assert_eq!(store.used(member.tenant()).await.unwrap().today, 1);
        assert_eq!(due(&store, &member, id).await, first + hours(1));
    }
}

async fn open_another(url: &str) -> Store {
    let key = store::SealingKey::new(&testkit::database::TEST_KEY);
    Store::open(&url.parse().unwrap(), key, Options::default()).await.unwrap()
}
