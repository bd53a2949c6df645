//! More requests than connections to the database: some are told to come again, the program stays alive,
//! and all is well once the connections are free.

use std::time::Duration;

use testkit::TestDatabase;

use super::{
    form::Form,
    world::{Setting, World},
};

/// More than any process has connections.
const CROWD: usize = 40;
/// Longer than anybody waits for a connection.
const OCCUPIED: u32 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_waits_for_connections_is_told_to_come_again_and_nothing_accepted_is_lost() {
    let form = Form::from_env();
    let crowds = form.of(1, 4);
    let setting = Setting::of(&["web", "executor"], 15);
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    world.load(Duration::from_millis(50));
    for _ in 0..crowds {
        world.accepts(20).await;
        let origin = world.origin();
        // Whoever touches a run waits, and keeps a connection meanwhile.
        let lock = format!("BEGIN; LOCK TABLE runs IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({OCCUPIED}); COMMIT");
        let database = world.database.url().to_owned();
        let locking = tokio::task::spawn_blocking(move || testkit::database::sql(&database, &lock));
        world.until_locked().await;
        let page = format!("{origin}/runs");
        let people = (0..CROWD).map(|_| {
            let (browser, page) = (std::sync::Arc::clone(&world.browser), page.clone());
            tokio::spawn(async move { browser.status(&page).await })
        });
        let people: Vec<_> = people.collect();
        assert_eq!(world.browser.status(&format!("{origin}/healthz")).await, 200, "it is alive");
        let mut told = 0;
        for person in people {
            match person.await.expect("asking does not panic") {
                503 => told += 1,
                200 => {}
                other => panic!("somebody in the crowd got {other}"),
            }
        }
        assert!(told > 0, "nobody had to come again, so nothing was shown");
        locking.await.expect("the lock is taken and given back");
        assert_eq!(world.browser.status(&page).await, 200, "connections are free again");
    }
    world.judge("more requests than connections", crowds).await;
}
