//! What the doctor finds in damaged databases, and that it finds nothing in one at work.

use std::time::Duration;

use domain::{Restriction, RunState, StepState, Tiers, WhenBusy, WorkerId, schedule::ScheduleDraft};
use jiff::{Timestamp, ToSpan};
use store::{MOST_ATTEMPTS, Member, Recorder, Repeatable, Store, Which};
use testkit::{TestDatabase, factory};
use tokio_util::sync::CancellationToken;

use crate::{
    admission::restricted_plan,
    claims::{LONG, claim_one, claims},
    raw,
};

/// Everything there can be: runs in every state, by hand and by schedule, going and waiting.
async fn full(database: &TestDatabase) -> (Store, Member) {
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    for state in [RunState::Failed, RunState::Errored, RunState::Passed] {
        factory::ended_run(&store, &member, plan, state).await;
    }
    let draft = ScheduleDraft {
        kind: "every".to_owned(),
        interval: "10s".to_owned(),
        catch_up: "all".to_owned(),
        ..ScheduleDraft::default()
    };
    let now = Timestamp::now();
    let limits = Tiers::default().enterprise;
    let once = ScheduleDraft { repeats: "3".to_owned(), ..draft.clone() }.check(now, &limits, &[]).unwrap();
    let ever = draft.check(now, &limits, &[]).unwrap();
    let mut schedules = Vec::new();
    for schedule in [once, ever.clone(), ever] {
        schedules.push(store.create_schedule(member.tenant(), member.user_id, plan, schedule).await.unwrap().unwrap());
    }
    let which = Which::One(schedules[1]);
    assert_eq!(store.pause_schedules(member.tenant(), member.user_id, which, "Holidays").await.unwrap(), 1);
    let fired = store.fire(now + 60.seconds(), 10).await.unwrap();
    assert!(fired.queued == 2 && fired.skipped > 3, "{fired:?}");
    for _ in 0..3 {
        factory::queued_run(&store, &member, plan).await;
    }

    // One run that lost all its workers, one that was handed back and canceled, some that go.
    let lost = claims(&store, Duration::ZERO);
    let recorder = Recorder::start(&store);
    for _ in 0..MOST_ATTEMPTS {
        let record = recorder.run(claim_one(&lost).await.lease, CancellationToken::new());
        record.step_finished(0, &factory::report(0, StepState::Passed), Some(b"{}".to_vec().into())).await.unwrap();
        record.step_started(1, Timestamp::now(), Repeatable::No).await.unwrap();
    }
    let claims = store.claims(WorkerId::new(), LONG);
    let lease = claim_one(&claims).await.lease;
    let record = recorder.run(lease, CancellationToken::new());
    record.step_finished(0, &factory::report(0, StepState::Passed), Some(b"{}".to_vec().into())).await.unwrap();
    record.hand_back(()).await.unwrap();
    recorder.close().await;
    store.cancel_run(member.tenant(), lease.run).await.unwrap();
    assert_eq!(claims.claim(1).await.unwrap().runs.len(), 1);
    (store, member)
}

/// Damages a database and sees that exactly this check finds it, so many times.
async fn finds(database: &TestDatabase, damage: &str, check: &str, found: u64) {
    let (store, _) = full(database).await;
    assert_eq!(store.doctor().await.unwrap(), [], "before any damage");
    raw::sql(database, damage);
    let findings = store.doctor().await.unwrap();
    let told: Vec<_> = findings.iter().map(|finding| (finding.check, finding.found)).collect();
    assert_eq!(told, [(check, found)], "{findings:#?}");
    let sentence = &findings[0].sentence;
    assert!(sentence.contains(&format!(": {found}, for example ")) && sentence.ends_with('.'), "{sentence}");
}

testkit::on_both! {
    async fn a_run_that_lost_its_workers_counts_the_steps_it_had(database: TestDatabase) {
        let (store, member) = full(&database).await;
        let filter = store::RunFilter { states: vec![RunState::Errored, RunState::Cancelled], ..store::RunFilter::default() };
        let runs = store.runs(member.tenant(), filter).await.unwrap().items;
        let counts = |reason: &str| {
            let run = runs.iter().find(|run| run.reason.as_deref().unwrap_or("").contains(reason)).unwrap();
            (run.steps_passed, run.steps_failed, run.steps_skipped)
        };
        assert_eq!(counts("The worker was lost"), (1, 1, 0));
        let cancelled = runs.iter().find(|run| run.state == RunState::Cancelled).unwrap();
        assert_eq!((cancelled.steps_passed, cancelled.steps_failed, cancelled.steps_skipped), (1, 0, 0));
    }

    async fn a_queued_run_that_is_not_due(database: TestDatabase) {
        finds(&database, "UPDATE runs SET lease_owner = id WHERE state = 'queued' AND number =
                          (SELECT max(number) FROM runs WHERE state = 'queued')", "queued runs", 1).await;
    }

    async fn a_running_run_that_nobody_owns(database: TestDatabase) {
        finds(&database, "UPDATE runs SET lease_owner = NULL WHERE state = 'running'", "running runs", 1).await;
    }

    async fn a_run_that_is_over_and_still_due(database: TestDatabase) {
        finds(&database, "UPDATE runs SET due_at = finished_at WHERE state = 'failed'", "ended runs", 1).await;
    }

    async fn a_state_that_nobody_knows(database: TestDatabase) {
        finds(&database, "UPDATE runs SET state = 'refusing', due_at = NULL WHERE state = 'queued' AND number =
                          (SELECT max(number) FROM runs WHERE state = 'queued')", "ended runs", 1).await;
    }

    async fn a_lease_that_was_over_long_ago(database: TestDatabase) {
        let minutes = Timestamp::now().as_microsecond() - 6 * 60_000_000;
        finds(&database, &format!("UPDATE runs SET due_at = {minutes} WHERE state = 'running'"), "leases", 1).await;
    }

    async fn two_runs_for_one_due_time(database: TestDatabase) {
        finds(&database, "DROP INDEX runs_by_occurrence; UPDATE runs SET scheduled_at = 1 WHERE schedule_id IS NOT NULL",
              "occurrences", 2).await;
    }

    async fn a_number_that_was_never_given(database: TestDatabase) {
        finds(&database, "UPDATE plans SET last_run_number = 1", "run numbers", 1).await;
    }

    async fn a_step_that_still_runs_in_a_run_that_is_over(database: TestDatabase) {
        finds(&database, "UPDATE steps SET state = 'running', report = NULL WHERE position = 1 AND run_id IN
                          (SELECT id FROM runs WHERE reason LIKE 'The worker was lost%');
                          UPDATE runs SET steps_failed = 0 WHERE reason LIKE 'The worker was lost%'", "steps", 1).await;
    }

    async fn captures_that_outlive_their_run(database: TestDatabase) {
        let bytes = if database.is_sqlite() { "x'00'" } else { "'\\x00'" };
        finds(&database, &format!("UPDATE steps SET progress = {bytes} WHERE position = 0 AND run_id IN
                                   (SELECT id FROM runs WHERE state = 'failed')"), "steps", 1).await;
    }

    async fn steps_that_are_counted_wrong(database: TestDatabase) {
        finds(&database, "UPDATE runs SET steps_passed = 7 WHERE state = 'failed'", "step counts", 1).await;
    }

    async fn runs_that_nobody_counted(database: TestDatabase) {
        finds(&database, "UPDATE usage SET runs = 3", "usage", 1).await;
    }

    async fn a_plan_that_forgot_its_runs(database: TestDatabase) {
        finds(&database, "UPDATE plans SET recent = '' WHERE last_run_number > 0", "recent runs", 1).await;
    }

    async fn a_health_that_no_run_told(database: TestDatabase) {
        finds(&database, "UPDATE plans SET health = 'slow' WHERE last_run_number > 0", "health", 1).await;
    }

    async fn a_schedule_that_does_not_come_due_any_more(database: TestDatabase) {
        finds(&database, "UPDATE schedules SET next_due_at = NULL", "schedules", 1).await;
    }

    async fn a_paused_schedule_that_comes_due(database: TestDatabase) {
        finds(&database, "UPDATE schedules SET next_due_at = 1 WHERE paused_at IS NOT NULL", "paused schedules", 1).await;
    }

    async fn a_timetable_that_cannot_be_read(database: TestDatabase) {
        finds(&database, "UPDATE schedules SET timetable = '{}', next_due_at = NULL WHERE next_due_at IS NOT NULL",
              "timetables", 1).await;
    }

    async fn runs_side_by_side_that_must_not_be(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        for restriction in [Restriction::Itself, Restriction::Global] {
            let plan = restricted_plan(&store, &member, restriction, WhenBusy::Queue).await;
            factory::queued_run(&store, &member, plan).await;
            factory::queued_run(&store, &member, plan).await;
        }
        let now = Timestamp::now().as_microsecond();
        let start = |what: &str| {
            raw::sql(&database, &format!(
                "UPDATE runs SET state = 'running', lease_owner = id, started_at = {now}, due_at = {now} + 60000000, fence = 1
                 WHERE restriction = '{what}'"
            ));
        };
        assert_eq!(store.doctor().await.unwrap(), []);
        start("self");
        let checks = async || store.doctor().await.unwrap().into_iter().map(|finding| finding.check).collect::<Vec<_>>();
        assert_eq!(checks().await, ["restriction self"]);
        start("global");
        assert_eq!(checks().await, ["restriction self", "restriction global"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_while_everything_goes_on() {
    for database in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let working = tokio::spawn({
            let store = store.clone();
            async move {
                let recorder = Recorder::start(&store);
                for _ in 0..40 {
                    factory::queued_run(&store, &member, plan).await;
                    let lease = claim_one(&claims(&store, LONG)).await.lease;
                    let record = recorder.run(lease, CancellationToken::new());
                    let report = factory::report(0, StepState::Passed);
                    record.step_finished(0, &report, Some(b"{}".to_vec().into())).await.unwrap();
                    let ending = store::Ending { passed: 1, ..store::Ending::errored("Nothing.") };
                    record.finish(ending, ()).await.unwrap();
                }
                recorder.close().await;
            }
        });
        let mut looked = 0;
        while !working.is_finished() {
            assert_eq!(store.doctor().await.unwrap(), []);
            looked += 1;
        }
        working.await.unwrap();
        assert!(looked > 0);
        assert_eq!(store.doctor().await.unwrap(), []);
    }
}
