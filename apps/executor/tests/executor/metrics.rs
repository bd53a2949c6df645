//! What an executor counts.

use domain::RunState;
use runtime::metrics::text::Exposition;
use testkit::target::Reply;

use crate::world::World;

testkit::on_both! {
    async fn runs_and_steps_are_counted_as_they_end(database: TestDatabase) {
        let world = World::new(database).await;
        world.target.on("GET /good", Reply::ok()).on("GET /bad", Reply::ok().status(500));
        let good = world.plan("- get: {url: 'http://TARGET/good'}").await;
        let bad = world.plan("- get: {url: 'http://TARGET/bad'}\n- get: {url: 'http://TARGET/good'}\n").await;
        let executor = world.executor().await;
        for (plan, state) in [(good, RunState::Passed), (good, RunState::Passed), (bad, RunState::Failed)] {
            let run = world.queue(plan).await;
            assert_eq!(world.ended(run).await.row.state, state);
        }
        executor.stop().await;
        let mut out = Exposition::default();
        world.metrics.write(&mut out);
        for line in [
            "smokex_runs_ended_total{state=\"passed\"} 2",
            "smokex_runs_ended_total{state=\"failed\"} 1",
            // The skipped one took no time, and would only hide how long steps take.
            "smokex_step_duration_seconds_count 3",
        ] {
            assert!(out.text().lines().any(|written| written == line), "{line} in {}", out.text());
        }
    }
}
