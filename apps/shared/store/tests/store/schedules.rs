//! Schedules: made, changed, listed, paused, deleted.

use domain::{
    PlanId, RunState, ScheduleId,
    schedule::{CatchUp, CheckedSchedule, Interval, Overlap, Timing},
};
use jiff::{SignedDuration, Timestamp};
use store::{Change, Member, PageRequest, Paused, ScheduleDetail, ScheduleFilter, Store, Which};
use testkit::{TestDatabase, factory};

async fn world(database: &TestDatabase) -> (Store, Member, PlanId) {
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Shop").await;
    (store, member, plan)
}

async fn detail(store: &Store, member: &Member, schedule: ScheduleId) -> ScheduleDetail {
    store.schedule(member.tenant(), schedule).await.unwrap().expect("the schedule is there")
}

async fn due(store: &Store, member: &Member, schedule: ScheduleId) -> Timestamp {
    detail(store, member, schedule).await.row.next_due_at.expect("it comes due")
}

async fn found(store: &Store, member: &Member, filter: ScheduleFilter) -> Vec<ScheduleId> {
    let page = store.schedules(member.tenant(), filter).await.unwrap();
    page.items.iter().map(|row| row.id).collect()
}

fn tagged(name: &str, tags: &str) -> CheckedSchedule {
    CheckedSchedule { tags: tags.parse().unwrap(), ..factory::hourly(name) }
}

testkit::on_both! {
    async fn a_schedule_is_kept_as_it_was_made(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = tagged("Every hour — überall", "nightly eu");
        new.timetable.repeats = Some(7);
        new.timetable.zone = "Europe/Berlin".parse().unwrap();
        (new.catch_up, new.overlap) = (CatchUp::All, Overlap::Cancel);
        new.variables.insert("HOST".to_owned(), "a \"b\" ${c}".to_owned());
        let before = store.now().await.unwrap();
        let id = factory::scheduled(&store, &member, plan, new.clone()).await;
        let kept = detail(&store, &member, id).await;
        assert_eq!((kept.row.plan, kept.row.plan_name.as_str()), (plan, "Shop"));
        assert_eq!((kept.row.fired, &kept.row.paused, kept.row.last.is_none()), (0, &None, true));
        assert_eq!(kept.author, Some(member.email.clone()));
        assert!(kept.created_at >= before && kept.updated_at == kept.created_at);
        let next = kept.row.next_due_at.unwrap();
        assert!(next > before && next <= kept.created_at + SignedDuration::from_hours(1), "{next}");
        let row = kept.row;
        let checked = CheckedSchedule {
            name: row.name, timetable: row.timetable, catch_up: row.catch_up, overlap: row.overlap, tags: row.tags,
            variables: kept.variables,
        };
        assert_eq!(checked, new);
    }

    async fn a_schedule_needs_a_plan(database: TestDatabase) {
        let (store, member, _) = world(&database).await;
        let made = store.create_schedule(member.tenant(), member.user_id, PlanId::new(), factory::hourly("X")).await;
        assert_eq!(made.unwrap(), None);
    }

    async fn a_schedule_whose_times_are_over_is_never_due(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = factory::hourly("Once");
        new.timetable.timing = Timing::At(vec![Timestamp::UNIX_EPOCH]);
        let id = factory::scheduled(&store, &member, plan, new).await;
        assert_eq!(detail(&store, &member, id).await.row.next_due_at, None);
    }

    async fn saving_without_another_timetable_leaves_when_it_is_due(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let new = factory::hourly("Old");
        let id = factory::scheduled(&store, &member, plan, new.clone()).await;
        let first = due(&store, &member, id).await;
        store.fire(first, 10).await.unwrap();
        let next = due(&store, &member, id).await;
        let renamed = CheckedSchedule { name: "New".to_owned(), overlap: Overlap::Queue, ..new };
        assert!(store.save_schedule(member.tenant(), id, renamed).await.unwrap());
        let row = detail(&store, &member, id).await.row;
        assert_eq!((row.name.as_str(), row.overlap), ("New", Overlap::Queue));
        assert_eq!((row.next_due_at, row.fired), (Some(next), 1));
    }

    async fn another_timetable_begins_anew(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = factory::hourly("Twice");
        new.timetable.repeats = Some(1);
        let id = factory::scheduled(&store, &member, plan, new.clone()).await;
        store.fire(due(&store, &member, id).await, 10).await.unwrap();
        assert_eq!(detail(&store, &member, id).await.row.next_due_at, None);
        new.timetable.repeats = Some(2);
        assert!(store.save_schedule(member.tenant(), id, new.clone()).await.unwrap());
        let row = detail(&store, &member, id).await.row;
        assert_eq!(row.fired, 0);
        assert!(row.next_due_at.is_some());
        store.pause_schedules(member.tenant(), member.user_id, Which::One(id), "").await.unwrap();
        new.timetable.repeats = Some(3);
        store.save_schedule(member.tenant(), id, new).await.unwrap();
        assert_eq!(detail(&store, &member, id).await.row.next_due_at, None, "it is still paused");
    }

    async fn a_clock_that_was_set_back_brings_no_due_time_twice(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        // The clock was ten hours ahead when it fired.
        let ahead = due(&store, &member, id).await + SignedDuration::from_hours(10);
        store.fire(ahead, 10).await.unwrap();
        store.pause_schedules(member.tenant(), member.user_id, Which::All, "").await.unwrap();
        assert_eq!(store.resume_schedules(member.tenant(), Which::All).await.unwrap(), 1);
        assert_eq!(due(&store, &member, id).await, ahead + SignedDuration::from_hours(1));
    }

    async fn the_list_filters_by_plan_tag_and_state(database: TestDatabase) {
        let (store, member, shop) = world(&database).await;
        let login = factory::saved_plan(&store, &member, "Login").await;
        let a = factory::scheduled(&store, &member, shop, tagged("a", "eu blue_green")).await;
        let b = factory::scheduled(&store, &member, shop, tagged("b", "eu-west blueXgreen")).await;
        let c = factory::scheduled(&store, &member, login, tagged("c", "eu")).await;
        store.pause_schedules(member.tenant(), member.user_id, Which::One(b), "").await.unwrap();
        let all = ScheduleFilter::default;
        let tag = |tag: &str| ScheduleFilter { tag: Some(tag.to_owned()), ..all() };
        for (filter, expected) in [
            (all(), vec![c, b, a]),
            (ScheduleFilter { plan: Some(shop), ..all() }, vec![b, a]),
            (tag("eu"), vec![c, a]),
            (tag(" EU "), vec![c, a]),
            (tag("e"), vec![]),
            (tag("%"), vec![]),
            (tag("blue_green"), vec![a]),
            (ScheduleFilter { enabled: Some(true), ..all() }, vec![c, a]),
            (ScheduleFilter { enabled: Some(false), ..all() }, vec![b]),
            (ScheduleFilter { plan: Some(login), enabled: Some(false), ..all() }, vec![]),
        ] {
            assert_eq!(found(&store, &member, filter.clone()).await, expected, "{filter:?}");
        }
    }

    async fn the_list_pages_without_gaps_or_doubles(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut expected = Vec::new();
        for n in 0..5 {
            expected.insert(0, factory::scheduled(&store, &member, plan, factory::hourly(&n.to_string())).await);
        }
        let (mut seen, mut page) = (Vec::new(), PageRequest { after: None, size: 2 });
        loop {
            let part = store.schedules(member.tenant(), ScheduleFilter { page, ..ScheduleFilter::default() }).await.unwrap();
            seen.extend(part.items.iter().map(|row| row.id));
            match part.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }

    async fn what_comes_next_stands_first(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let every = |minutes: u64| {
            let mut new = factory::hourly("Soon");
            let interval = Interval::from_secs(minutes * 60).unwrap();
            new.timetable.timing = Timing::Every { interval, jitter: Interval::ZERO, start: Timestamp::now() + SignedDuration::from_mins(i64::try_from(minutes).unwrap()) };
            new
        };
        let late = factory::scheduled(&store, &member, plan, every(300)).await;
        let soon = factory::scheduled(&store, &member, plan, every(10)).await;
        let middle = factory::scheduled(&store, &member, plan, every(60)).await;
        let paused = factory::scheduled(&store, &member, plan, every(5)).await;
        store.pause_schedules(member.tenant(), member.user_id, Which::One(paused), "").await.unwrap();
        let coming = async |most| {
            let rows = store.coming_schedules(member.tenant(), None, most).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(coming(9).await, [soon, middle, late]);
        assert_eq!(coming(1).await, [soon]);
    }

    async fn a_paused_schedule_tells_who_paused_it_and_why_and_is_not_due(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        let was_due = due(&store, &member, id).await;
        let pause = async |reason: &str| {
            store.pause_schedules(member.tenant(), member.user_id, Which::One(id), reason).await.unwrap()
        };
        let before = store.now().await.unwrap();
        assert_eq!(pause(" The shop moves. ").await, 1);
        let row = detail(&store, &member, id).await.row;
        let Paused { at, by, reason } = row.paused.clone().unwrap();
        assert_eq!((by, reason.as_str(), row.next_due_at), (Some(member.email.clone()), "The shop moves.", None));
        assert!(at >= before);
        assert_eq!(pause("Again").await, 0);
        assert_eq!(detail(&store, &member, id).await.row.paused, row.paused);
        assert_eq!(store.fire(was_due + SignedDuration::from_hours(5), 10).await.unwrap(), store::Fired::default());
    }

    async fn paused_time_is_not_made_up_for(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let mut new = factory::hourly("Hourly");
        new.catch_up = CatchUp::All;
        let id = factory::scheduled(&store, &member, plan, new).await;
        store.pause_schedules(member.tenant(), member.user_id, Which::One(id), "").await.unwrap();
        // As if it had been paused for long.
        crate::firing::execute(&database, "UPDATE schedules SET created_at = 0, paused_at = 0");
        let before = store.now().await.unwrap();
        assert_eq!(store.resume_schedules(member.tenant(), Which::One(id)).await.unwrap(), 1);
        let next = due(&store, &member, id).await;
        assert!(next > before && next <= store.now().await.unwrap() + SignedDuration::from_hours(1));
        assert_eq!(store.resume_schedules(member.tenant(), Which::One(id)).await.unwrap(), 0);
    }

    async fn schedules_are_paused_resumed_and_cleared_by_tag_and_all_together(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let (tenant, user) = (member.tenant(), member.user_id);
        let a = factory::scheduled(&store, &member, plan, tagged("a", "eu nightly")).await;
        let b = factory::scheduled(&store, &member, plan, tagged("b", "eu")).await;
        let c = factory::scheduled(&store, &member, plan, tagged("c", "us")).await;
        let paused = ScheduleFilter { enabled: Some(false), ..ScheduleFilter::default() };
        let eu = || Which::Tag("eu".to_owned());
        assert_eq!(store.pause_schedules(tenant, user, eu(), "").await.unwrap(), 2);
        assert_eq!(found(&store, &member, paused.clone()).await, [b, a]);
        assert_eq!(store.pause_schedules(tenant, user, Which::All, "").await.unwrap(), 1);
        assert_eq!(store.resume_schedules(tenant, Which::Tag("us".to_owned())).await.unwrap(), 1);
        assert_eq!(found(&store, &member, paused.clone()).await, [b, a]);
        assert_eq!(store.resume_schedules(tenant, Which::All).await.unwrap(), 2);
        assert_eq!(found(&store, &member, paused).await, []);
        assert_eq!(store.clear_schedules(tenant, "eu").await.unwrap(), 2);
        assert_eq!(found(&store, &member, ScheduleFilter::default()).await, [c]);
        assert_eq!(store.clear_schedules(tenant, "%").await.unwrap(), 0);
    }

    async fn the_history_outlives_its_schedule_but_not_its_plan(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        let other = factory::scheduled(&store, &member, plan, factory::hourly("Other")).await;
        store.fire(due(&store, &member, id).await, 1).await.unwrap();
        assert!(store.delete_schedule(member.tenant(), id).await.unwrap());
        assert!(!store.delete_schedule(member.tenant(), id).await.unwrap());
        assert!(store.schedule(member.tenant(), id).await.unwrap().is_none());
        let history = store.occurrences(member.tenant(), id, PageRequest::default()).await.unwrap().items;
        assert_eq!(history.iter().map(|row| row.state).collect::<Vec<_>>(), [RunState::Queued]);
        assert!(store.delete_plan(member.tenant(), plan).await.unwrap());
        assert!(store.schedule(member.tenant(), other).await.unwrap().is_none());
        assert!(store.occurrences(member.tenant(), id, PageRequest::default()).await.unwrap().items.is_empty());
    }

    async fn every_change_of_a_schedule_is_told_as_one_of_its_plan(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let mut changes = store.changes();
        let plan = factory::saved_plan(&store, &member, "Shop").await;
        let expected = Change::Plan { organization: member.tenant().organization(), plan };
        assert_eq!(changes.next().await, expected);
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        assert_eq!(changes.next().await, expected);
        store.save_schedule(member.tenant(), id, factory::hourly("Other")).await.unwrap();
        assert_eq!(changes.next().await, expected);
        store.pause_schedules(member.tenant(), member.user_id, Which::All, "").await.unwrap();
        assert_eq!(changes.next().await, expected);
        store.resume_schedules(member.tenant(), Which::All).await.unwrap();
        assert_eq!(changes.next().await, expected);
        store.delete_schedule(member.tenant(), id).await.unwrap();
        assert_eq!(changes.next().await, expected);
    }

    async fn who_is_gone_is_not_named(database: TestDatabase) {
        let (store, member, plan) = world(&database).await;
        let id = factory::scheduled(&store, &member, plan, factory::hourly("Hourly")).await;
        store.pause_schedules(member.tenant(), member.user_id, Which::One(id), "Moving").await.unwrap();
        crate::firing::execute(&database, "UPDATE schedules SET author_id = NULL, paused_by = NULL");
        let kept = detail(&store, &member, id).await;
        assert_eq!((kept.author, kept.row.paused.unwrap().by), (None, None));
    }
}
