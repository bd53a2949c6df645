//! Several schedulers at once: each due time makes one run, or one row that says why not.

use std::time::Duration;

use testkit::TestDatabase;

use super::{
    form::Form,
    world::{Setting, World},
};

async fn schedulers_side_by_side(roles: &'static [&'static str], how_many: &str) {
    let form = Form::from_env();
    let (schedules, repeats) = form.of((40, 5), (500, 20));
    let setting = Setting { slowest: 5, ..Setting::of(roles, 15) };
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    let schedulers = world.fleet.of("scheduler").len();
    world.keep_calendar(schedules, "1s", Some(repeats)).await;
    world.load(Duration::from_millis(200));
    world.accepts(3).await;
    let figures = world.judge(&format!("{how_many} schedulers side by side"), schedulers).await;
    assert_eq!(figures.occurrences, schedules * repeats as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_schedulers_only_one_takes_a_due_time() {
    schedulers_side_by_side(&["web", "scheduler", "scheduler", "executor"], "Two").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_schedulers_only_one_takes_a_due_time() {
    schedulers_side_by_side(&["web", "scheduler", "scheduler", "scheduler", "executor"], "Three").await;
}
