//! SIGSTOP: an executor that stands still until somebody else has its runs, and then goes on as if
//! nothing had been.

use std::time::Duration;

use testkit::TestDatabase;

use super::{
    fleet::pass,
    form::Form,
    world::{Setting, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_stood_still_past_its_lease_leaves_its_runs_to_whoever_took_them() {
    let form = Form::from_env();
    let holds = form.of(2, 25);
    let setting = Setting { slowest: 200, ..Setting::of(&["web", "executor", "executor"], 1) };
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    world.load(Duration::from_millis(40));
    world.accepts(5).await;
    let executors = world.fleet.of("executor");
    let mut taken = 0;
    for _ in 0..holds {
        let held = executors[world.form.one_of(executors.len())];
        tokio::task::block_in_place(|| pass(world.form.moment(20..400)));
        world.fleet.signal(held, "STOP");
        // Longer than the lease, and than the other one takes to look for it.
        tokio::task::block_in_place(|| pass(world.form.moment(2500..3500)));
        taken += taken_over(&world);
        world.fleet.signal(held, "CONT");
        world.accepts(5).await;
    }
    assert!(taken > 0, "nobody took over a run of an executor that stood still, so nothing was shown");
    world.judge("SIGSTOP of an executor past its lease, SIGCONT", holds).await;
}

/// How many runs were claimed more than once so far.
fn taken_over(world: &World) -> u64 {
    world.database.sql("SELECT count(*) FROM runs WHERE attempts > 1").parse().expect("it is a number")
}
