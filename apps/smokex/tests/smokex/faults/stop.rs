//! SIGTERM under load: whoever is told to stop does so in time and properly, and nothing breaks off.

use std::time::Duration;

use testkit::TestDatabase;

use super::{
    fleet::pass,
    form::Form,
    verdict::Figures,
    world::{Setting, World},
};

/// Stops one process after the other at random moments, and starts each again.
fn stop_often(world: &mut World, stops: usize) {
    for _ in 0..stops {
        pass(world.form.moment(100..900));
        let places = world.fleet.len();
        let place = world.form.one_of(places);
        world.fleet.stop(place);
        world.fleet.begin(place);
        world.fleet.ready(place);
    }
}

fn nothing_broke_off(figures: &Figures) {
    assert_eq!(figures.broken_off, 0, "an orderly stop breaks no run off");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_told_to_stop_hand_everything_over() {
    let form = Form::from_env();
    let stops = form.of(6, 60);
    let roles = &["web", "web", "scheduler", "scheduler", "executor", "executor"];
    let setting = Setting::of(roles, 15);
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    world.keep_calendar(3, "1s", None).await;
    world.load(Duration::from_millis(80));
    world.accepts(5).await;
    tokio::task::block_in_place(|| stop_often(&mut world, stops));
    nothing_broke_off(&world.judge("SIGTERM of web, scheduler and executor over PostgreSQL", stops).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_sqlite_that_is_told_to_stop_goes_on_where_it_was() {
    let form = Form::from_env();
    let stops = form.of(3, 30);
    let setting = Setting::of(&["serve"], 15);
    let mut world = World::new(form, TestDatabase::sqlite().await, setting).await;
    world.keep_calendar(2, "1s", None).await;
    world.load(Duration::from_millis(50));
    world.accepts(5).await;
    tokio::task::block_in_place(|| stop_often(&mut world, stops));
    nothing_broke_off(&world.judge("SIGTERM of serve over SQLite", stops).await);
}
