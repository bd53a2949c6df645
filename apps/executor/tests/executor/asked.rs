//! Runs as they were asked for: with variables of their own, within their time; and what an executor
//! tells of itself meanwhile.

use std::time::Duration;

use domain::{Cause, RunState, StepState, WorkerId};
use store::{NewRun, Recorder, WorkerRole};
use testkit::{
    TestDatabase, factory,
    target::{Gate, Reply},
};
use tokio_util::sync::CancellationToken;

use crate::world::{PATIENCE, World};

testkit::on_both! {
    async fn what_a_run_brings_along_takes_the_place_of_the_plans_own(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /players", Reply::ok());
        let plan = world
            .plan(
                "variables: {path: nowhere, page: 1, both: '${page}-${path}'}\n\
                 steps:\n- get: {url: 'http://TARGET/${path}?page=${page}&both=${both}'}\n",
            )
            .await;
        let variables = [("path", "players"), ("page", "7")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let new = NewRun { variables, ..NewRun::of(plan, Cause::Api) };
        let run = world.store.queue_run(world.member.tenant(), new).await.unwrap().id;
        let executor = world.executor().await;
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        assert_eq!(world.target.requests()[0].target, "/players?page=7&both=7-players");
        // The next run of the same plan has the plan's own values.
        world.target.on("GET /nowhere", Reply::ok());
        let run = world.queue(plan).await;
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        assert_eq!(world.target.requests()[1].target, "/nowhere?page=1&both=1-nowhere");
        executor.stop().await;
    }

    async fn a_run_that_cannot_go_on_counts_the_steps_it_had(database: TestDatabase) {
        let world = World::new(database).await;
        let plan = world.plan("- get: {url: 'http://TARGET/a'}\n- get: {url: 'http://TARGET/b'}\n").await;
        let run = world.queue(plan).await;
        let claims = world.store.claims(WorkerId::new(), Duration::ZERO);
        let claimed = claims.claim(1).await.unwrap().runs.remove(0);
        let recorder = Recorder::start(&world.store);
        let record = recorder.run(claimed.lease, CancellationToken::new());
        let nonsense = b"what no step leaves behind".to_vec();
        record.step_finished(0, &factory::report(0, StepState::Passed), Some(nonsense.into())).await.unwrap();
        recorder.flush().await;
        let executor = world.executor().await;
        let row = world.ended(run).await.row;
        assert_eq!(row.state, RunState::Errored);
        assert_eq!((row.steps_passed, row.steps_failed, row.steps_skipped), (1, 0, 0));
        assert_eq!(world.store.doctor().await.unwrap(), []);
        executor.stop().await;
    }

    async fn an_executor_tells_that_it_lives_and_how_busy_it_is(database: TestDatabase) {
        let world = World::new(database).await;
        let gate = Gate::new();
        world.target.on("GET /slow", Reply::ok().after(&gate));
        let plan = world.plan("- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}").await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        world.target.received(1).await;
        let alive = async || world.store.clock().await.unwrap().workers;
        let told = tokio::time::timeout(PATIENCE, async {
            loop {
                if let [worker] = &alive().await[..] && worker.heartbeat.busy == 1 {
                    return worker.heartbeat.clone();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let told = told.await.expect("it tells so every few seconds");
        assert_eq!((told.role, told.slots), (WorkerRole::Executor, 4));
        assert!(!told.version.is_empty() && !told.host.is_empty());
        gate.open();
        world.ended(run).await;
        executor.stop().await;
        assert_eq!(alive().await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_run_goes_on_while_its_worker_is_lost() {
    let world = World::new(TestDatabase::postgres().await).await;
    world.target.on("GET /slow", Reply::ok().after(&Gate::new()));
    let plan = world.plan("- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}").await;
    let run = world.queue(plan).await;
    world.store.claims(WorkerId::new(), Duration::ZERO).claim(1).await.unwrap();
    let _ = world.database.sql("UPDATE runs SET started_at = started_at - 15 * 60 * 1000000::bigint");
    let executor = world.executor().await;
    let row = world.ended(run).await.row;
    assert_eq!(row.state, RunState::Errored);
    let reason = row.reason.unwrap();
    assert!(reason.contains("it may take no longer than 15 min"), "{reason}");
    executor.stop().await;
}
