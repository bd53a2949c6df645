//! `kill -9`: at any moment, whoever it hits, as often as it comes.

use std::time::Duration;

use testkit::TestDatabase;

use super::{
    fleet::pass,
    form::Form,
    world::{Setting, World},
};

/// Kills one process after the other at random moments, some of them while they start, and starts each
/// again at once.
fn kill_often(world: &mut World, kills: usize) {
    let mut killed = 0;
    while killed < kills {
        pass(world.form.moment(20..900));
        let places = world.fleet.len();
        let place = world.form.one_of(places);
        world.fleet.kill(place);
        world.fleet.begin(place);
        killed += 1;
        if killed < kills && world.form.chance(20) {
            pass(world.form.moment(0..150));
            world.fleet.kill(place);
            world.fleet.begin(place);
            killed += 1;
        }
        world.fleet.ready(place);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_whenever_no_run_is_lost_and_no_post_is_sent_twice() {
    let form = Form::from_env();
    let kills = form.of(8, 200);
    let roles = &["web", "web", "scheduler", "scheduler", "executor", "executor"];
    let setting = Setting::of(roles, 1);
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    world.keep_calendar(3, "1s", None).await;
    world.load(Duration::from_millis(80));
    world.accepts(5).await;
    tokio::task::block_in_place(|| kill_often(&mut world, kills));
    world.judge("kill -9 of web, scheduler and executor over PostgreSQL", kills).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_sqlite_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let form = Form::from_env();
    let kills = form.of(4, 60);
    let setting = Setting::of(&["serve"], 1);
    let mut world = World::new(form, TestDatabase::sqlite().await, setting).await;
    world.keep_calendar(2, "1s", None).await;
    world.load(Duration::from_millis(50));
    world.accepts(5).await;
    tokio::task::block_in_place(|| kill_often(&mut world, kills));
    world.judge("kill -9 of serve over SQLite", kills).await;
}
