//! An executor that is told to stop.

use domain::RunState;
use store::RunChange;
use testkit::target::{Gate, Reply};

use crate::world::{World, is};

testkit::on_both! {
    async fn a_step_in_flight_is_finished_and_the_rest_of_its_run_is_handed_back(database: TestDatabase) {
        let world = World::new(database).await;
        let gate = Gate::new();
        world.target.on("POST /orders", Reply::ok().after(&gate));
        world.target.on("GET /players", Reply::ok());
        let plan = world.plan("- post: {url: 'http://TARGET/orders', options: {timeout: 60s}}\n- get: {url: 'http://TARGET/players'}\n").await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        world.target.received(1).await;
        executor.signal();
        let waiting = world.queue(plan).await;
        gate.open();
        executor.stop().await;
        let detail = world.until(run, RunChange::Queued, is(RunState::Queued)).await;
        assert_eq!(detail.steps.len(), 1);
        assert_eq!(world.detail(waiting).await.row.state, RunState::Queued, "no run is claimed any more");
        assert_eq!(world.target.requests().len(), 1);

        let executor = world.executor().await;
        for run in [run, waiting] {
            assert_eq!(world.ended(run).await.row.state, RunState::Passed);
        }
        let posts = world.target.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, 2, "one for each run");
        executor.stop().await;
    }

    async fn an_executor_without_work_stops_at_once(database: TestDatabase) {
        let world = World::new(database).await;
        let began = std::time::Instant::now();
        world.executor().await.stop().await;
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
}
