//! Runs whose worker was lost.

use std::time::Duration;

use domain::{RunState, StepState, WorkerId};
use jiff::Timestamp;
use store::{ClaimedRun, Recorder, Repeatable, RunRecorder};
use testkit::{factory, target::Reply};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A worker that dies right after it has claimed a run and sent its first step.
async fn lost_worker(world: &World, repeatable: Repeatable) -> (ClaimedRun, RunRecorder) {
    let claims = world.store.claims(WorkerId::new(), Duration::ZERO);
    let claimed = claims.claim(1).await.unwrap().runs.remove(0);
    let record = Recorder::start(&world.store).run(claimed.lease, CancellationToken::new());
    record.step_started(0, Timestamp::now(), repeatable).await.unwrap();
    (claimed, record)
}

testkit::on_both! {
    async fn a_request_that_must_not_be_sent_twice_is_not(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("POST /orders", Reply::ok());
        world.target.on("DELETE /orders", Reply::ok());
        let plan = world
            .plan(
                "name: Plan\nsteps:\n- post: {url: 'http://TARGET/orders'}\n- get: {url: 'http://TARGET/never'}\n\
                 finally:\n- delete: {url: 'http://TARGET/orders'}\n",
            )
            .await;
        let run = world.queue(plan).await;
        lost_worker(&world, Repeatable::No).await;
        let executor = world.executor().await;
        let detail = world.ended(run).await;
        assert_eq!(detail.row.state, RunState::Errored);
        let reason = detail.row.reason.unwrap();
        let url = world.target.url("/orders");
        assert!(reason.to_lowercase().contains(&format!("the worker was lost while post {url} was in flight")), "{reason}");
        let states: Vec<_> = detail.steps.iter().map(|step| step.state).collect();
        assert_eq!(states, [StepState::Errored, StepState::Skipped, StepState::Passed]);
        assert_eq!(world.target.requests().iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["DELETE"]);
        executor.stop().await;
    }

    async fn a_request_that_may_be_sent_twice_is(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /", Reply::ok());
        let plan = world.plan("- get: {url: 'http://TARGET/'}").await;
        let run = world.queue(plan).await;
        // Shown as under way, all the same.
        let (_, record) = lost_worker(&world, Repeatable::Yes).await;
        world.until(run, store::RunChange::Step, |detail| !detail.steps.is_empty()).await;
        drop(record);
        let executor = world.executor().await;
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        executor.stop().await;
    }

    async fn a_run_goes_on_with_what_it_had_captured(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /login", Reply::json(r#"{"token": "t-1"}"#));
        world.target.on("GET /players", Reply::ok());
        let plan = world
            .plan(
                "- get: {url: 'http://TARGET/login', save_from_response: {token: $.token}}\n\
                 - get: {url: 'http://TARGET/players', headers: {x-token: '${token}'}}\n",
            )
            .await;
        let run = world.queue(plan).await;
        let claims = world.store.claims(WorkerId::new(), Duration::ZERO);
        let claimed = claims.claim(1).await.unwrap().runs.remove(0);
        let recorder = Recorder::start(&world.store);
        let record = recorder.run(claimed.lease, CancellationToken::new());
        let progress = br#"{"captures": [{"name": "token", "value": "from the lost worker"}]}"#.to_vec();
        record.step_finished(0, &factory::report(0, StepState::Passed), Some(progress.into())).await.unwrap();
        recorder.flush().await;
        let executor = world.executor().await;
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        let requests = world.target.requests();
        assert_eq!(requests.len(), 1, "the first step is not run again");
        assert_eq!(requests[0].header("x-token"), Some("from the lost worker"));
        executor.stop().await;
    }

    async fn an_executor_keeps_its_lease_for_as_long_as_a_run_takes(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /slow", Reply::ok().delayed(Duration::from_secs(4)));
        let plan = world.plan("- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}").await;
        let run = world.queue(plan).await;
        let lease = Duration::from_secs(1);
        let executors = [world.executor_with(lease).await, world.executor_with(lease).await];
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        assert_eq!(world.target.requests().len(), 1, "nobody else took the run");
        for executor in executors {
            executor.stop().await;
        }
    }
}
