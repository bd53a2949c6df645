//! What may go beside what: limits and restrictions across all claimers, and who waits for whom.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    Cause, PlanId, Restriction, RunId, RunState, Tiers, WhenBusy,
    schedule::{Overlap, ScheduleDraft},
};
use jiff::{Timestamp, ToSpan};
use store::{Member, NewRun, Options, Store};
use testkit::factory;

use crate::{
    admission::{limited, restricted_plan},
    claims::{LONG, claim_one, claims, end, ids},
    raw,
};

/// Has four claimers claim and end all that waits, one run after the other, and tells the most runs that
/// went at the same time: of each plan, and of all.
async fn work_off(store: &Store, runs: usize) -> (HashMap<PlanId, usize>, usize) {
    let going: Arc<Mutex<HashMap<RunId, PlanId>>> = Arc::default();
    let most: Arc<Mutex<(HashMap<PlanId, usize>, usize)>> = Arc::default();
    let done = Arc::new(Mutex::new(HashSet::new()));
    let claimers: Vec<_> = (0..4)
        .map(|_| {
            let (claims, store) = (claims(store, LONG), store.clone());
            let (going, most, done) = (Arc::clone(&going), Arc::clone(&most), Arc::clone(&done));
            tokio::spawn(async move {
                while done.lock().unwrap().len() < runs {
                    let claimed = claims.claim(3).await.unwrap();
                    for run in &claimed.runs {
                        let mut going = going.lock().unwrap();
                        going.insert(run.lease.run, run.lease.plan);
                        let mut most = most.lock().unwrap();
                        let of_plan = going.values().filter(|plan| **plan == run.lease.plan).count();
                        let seen = most.0.entry(run.lease.plan).or_default();
                        *seen = of_plan.max(*seen);
                        most.1 = most.1.max(going.len());
                    }
                    for run in claimed.runs {
                        // Gone a moment before it is: nobody can take another in between.
                        going.lock().unwrap().remove(&run.lease.run);
                        assert!(end(&store, run.lease).await);
                        assert!(done.lock().unwrap().insert(run.lease.run), "claimed twice");
                    }
                }
            })
        })
        .collect();
    for claimer in claimers {
        claimer.await.unwrap();
    }
    Arc::into_inner(most).unwrap().into_inner().unwrap()
}

async fn queue(store: &Store, member: &Member, plan: PlanId) -> RunId {
    let queued = store.queue_run(member.tenant(), NewRun::of(plan, Cause::Schedule)).await.unwrap();
    assert_eq!(queued.state, RunState::Queued);
    queued.id
}

testkit::on_both! {
    async fn several_claimers_never_run_a_plan_restricted_to_itself_twice_at_once(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let restricted = restricted_plan(&store, &member, Restriction::Itself, WhenBusy::Queue).await;
        let free = factory::saved_plan(&store, &member, "Free").await;
        for _ in 0..15 {
            queue(&store, &member, restricted).await;
            queue(&store, &member, free).await;
        }
        let (most, _) = work_off(&store, 30).await;
        assert_eq!(most[&restricted], 1);
        assert!(most[&free] > 1, "others go side by side: {most:?}");
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn several_claimers_run_a_global_plan_alone(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let alone = restricted_plan(&store, &member, Restriction::Global, WhenBusy::Queue).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..5 {
            for plan in [plan, alone, plan] {
                queue(&store, &member, plan).await;
            }
        }
        let claims = claims(&store, LONG);
        let mut ended = 0;
        while ended < 15 {
            let claimed = claims.claim(10).await.unwrap().runs;
            assert!(!claimed.is_empty(), "nothing goes, and yet nothing may start");
            let global = claimed.iter().filter(|run| run.lease.plan == alone).count();
            assert!(global == 0 || claimed.len() == 1, "{global} global runs of {}", claimed.len());
            let late = claims.claim(10).await.unwrap();
            assert!(late.runs.is_empty(), "the next global run lets nothing pass that came after it");
            assert_eq!(late.held_back.contains(&member.tenant().organization()), ended + claimed.len() < 15);
            for run in claimed {
                assert!(end(&store, run.lease).await);
                ended += 1;
            }
        }
    }

    async fn no_more_runs_of_an_organization_go_than_its_tier_lets(database: TestDatabase) {
        let tiers = Tiers { in_force: None, ..Tiers::default() };
        let store = database.open_with(Options { tiers, ..Options::default() }).await;
        // New organizations are on the free tier, which has two at once.
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..12 {
            queue(&store, &member, plan).await;
        }
        assert_eq!(work_off(&store, 12).await.1, 2);

        for _ in 0..3 {
            queue(&store, &member, plan).await;
        }
        let claims = claims(&store, LONG);
        let claimed = claims.claim(8).await.unwrap();
        assert_eq!(claimed.runs.len(), 2);
        assert_eq!(claimed.held_back, HashSet::from([member.tenant().organization()]));
        let theirs = factory::saved_plan(&store, &other, "Plan").await;
        let single = queue(&store, &other, theirs).await;
        assert_eq!(ids(&claims.claim(8).await.unwrap().runs), [single]);
        assert!(end(&store, claimed.runs[0].lease).await);
        assert_eq!(claims.claim(8).await.unwrap().runs.len(), 1);
    }

    async fn the_runs_of_a_schedule_that_queues_follow_each_other(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let now = Timestamp::now();
        let draft = ScheduleDraft {
            kind: "every".to_owned(),
            interval: "10s".to_owned(),
            overlap: "queue".to_owned(),
            catch_up: "all".to_owned(),
            ..ScheduleDraft::default()
        };
        let checked = draft.check(now, &Tiers::default().enterprise, &[]).unwrap();
        store.create_schedule(member.tenant(), member.user_id, plan, checked).await.unwrap();
        let fired = store.fire(now + 60.seconds(), 10).await.unwrap();
        assert!(fired.queued >= 5, "{fired:?}");
        let claims = claims(&store, LONG);
        for _ in 0..fired.queued {
            let first = claim_one(&claims).await;
            let beside = claims.claim(4).await.unwrap();
            assert!(beside.runs.is_empty());
            assert_eq!(beside.held_back, HashSet::from([member.tenant().organization()]));
            assert!(end(&store, first.lease).await);
        }
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn a_schedule_that_begins_to_queue_waits_for_the_run_that_is_going_already(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let now = Timestamp::now();
        let mut schedule = factory::hourly("Hourly");
        let id = factory::scheduled(&store, &member, plan, schedule.clone()).await;
        assert_eq!(store.fire(now + 61.minutes(), 10).await.unwrap().queued, 1);
        let claims = claims(&store, LONG);
        let first = claim_one(&claims).await;
        schedule.overlap = Overlap::Queue;
        assert!(store.save_schedule(member.tenant(), id, schedule).await.unwrap());
        assert_eq!(store.fire(now + 122.minutes(), 10).await.unwrap().queued, 1);
        assert!(claims.claim(4).await.unwrap().runs.is_empty());
        assert!(end(&store, first.lease).await);
        assert_eq!(claims.claim(4).await.unwrap().runs.len(), 1);
    }

    async fn of_plans_that_run_alone_and_come_due_at_the_same_time_one_is_queued(database: TestDatabase) {
        let store = database.open().await;
        let now = Timestamp::now();
        let draft = ScheduleDraft {
            kind: "at".to_owned(),
            at: (now + 10.seconds()).to_string(),
            ..ScheduleDraft::default()
        };
        for _ in 0..8 {
            let member = factory::member(&store).await;
            for _ in 0..6 {
                let plan = restricted_plan(&store, &member, Restriction::Global, WhenBusy::Refuse).await;
                let checked = draft.check(now, &Tiers::default().enterprise, &[]).unwrap();
                store.create_schedule(member.tenant(), member.user_id, plan, checked).await.unwrap();
            }
            let firing: Vec<_> = (0..6)
                .map(|_| {
                    let store = store.clone();
                    tokio::spawn(async move { store.fire(now + 10.seconds(), 1).await.unwrap() })
                })
                .collect();
            let (mut queued, mut refused) = (0, 0);
            for fired in firing {
                let fired = fired.await.unwrap();
                queued += fired.queued;
                refused += fired.refused;
            }
            assert_eq!((queued, refused), (1, 5));
        }
    }

    async fn thousands_that_must_wait_hide_nothing_that_may_go(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let restricted = restricted_plan(&store, &member, Restriction::Itself, WhenBusy::Queue).await;
        let free = factory::saved_plan(&store, &member, "Free").await;
        raw::queue_many(&database, restricted, 5_000);
        let behind = queue(&store, &member, free).await;
        let claims = claims(&store, LONG);
        let mut started = Vec::new();
        for _ in 0..2 {
            let claimed = claims.claim(4).await.unwrap();
            started.extend(claimed.runs);
            if !claimed.more {
                break;
            }
        }
        assert_eq!(started.len(), 2);
        assert_eq!((started[0].lease.plan, started[1].lease.run), (restricted, behind));
        let nothing = claims.claim(4).await.unwrap();
        assert!(nothing.runs.is_empty() && !nothing.more, "it is not tried for ever");
        assert_eq!(nothing.held_back, HashSet::from([member.tenant().organization()]));
        assert!(end(&store, started[0].lease).await);
        assert_eq!(claim_one(&claims).await.lease.plan, restricted);
    }

    async fn full_organizations_do_not_hide_the_others(database: TestDatabase) {
        let store = limited(&database, |limits| limits.concurrent_runs = Some(1)).await;
        let claims = claims(&store, LONG);
        // More than one claim looks at.
        for _ in 0..130 {
            let member = factory::member(&store).await;
            let plan = factory::saved_plan(&store, &member, "Plan").await;
            queue(&store, &member, plan).await;
            queue(&store, &member, plan).await;
        }
        let mut started = 0;
        for _ in 0..20 {
            let claimed = claims.claim(500).await.unwrap();
            started += claimed.runs.len();
            if !claimed.more {
                break;
            }
        }
        assert_eq!(started, 130);
    }

    async fn ten_thousand_runs_of_one_organization_do_not_keep_another_waiting(database: TestDatabase) {
        let store = database.open().await;
        let (busy, quiet) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &busy, "Plan").await;
        raw::queue_many(&database, plan, 10_000);
        let claims = claims(&store, LONG);
        assert_eq!(claims.claim(16).await.unwrap().runs.len(), 16);
        let plan = factory::saved_plan(&store, &quiet, "Plan").await;
        let single = queue(&store, &quiet, plan).await;
        let began = std::time::Instant::now();
        let next = claims.claim(1).await.unwrap();
        assert_eq!(ids(&next.runs), [single]);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
