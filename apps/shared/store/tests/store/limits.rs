//! What a tier allows, and what becomes of what is there when the tier changes.

use std::time::Duration;

use domain::{Cause, PlanId, RunState, ScheduleId, Tier, Tiers};
use store::{Member, NewPlan, NewRun, Options, QueuedRun, SaveError, ScheduleFilter, ScheduleRow, Store, Which};
use testkit::{TestDatabase, factory};

use crate::raw;

/// A store whose organizations are each on a tier of their own.
pub async fn open(database: &TestDatabase) -> Store {
    open_with(database, |_| {}).await
}

async fn open_with(database: &TestDatabase, change: impl FnOnce(&mut Tiers)) -> Store {
    let mut tiers = Tiers { in_force: None, ..Tiers::default() };
    change(&mut tiers);
    database.open_with(Options { tiers, ..Options::default() }).await
}

async fn put_on(store: &Store, member: &Member, tier: Tier) {
    assert!(store.grant_tier(member.tenant().organization(), tier).await.unwrap());
}

async fn create(store: &Store, member: &Member, plan: NewPlan) -> Result<PlanId, SaveError> {
    store.create_plan(member.tenant(), member.user_id, plan).await
}

async fn ask(store: &Store, member: &Member, plan: PlanId) -> QueuedRun {
    store.queue_run(member.tenant(), NewRun::of(plan, Cause::Manual)).await.unwrap()
}

/// Why the tier does not let the plan run.
async fn over_limit(store: &Store, member: &Member, plan: PlanId) -> Option<String> {
    store.plan(member.tenant(), plan).await.unwrap().unwrap().over_limit
}

async fn row(store: &Store, member: &Member, schedule: ScheduleId) -> ScheduleRow {
    store.schedule(member.tenant(), schedule).await.unwrap().unwrap().row
}

async fn scheduled_every(store: &Store, member: &Member, plan: PlanId, seconds: u64) -> ScheduleId {
    factory::scheduled(store, member, plan, factory::every("Often", seconds)).await
}

testkit::on_both! {
    async fn there_are_no_more_plans_than_the_tier_allows_however_many_are_made_at_once(database: TestDatabase) {
        let store = open(&database).await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let making = (0..8).map(|n| {
            let (store, member) = (store.clone(), member.clone());
            tokio::spawn(async move { create(&store, &member, factory::plan(&format!("Plan {n}"))).await })
        });
        let mut made = 0;
        for one in making.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(_) => made += 1,
                Err(SaveError::OverLimit(over_limit)) => {
                    assert!(over_limit.to_string().starts_with("Your tier allows 2 plans, and none is left."));
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((made, store.number_of_plans(member.tenant()).await.unwrap()), (2, 2));
        create(&store, &other, factory::plan("Others have a limit of their own")).await.unwrap();
        put_on(&store, &member, Tier::Pro).await;
        create(&store, &member, factory::plan("Plan")).await.unwrap();
    }

    async fn on_a_lower_tier_the_later_plans_wait_and_on_a_higher_one_they_go_on(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        put_on(&store, &member, Tier::Pro).await;
        let mut plans = Vec::new();
        for name in ["A", "B", "C", "D"] {
            plans.push(factory::saved_plan(&store, &member, name).await);
        }
        let schedules = [
            factory::scheduled(&store, &member, plans[0], factory::hourly("Of the first")).await,
            factory::scheduled(&store, &member, plans[3], factory::hourly("Of the last")).await,
        ];
        let would_wait = store.would_wait(member.tenant(), Tier::Free).await.unwrap();
        assert_eq!((would_wait.plans, would_wait.schedules), (vec!["C".to_owned(), "D".to_owned()], 1));
        assert_eq!(store.would_wait(member.tenant(), Tier::Pro).await.unwrap(), store::Waiting::default());
        put_on(&store, &member, Tier::Free).await;
        let mut waiting = Vec::new();
        for plan in &plans {
            waiting.push(over_limit(&store, &member, *plan).await);
        }
        assert_eq!((&waiting[0], &waiting[1]), (&None, &None));
        let reason = waiting[2].clone().unwrap();
        assert!(reason.starts_with("Your tier allows 2 plans, and there are older ones"), "{reason}");
        assert_eq!(waiting[3], waiting[2]);

        let refused = ask(&store, &member, plans[3]).await;
        assert_eq!((refused.state, refused.reason), (RunState::Refused, Some(reason.clone())));
        assert_eq!(ask(&store, &member, plans[1]).await.state, RunState::Queued);
        let first = row(&store, &member, schedules[0]).await;
        assert!(first.over_limit.is_none() && first.next_due_at.is_some());
        let last = row(&store, &member, schedules[1]).await;
        assert_eq!((last.over_limit, last.next_due_at, last.paused), (Some(reason), None, None));
        let enabled = |enabled| ScheduleFilter { enabled: Some(enabled), ..ScheduleFilter::default() };
        for (enabled, schedule) in [(enabled(true), schedules[0]), (enabled(false), schedules[1])] {
            let found = store.schedules(member.tenant(), enabled).await.unwrap().items;
            assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [schedule]);
        }
        // It can still be changed, and a new schedule of it waits as well.
        let (text, base) = (NewPlan { text: "- get: {url: http://127.0.0.1:9/3}\n".to_owned(), ..factory::plan("D") }, 1);
        assert_eq!(store.save_plan(member.tenant(), member.user_id, plans[3], base, text).await.unwrap(), 2);
        let new = factory::scheduled(&store, &member, plans[3], factory::hourly("Later")).await;
        assert!(row(&store, &member, new).await.next_due_at.is_none());

        put_on(&store, &member, Tier::Pro).await;
        for plan in &plans {
            assert_eq!(over_limit(&store, &member, *plan).await, None);
        }
        for schedule in [schedules[0], schedules[1], new] {
            let row = row(&store, &member, schedule).await;
            assert!(row.over_limit.is_none() && row.next_due_at.is_some(), "{row:?}");
        }
        assert_eq!(ask(&store, &member, plans[3]).await.state, RunState::Queued);
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn when_an_older_plan_is_deleted_the_next_one_runs_in_its_place(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        put_on(&store, &member, Tier::Pro).await;
        let mut plans = Vec::new();
        for name in ["A", "B", "C", "D"] {
            plans.push(factory::saved_plan(&store, &member, name).await);
        }
        put_on(&store, &member, Tier::Free).await;
        store.delete_plan(member.tenant(), plans[0]).await.unwrap();
        assert_eq!(over_limit(&store, &member, plans[2]).await, None);
        assert!(over_limit(&store, &member, plans[3]).await.is_some());
    }

    async fn a_schedule_that_comes_too_often_for_a_lower_tier_waits_until_it_is_saved_anew(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        put_on(&store, &member, Tier::Pro).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let (often, paused) = (scheduled_every(&store, &member, plan, 10).await, scheduled_every(&store, &member, plan, 10).await);
        store.pause_schedules(member.tenant(), member.user_id, Which::One(paused), "Moving").await.unwrap();
        put_on(&store, &member, Tier::Free).await;
        let waits = row(&store, &member, often).await;
        let reason = waits.over_limit.unwrap();
        assert!(reason.starts_with("Two runs would be only 10 seconds apart. On your tier"), "{reason}");
        assert_eq!(waits.next_due_at, None);

        // Whoever paused one may resume it, but it does not come due for that.
        store.resume_schedules(member.tenant(), Which::All).await.unwrap();
        let resumed = row(&store, &member, paused).await;
        assert!(resumed.paused.is_none() && resumed.over_limit.is_some() && resumed.next_due_at.is_none());
        assert!(store.save_schedule(member.tenant(), often, factory::hourly("Seldom")).await.unwrap());
        let saved = row(&store, &member, often).await;
        assert!(saved.over_limit.is_none() && saved.next_due_at.is_some(), "{saved:?}");

        put_on(&store, &member, Tier::Pro).await;
        assert!(row(&store, &member, paused).await.next_due_at.is_some());
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn one_that_somebody_paused_stays_paused_whatever_its_tier(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        put_on(&store, &member, Tier::Pro).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let schedule = scheduled_every(&store, &member, plan, 10).await;
        store.pause_schedules(member.tenant(), member.user_id, Which::One(schedule), "Moving").await.unwrap();
        put_on(&store, &member, Tier::Free).await;
        put_on(&store, &member, Tier::Pro).await;
        let row = row(&store, &member, schedule).await;
        assert_eq!((row.paused.unwrap().reason.as_str(), row.over_limit, row.next_due_at), ("Moving", None, None));
    }

    async fn limits_that_are_configured_anew_hold_for_what_is_there(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        let plans = [factory::saved_plan(&store, &member, "A").await, factory::saved_plan(&store, &member, "B").await];
        let schedule = factory::scheduled(&store, &member, plans[0], factory::hourly("Hourly")).await;
        let stricter = open_with(&database, |tiers| {
            tiers.free.plans = Some(1);
            tiers.free.shortest_interval = Duration::from_secs(2 * 60 * 60);
        })
        .await;
        assert_eq!(stricter.apply_limits().await.unwrap(), 1);
        assert!(over_limit(&store, &member, plans[1]).await.unwrap().starts_with("Your tier allows 1 plan,"));
        assert!(row(&store, &member, schedule).await.over_limit.unwrap().contains("the shortest interval is 2 hours"));
        let none = open_with(&database, |tiers| tiers.free.plans = Some(0)).await;
        none.apply_limits().await.unwrap();
        assert!(over_limit(&store, &member, plans[0]).await.unwrap().contains("allows 0 plans"));
        store.apply_limits().await.unwrap();
        assert!(over_limit(&store, &member, plans[1]).await.is_none());
        assert!(row(&store, &member, schedule).await.next_due_at.is_some());
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn the_tier_is_the_higher_one_of_what_is_granted_and_what_is_subscribed_to(database: TestDatabase) {
        let store = open(&database).await;
        let member = factory::member(&store).await;
        let organization = raw::id(&database, member.tenant().organization().0);
        raw::sql(&database, &format!("UPDATE organizations SET tier = 'pro', subscribed = 'pro' WHERE id = {organization}"));
        let tier = async || factory::same_member(&store, &member).await.tier;
        put_on(&store, &member, Tier::Enterprise).await;
        assert_eq!(tier().await, Tier::Enterprise);
        put_on(&store, &member, Tier::Free).await;
        assert_eq!(tier().await, Tier::Pro);
        assert!(!store.grant_tier(domain::OrganizationId::new(), Tier::Pro).await.unwrap());
    }
}
