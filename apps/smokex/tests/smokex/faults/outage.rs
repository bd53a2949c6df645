//! PostgreSQL goes away under load, as in a crash, and comes back: everybody goes on by themselves.

use std::time::Duration;

use testkit::{Cluster, TestDatabase};

use super::{
    fleet::pass,
    form::Form,
    world::{Setting, World},
};

const ROLES: &[&str] = &["web", "scheduler", "executor", "executor"];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_goes_on_by_themselves_when_postgresql_is_back() {
    let form = Form::from_env();
    let (outages, lasts) = form.of((1, Duration::from_secs(3)), (2, Duration::from_secs(30)));
    let cluster = tokio::task::block_in_place(Cluster::start);
    let setting = Setting { slowest: 100, ..Setting::of(ROLES, 2) };
    let mut world = World::new(form, TestDatabase::in_cluster(&cluster), setting).await;
    world.keep_calendar(3, "1s", None).await;
    world.load(Duration::from_millis(50));
    for _ in 0..outages {
        world.accepts(20).await;
        let origin = world.origin();
        tokio::task::block_in_place(|| cluster.crash());
        assert_eq!(world.browser.status(&format!("{origin}/healthz")).await, 200, "it is alive");
        assert_eq!(world.browser.status(&format!("{origin}/readyz")).await, 503, "but cannot work");
        assert!(world.browser.status(&format!("{origin}/runs")).await >= 500, "and says so");
        tokio::task::block_in_place(|| {
            pass(lasts);
            cluster.resume();
        });
        world.accepts(20).await;
        assert_eq!(world.browser.status(&format!("{origin}/readyz")).await, 200, "it can work again");
    }
    world.judge(&format!("PostgreSQL away for {lasts:?} under load"), outages).await;
}

/// A crash takes back what was not on the disk yet. Whoever works on a run whose claim was taken back must
/// not be mistaken for whoever claims it after that.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_a_crash_of_postgresql_took_back_counts_no_more() {
    let form = Form::from_env();
    let crashes = form.of(3, 30);
    let cluster = tokio::task::block_in_place(Cluster::start);
    // Answers take longer than PostgreSQL is away, so that runs go on after it with what they had before.
    let setting = Setting { slowest: 2500, ..Setting::of(ROLES, 5) };
    let mut world = World::new(form, TestDatabase::in_cluster(&cluster), setting).await;
    world.keep_calendar(3, "1s", None).await;
    world.load(Duration::from_millis(50));
    for _ in 0..crashes {
        world.accepts(15).await;
        tokio::task::block_in_place(|| {
            pass(world.form.moment(0..300));
            cluster.crash();
            cluster.resume();
        });
    }
    world.accepts(5).await;
    world.judge("PostgreSQL crashes and is back at once", crashes).await;
}
