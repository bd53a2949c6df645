//! Claiming: who gets a run, for how long, and what becomes of runs whose worker was lost.

use std::{collections::HashSet, time::Duration};

use domain::{Cause, RunId, RunState, StepState, WorkerId};
use jiff::Timestamp;
use store::{
    CancelOutcome, Change, ClaimedRun, Claims, Ending, Lease, MOST_ATTEMPTS, NewRun, Recorder, Renewal, Repeatable,
    RunChange, Store,
};
use testkit::factory;
use tokio_util::sync::CancellationToken;

/// Longer than any test.
pub const LONG: Duration = Duration::from_secs(600);
/// Over as soon as it is written.
const NOTHING: Duration = Duration::ZERO;

pub fn claims(store: &Store, lasts: Duration) -> Claims {
    store.claims(WorkerId::new(), lasts)
}

pub async fn claim_one(claims: &Claims) -> ClaimedRun {
    let mut claimed = claims.claim(1).await.unwrap().runs;
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

pub fn ids(claimed: &[ClaimedRun]) -> Vec<RunId> {
    claimed.iter().map(|run| run.lease.run).collect()
}

/// Ends a run; true if the lease was good for that.
pub async fn end(store: &Store, lease: Lease) -> bool {
    let recorder = Recorder::start(store);
    let lost = CancellationToken::new();
    let record = recorder.run(lease, lost.clone());
    let ending = Ending { state: RunState::Passed, reason: None, slow: false, passed: 0, failed: 0, skipped: 0 };
    record.finish(ending, ()).await.unwrap();
    recorder.flush().await;
    !lost.is_cancelled()
}

testkit::on_both! {
    async fn a_claimed_run_comes_with_all_that_executing_it_needs(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let claimed = claim_one(&claims(&store, LONG)).await;
        assert_eq!((claimed.lease.run, claimed.lease.plan), (run, plan));
        assert_eq!(claimed.lease.tenant.organization(), member.tenant().organization());
        assert_eq!((claimed.number, claimed.version, claimed.attempt), (1, 1, 1));
        assert_eq!(&*claimed.text, factory::plan("Plan").text);
        assert!(claimed.finished.is_empty() && claimed.in_flight.is_none() && !claimed.cancelling);
        let row = store.run_row(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!(row.state, RunState::Running);
        assert!(row.started_at.is_some());
    }

    async fn two_claimers_never_get_the_same_run(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..60 {
            factory::queued_run(&store, &member, plan).await;
        }
        let claimers: Vec<_> = (0..4)
            .map(|_| {
                let claims = claims(&store, LONG);
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let claimed = claims.claim(4).await.unwrap().runs;
                        if claimed.is_empty() {
                            return mine;
                        }
                        mine.extend(ids(&claimed));
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        assert_eq!(all.len(), 60);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 60);
    }

    async fn a_claim_takes_no_more_than_it_is_asked_for_and_the_oldest_first(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let mut queued = Vec::new();
        for _ in 0..5 {
            queued.push(factory::queued_run(&store, &member, plan).await);
        }
        let claims = claims(&store, LONG);
        assert_eq!(ids(&claims.claim(0).await.unwrap().runs), []);
        assert_eq!(ids(&claims.claim(3).await.unwrap().runs), queued[..3]);
        assert_eq!(ids(&claims.claim(3).await.unwrap().runs), queued[3..]);
    }

    async fn what_somebody_waits_for_goes_before_what_a_schedule_wants(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let scheduled = NewRun::of(plan, Cause::Schedule);
        let scheduled = store.queue_run(member.tenant(), scheduled).await.unwrap().id;
        let wanted = factory::queued_run(&store, &member, plan).await;
        assert_eq!(ids(&claims(&store, LONG).claim(2).await.unwrap().runs), [wanted, scheduled]);
    }

    async fn an_organization_with_much_to_do_does_not_keep_another_waiting(database: TestDatabase) {
        let store = database.open().await;
        let (busy, quiet) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &busy, "Plan").await;
        for _ in 0..20 {
            factory::queued_run(&store, &busy, plan).await;
        }
        let plan = factory::saved_plan(&store, &quiet, "Plan").await;
        let single = factory::queued_run(&store, &quiet, plan).await;
        let claims = claims(&store, LONG);
        let claimed = claims.claim(2).await.unwrap().runs;
        assert!(ids(&claimed).contains(&single));
        let late = factory::queued_run(&store, &quiet, plan).await;
        claims.claim(3).await.unwrap();
        assert_eq!(store.run_row(quiet.tenant(), late).await.unwrap().unwrap().state, RunState::Running);
    }

    async fn every_organization_gets_its_turn_however_many_there_are(database: TestDatabase) {
        let store = database.open().await;
        let mut waiting = HashSet::new();
        // More than one claim looks at.
        for _ in 0..130 {
            let member = factory::member(&store).await;
            let plan = factory::saved_plan(&store, &member, "Plan").await;
            waiting.insert(factory::queued_run(&store, &member, plan).await);
            // The old ones always have something new to do.
            factory::queued_run(&store, &member, plan).await;
        }
        let claims = claims(&store, LONG);
        let first = ids(&claims.claim(100).await.unwrap().runs);
        let second = ids(&claims.claim(100).await.unwrap().runs);
        waiting.retain(|run| !first.contains(run) && !second.contains(run));
        assert_eq!(waiting.len(), 0, "they were passed over for runs of those that had their turn");
    }

    async fn a_lease_that_is_not_over_is_respected_and_one_that_is_over_is_not(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let (lost, other) = (claims(&store, NOTHING), claims(&store, LONG));
        let first = claim_one(&lost).await;
        let second = claim_one(&other).await;
        assert_eq!((first.lease.run, second.lease.run), (run, run));
        assert_eq!((first.attempt, second.attempt), (1, 2));
        assert!(other.claim(1).await.unwrap().runs.is_empty());
    }

    async fn the_time_of_a_run_counts_from_its_first_start(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::queued_run(&store, &member, plan).await;
        assert!(claim_one(&claims(&store, NOTHING)).await.elapsed < Duration::from_secs(1));
        crate::raw::sql(&database, "UPDATE runs SET started_at = started_at - 600000000");
        let elapsed = claim_one(&claims(&store, LONG)).await.elapsed;
        assert!(elapsed >= Duration::from_secs(600) && elapsed < Duration::from_secs(660), "{elapsed:?}");
    }

    async fn an_old_fence_writes_nothing(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let old = claim_one(&claims(&store, NOTHING)).await.lease;
        let new = claim_one(&claims(&store, LONG)).await.lease;

        let recorder = Recorder::start(&store);
        let lost = CancellationToken::new();
        let record = recorder.run(old, lost.clone());
        let report = factory::report(0, StepState::Failed);
        record.step_finished(0, &report, None).await.unwrap();
        lost.cancelled().await;
        assert!(record.step_started(1, Timestamp::now(), Repeatable::No).await.is_err());
        assert_eq!(store.renew(vec![old, new], LONG).await.unwrap(), [Renewal::Lost, Renewal::Renewed]);
        assert!(!end(&store, old).await);

        let detail = store.run(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!((detail.row.state, detail.steps.len()), (RunState::Running, 0));
        assert!(end(&store, new).await);
    }

    async fn a_renewed_lease_lasts(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::queued_run(&store, &member, plan).await;
        let lease = claim_one(&claims(&store, NOTHING)).await.lease;
        assert_eq!(store.renew(vec![lease], LONG).await.unwrap(), [Renewal::Renewed]);
        assert!(claims(&store, LONG).claim(1).await.unwrap().runs.is_empty());
    }

    async fn a_run_that_is_to_be_stopped_tells_so_with_its_renewal_and_its_next_claim(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let lease = claim_one(&claims(&store, NOTHING)).await.lease;
        let outcome = store.cancel_run(member.tenant(), run).await.unwrap();
        assert_eq!(outcome, CancelOutcome::Cancelling);
        assert_eq!(store.renew(vec![lease], NOTHING).await.unwrap(), [Renewal::Cancelling]);
        assert!(claim_one(&claims(&store, LONG)).await.cancelling);
    }

    async fn a_deleted_run_is_lost_to_its_worker(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::queued_run(&store, &member, plan).await;
        let lease = claim_one(&claims(&store, LONG)).await.lease;
        assert!(store.delete_plan(member.tenant(), plan).await.unwrap());
        assert_eq!(store.renew(vec![lease], LONG).await.unwrap(), [Renewal::Lost]);
        assert!(!end(&store, lease).await);
    }

    async fn a_run_that_loses_every_worker_is_parked(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let lost = claims(&store, NOTHING);
        let recorder = Recorder::start(&store);
        for attempt in 1..=MOST_ATTEMPTS {
            let claimed = claim_one(&lost).await;
            assert_eq!(claimed.attempt, attempt.unsigned_abs());
            let record = recorder.run(claimed.lease, CancellationToken::new());
            record.step_started(0, Timestamp::now(), Repeatable::No).await.unwrap();
        }
        let mut changes = store.changes();
        assert!(lost.claim(1).await.unwrap().runs.is_empty());
        let detail = store.run(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!(detail.row.state, RunState::Errored);
        assert_eq!(detail.row.reason.as_deref(), Some("The worker was lost 3 times while it executed this run."));
        assert!(detail.row.finished_at.is_some());
        assert_eq!(detail.steps[0].state, StepState::Errored);
        assert!(lost.claim(1).await.unwrap().runs.is_empty());
        loop {
            if let Change::Run { kind: RunChange::Finished, run: id, .. } = changes.next().await {
                assert_eq!(id, run);
                break;
            }
        }
    }

    async fn a_run_that_is_handed_back_is_queued_again_and_no_attempt_is_counted(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let claims = claims(&store, LONG);
        let recorder = Recorder::start(&store);
        for _ in 0..=MOST_ATTEMPTS {
            let claimed = claim_one(&claims).await;
            assert_eq!((claimed.lease.run, claimed.attempt), (run, 1));
            recorder.run(claimed.lease, CancellationToken::new()).hand_back(()).await.unwrap();
            recorder.flush().await;
            let row = store.run_row(member.tenant(), run).await.unwrap().unwrap();
            assert_eq!(row.state, RunState::Queued);
            // The lease of whoever handed it back is worth nothing now.
            assert!(!end(&store, claimed.lease).await);
        }
    }

    async fn the_next_worker_goes_on_after_the_last_recorded_step(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::queued_run(&store, &member, plan).await;
        let lost = claim_one(&claims(&store, NOTHING)).await.lease;
        let recorder = Recorder::start(&store);
        let record = recorder.run(lost, CancellationToken::new());
        let captured = br#"{"captures":[]}"#.to_vec();
        let report = factory::report(0, StepState::Passed);
        record.step_finished(0, &report, Some(captured.clone().into())).await.unwrap();
        record.step_started(1, Timestamp::now(), Repeatable::No).await.unwrap();

        let claimed = claim_one(&claims(&store, LONG)).await;
        let [step] = &claimed.finished[..] else { panic!("{:?}", claimed.finished) };
        assert_eq!((step.position, step.state), (0, StepState::Passed));
        assert_eq!(**step.progress.as_ref().unwrap(), captured);
        assert_eq!(claimed.in_flight, Some(1));
        assert!(!claimed.unreadable);
    }
}
