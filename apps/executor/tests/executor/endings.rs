//! How runs end.

use domain::{RunState, StepState};
use egress::Policy;
use runtime::metrics::Metrics;
use store::{CancelOutcome, RunChange};
use testkit::target::{Act, Gate, Reply};
use tokio_util::sync::CancellationToken;

use crate::world::{World, is, no_mail};

testkit::on_both! {
    async fn a_run_passes_with_every_step_and_its_report_stored(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("POST /login", Reply::json(r#"{"token": "s3cret-token"}"#));
        world.target.on("GET /players", Reply::json(r#"{"players": ["Ada"]}"#));
        let plan = world
            .plan(
                "- post: {url: 'http://TARGET/login', save_from_response: {token: $.token}}\n\
                 - get:\n    url: 'http://TARGET/players'\n    auth: {bearer: '${token}'}\n    expect: {json_path: {'$.players[0]': Ada}}\n",
            )
            .await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        let detail = world.ended(run).await;
        assert_eq!((detail.row.state, detail.row.reason.as_deref()), (RunState::Passed, None));
        assert_eq!((detail.row.steps_passed, detail.steps.len()), (2, 2));
        let report = detail.steps[1].report().unwrap().unwrap();
        assert_eq!((report.state, report.status), (StepState::Passed, Some(200)));
        assert_eq!(world.target.requests()[1].header("authorization"), Some("Bearer s3cret-token"));
        assert!(!detail.steps[1].report_json.as_ref().unwrap().contains("s3cret-token"));
        executor.stop().await;
    }

    async fn a_run_that_is_queued_later_is_heard_of(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /", Reply::ok());
        let plan = world.plan("- get: {url: 'http://TARGET/'}").await;
        let executor = world.executor().await;
        for _ in 0..3 {
            let run = world.queue(plan).await;
            assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        }
        executor.stop().await;
    }

    async fn a_failed_expectation_fails_the_run_and_says_why(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /", Reply::ok().status(500));
        let plan = world.plan("- get: {url: 'http://TARGET/'}\n- get: {url: 'http://TARGET/never'}\n").await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        let detail = world.ended(run).await;
        assert_eq!(detail.row.state, RunState::Failed);
        assert_eq!((detail.row.steps_failed, detail.row.steps_skipped), (1, 1));
        assert!(detail.row.reason.unwrap().contains("500"));
        assert_eq!(world.target.requests().len(), 1);
        executor.stop().await;
    }

    async fn steps_come_in_while_the_run_goes_on(database: TestDatabase) {
        let world = World::new(database).await;
        let gate = Gate::new();
        world.target.on("GET /quick", Reply::ok());
        world.target.on("GET /slow", Reply::ok().after(&gate));
        let plan = world.plan("- get: {url: 'http://TARGET/quick'}\n- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}\n").await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        let detail = world.until(run, RunChange::Step, |detail| detail.steps.len() == 2).await;
        assert_eq!(detail.row.state, RunState::Running);
        assert_eq!(detail.steps.iter().map(|step| step.state).collect::<Vec<_>>(), [StepState::Passed, StepState::Running]);
        gate.open();
        assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        executor.stop().await;
    }

    async fn cancelling_reaches_a_step_under_way(database: TestDatabase) {
        let world = World::new(database).await;
        let never = Gate::new();
        world.target.on("GET /slow", Reply::ok().after(&never));
        world.target.on("DELETE /tidy", Reply::ok());
        let plan = world
            .plan(
                "name: Plan\nsteps:\n- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}\n\
                 finally:\n- delete: {url: 'http://TARGET/tidy'}\n",
            )
            .await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        world.target.received(1).await;
        let began = std::time::Instant::now();
        assert_eq!(world.store.cancel_run(world.member.tenant(), run).await.unwrap(), CancelOutcome::Cancelling);
        world.target.received(2).await;
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(world.ended(run).await.row.state, RunState::Cancelled);
        assert_eq!(world.target.requests()[1].method, "DELETE");
        executor.stop().await;
    }

    async fn deleting_its_plan_stops_a_run_under_way(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /slow", Reply::script([Act::Hold]));
        let plan = world.plan("- get: {url: 'http://TARGET/slow', options: {timeout: 60s}}").await;
        world.queue(plan).await;
        let executor = world.executor().await;
        world.target.received(1).await;
        assert!(world.store.delete_plan(world.member.tenant(), plan).await.unwrap());
        // The connection of the step in flight is cut.
        world.target.until(|counts| counts.closed >= 1, "the request is given up").await;
        executor.stop().await;
    }

    async fn an_address_that_plans_may_not_reach_is_not_reached(database: TestDatabase) {
        let world = World::new(database).await;
        let plan = world.plan("- get: {url: 'http://TARGET/'}").await;
        let run = world.queue(plan).await;
        let stop = CancellationToken::new();
        let config = executor::Config { concurrency: 1, lease: std::time::Duration::from_secs(60), policy: Policy::public(), mailer: no_mail(), metrics: Metrics::default(), panics_on: None };
        let executor = tokio::spawn(executor::run(config, world.store.clone(), stop.clone()));
        let detail = world.ended(run).await;
        assert_ne!(detail.row.state, RunState::Passed);
        assert_eq!(world.target.counts().connections, 0);
        stop.cancel();
        executor.await.unwrap().unwrap();
    }

    async fn more_runs_than_slots_all_end(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /", Reply::ok());
        world.target.on("POST /", Reply::ok());
        let plan = world.plan("- get: {url: 'http://TARGET/'}\n- post: {url: 'http://TARGET/'}\n").await;
        let mut runs = Vec::new();
        for _ in 0..60 {
            runs.push(world.queue(plan).await);
        }
        let executors = [world.executor().await, world.executor().await];
        for run in runs {
            assert!(is(RunState::Passed)(&world.ended(run).await));
        }
        assert_eq!(world.target.requests().len(), 120, "no request is sent twice");
        for executor in executors {
            executor.stop().await;
        }
    }
}
