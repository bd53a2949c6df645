//! Recording: what is written when, in what order, and what remains of it.

use std::time::Duration;

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use domain::{Elapsed, RunState, StepState, WorkerId};
use jiff::Timestamp;
use store::{Change, ClaimedRun, Ending, Member, Recorder, Repeatable, RunChange, Store};
use testkit::factory;
use tokio_util::sync::CancellationToken;

async fn claimed(store: &Store) -> (Member, ClaimedRun) {
    let member = factory::member(store).await;
    let plan = factory::saved_plan(store, &member, "Plan").await;
    factory::queued_run(store, &member, plan).await;
    let claims = store.claims(WorkerId::new(), Duration::from_secs(600));
    let run = claims.claim(1).await.unwrap().runs.remove(0);
    (member, run)
}

fn passed() -> Ending {
    Ending { state: RunState::Passed, reason: None, slow: true, passed: 2, failed: 0, skipped: 0 }
}

async fn states(store: &Store, member: &Member, run: &ClaimedRun) -> Vec<(u32, StepState)> {
    let detail = store.run(member.tenant(), run.lease.run).await.unwrap().unwrap();
    detail.steps.iter().map(|step| (step.position, step.state)).collect()
}

testkit::on_both! {
    async fn a_step_that_must_not_be_repeated_is_known_before_it_goes_out(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        record.step_finished(0, &factory::report(0, StepState::Passed), None).await.unwrap();
        record.step_started(1, Timestamp::now(), Repeatable::No).await.unwrap();
        // And with it everything that came before.
        assert_eq!(states(&store, &member, &run).await, [(0, StepState::Passed), (1, StepState::Running)]);
        record.step_finished(1, &factory::report(1, StepState::Failed), None).await.unwrap();
        recorder.flush().await;
        assert_eq!(states(&store, &member, &run).await, [(0, StepState::Passed), (1, StepState::Failed)]);
    }

    async fn a_step_that_must_not_be_repeated_is_told_of_once_it_is_known(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let mut changes = store.changes();
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        record.step_started(0, Timestamp::now(), Repeatable::No).await.unwrap();
        while !matches!(changes.next().await, Change::Run { kind: RunChange::Step, run: id, .. } if id == run.lease.run) {}
        assert_eq!(states(&store, &member, &run).await, [(0, StepState::Running)]);
    }

    async fn a_step_that_may_be_repeated_shows_once_it_takes_long(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let mut changes = store.changes();
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        record.step_started(0, Timestamp::now(), Repeatable::Yes).await.unwrap();
        loop {
            if let Change::Run { kind: RunChange::Step, run: id, .. } = changes.next().await {
                assert_eq!(id, run.lease.run);
                break;
            }
        }
        assert_eq!(states(&store, &member, &run).await, [(0, StepState::Running)]);
    }

    async fn a_finished_step_shows_by_itself(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let mut changes = store.changes();
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        let report = factory::report(0, StepState::Failed);
        record.step_finished(0, &report, None).await.unwrap();
        while !matches!(changes.next().await, Change::Run { kind: RunChange::Step, .. }) {}
        let detail = store.run(member.tenant(), run.lease.run).await.unwrap().unwrap();
        assert_eq!(detail.steps[0].report().unwrap(), Some(report));
        assert_eq!(detail.steps[0].duration, Some(Elapsed(1_234)));
    }

    async fn an_end_writes_state_counts_reason_and_history_at_once(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        let reason = Some("Step 2 failed:\u{0} the status is 500.".to_owned());
        let ending = Ending { state: RunState::Failed, reason, slow: false, passed: 1, failed: 1, skipped: 3 };
        record.finish(ending, ()).await.unwrap();
        recorder.flush().await;
        let row = store.run_row(member.tenant(), run.lease.run).await.unwrap().unwrap();
        assert_eq!((row.state, row.slow), (RunState::Failed, false));
        assert_eq!((row.steps_passed, row.steps_failed, row.steps_skipped), (1, 1, 3));
        assert_eq!(row.reason.as_deref(), Some("Step 2 failed:\u{fffd} the status is 500."));
        assert!(row.finished_at >= row.started_at);
        let plans = store.plans(member.tenant(), store::PlanFilter::default()).await.unwrap();
        assert_eq!(plans.items[0].recent.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Failed]);
    }

    async fn a_run_that_is_over_has_no_step_under_way_and_nothing_captured(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        let secret = || Some(b"captured token".to_vec().into());
        record.step_finished(0, &factory::report(0, StepState::Passed), secret()).await.unwrap();
        record.step_started(1, Timestamp::now(), Repeatable::No).await.unwrap();
        if !database.is_sqlite() {
            assert_eq!(database.sql("SELECT count(*) FROM steps WHERE progress IS NOT NULL"), "1");
            assert_eq!(database.sql("SELECT count(*) FROM steps WHERE position(convert_to('token', 'utf8') in progress) > 0"), "0");
        }
        record.finish(Ending::errored("It broke."), ()).await.unwrap();
        recorder.flush().await;
        assert_eq!(states(&store, &member, &run).await, [(0, StepState::Passed), (1, StepState::Errored)]);
        if !database.is_sqlite() {
            assert_eq!(database.sql("SELECT count(*) FROM steps WHERE progress IS NOT NULL"), "0");
        }
    }

    async fn what_is_kept_until_the_end_is_written_is_let_go_then(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let recorder = Recorder::start(&store);
        let record = recorder.run(run.lease, CancellationToken::new());
        let held = CancellationToken::new();
        record.finish(passed(), held.clone().drop_guard()).await.unwrap();
        held.cancelled().await;
        let row = store.run_row(member.tenant(), run.lease.run).await.unwrap().unwrap();
        assert_eq!((row.state, row.slow), (RunState::Passed, true));
    }

    async fn the_writes_of_many_runs_go_in_few_transactions_and_none_is_lost(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..40 {
            factory::queued_run(&store, &member, plan).await;
        }
        let claimed = store.claims(WorkerId::new(), Duration::from_secs(600)).claim(40).await.unwrap().runs;
        let recorder = Recorder::start(&store);
        let mut runs = tokio::task::JoinSet::new();
        for run in &claimed {
            let record = recorder.run(run.lease, CancellationToken::new());
            runs.spawn(async move {
                for position in 0..5 {
                    let repeatable = if position == 3 { Repeatable::No } else { Repeatable::Yes };
                    record.step_started(position, Timestamp::now(), repeatable).await.unwrap();
                    record.step_finished(position, &factory::report(position, StepState::Passed), None).await.unwrap();
                }
                record.finish(passed(), ()).await.unwrap();
            });
        }
        while let Some(run) = runs.join_next().await {
            run.unwrap();
        }
        recorder.close().await;
        for run in &claimed {
            let detail = store.run(member.tenant(), run.lease.run).await.unwrap().unwrap();
            assert_eq!(detail.row.state, RunState::Passed);
            let positions: Vec<_> = detail.steps.iter().map(|step| (step.position, step.state)).collect();
            assert_eq!(positions, (0..5).map(|n| (n, StepState::Passed)).collect::<Vec<_>>());
        }
    }

    async fn what_waits_is_written_when_the_last_recorder_goes(database: TestDatabase) {
        let store = database.open().await;
        let (member, run) = claimed(&store).await;
        let mut changes = store.changes();
        let recorder = Recorder::start(&store);
        recorder.run(run.lease, CancellationToken::new()).finish(passed(), ()).await.unwrap();
        drop(recorder);
        while !matches!(changes.next().await, Change::Run { kind: RunChange::Finished, .. }) {}
        let row = store.run_row(member.tenant(), run.lease.run).await.unwrap().unwrap();
        assert_eq!(row.state, RunState::Passed);
    }

    async fn nobody_waits_for_a_recorder_that_has_ended(database: TestDatabase) {
        let store = database.open().await;
        let (_, run) = claimed(&store).await;
        let recorder = Recorder::start(&store);
        recorder.close().await;
        recorder.flush().await;
        let record = recorder.run(run.lease, CancellationToken::new());
        assert!(record.step_started(0, Timestamp::now(), Repeatable::No).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_drops_its_connections_loses_no_write() {
    let database = testkit::TestDatabase::postgres().await;
    let store = database.open().await;
    let (member, run) = claimed(&store).await;
    let recorder = Recorder::start(&store);
    let record = recorder.run(run.lease, CancellationToken::new());
    record.step_started(0, Timestamp::now(), Repeatable::No).await.unwrap();
    let _ = database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    record.step_finished(0, &factory::report(0, StepState::Passed), None).await.unwrap();
    record.finish(passed(), ()).await.unwrap();
    recorder.close().await;
    assert_eq!(states(&store, &member, &run).await, [(0, StepState::Passed)]);
    let row = store.run_row(member.tenant(), run.lease.run).await.unwrap().unwrap();
    assert_eq!(row.state, RunState::Passed);
}

/// Once the planner knows the statement, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_begins_while_another_worker_claims_its_run_waits_and_is_refused() {
    let database = testkit::TestDatabase::postgres().await;
    let store = database.open().await;
    let (member, run) = claimed(&store).await;
    let recorder = Recorder::start(&store);
    let record = recorder.run(run.lease, CancellationToken::new());
    for position in 0..10 {
        record.step_started(position, Timestamp::now(), Repeatable::No).await.unwrap();
    }
    let mut other = PgConnection::establish(database.url()).unwrap();
    let claim = format!("BEGIN; UPDATE runs SET fence = fence + 1 WHERE id = '{}'", run.lease.run.0);
    other.batch_execute(&claim).unwrap();
    let committing = tokio::task::spawn_blocking(move || {
        other.batch_execute(
            "SET LOCAL statement_timeout = '20s';
             DO $$ BEGIN
                 WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)
                 LOOP PERFORM pg_sleep(0.005); END LOOP;
             END $$;
             COMMIT",
        )
    });
    assert!(record.step_started(10, Timestamp::now(), Repeatable::No).await.is_err());
    committing.await.unwrap().expect("it waited");
    assert_eq!(states(&store, &member, &run).await.len(), 10);
}
