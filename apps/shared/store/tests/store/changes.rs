//! The change feed.

use std::time::Duration;

use domain::{PlanId, RunId, RunState};
use store::{Change, Changes, RunChange};
use testkit::factory;

/// The next change, which has to come soon.
async fn next(changes: &mut Changes) -> Change {
    tokio::time::timeout(Duration::from_secs(20), changes.next()).await.expect("a change is told")
}

fn kind(change: Change, plan: PlanId, run: RunId) -> RunChange {
    match change {
        Change::Run { kind, plan: of, run: id, .. } if of == plan && id == run => kind,
        other => panic!("{other:?}"),
    }
}

testkit::on_both! {
    async fn a_run_tells_of_its_life_in_order(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let mut changes = store.changes();
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        assert_eq!(next(&mut changes).await, Change::Plan { organization: member.tenant().organization(), plan });
        let run = factory::ended_run(&store, &member, plan, RunState::Passed).await;
        let mut kinds = Vec::new();
        while kinds.last() != Some(&RunChange::Finished) {
            kinds.push(kind(next(&mut changes).await, plan, run));
        }
        kinds.dedup();
        assert!(kinds.starts_with(&[RunChange::Queued, RunChange::Started]), "{kinds:?}");
    }

    async fn what_fails_is_not_told(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let mut changes = store.changes();
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        next(&mut changes).await;
        let stale = store.save_plan(member.tenant(), member.user_id, plan, 7, factory::plan("x")).await;
        assert!(stale.is_err());
        let run = factory::queued_run(&store, &member, plan).await;
        assert_eq!(kind(next(&mut changes).await, plan, run), RunChange::Queued);
    }

    async fn deleting_a_plan_tells_the_executors_of_its_open_runs(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let mut changes = store.changes();
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        next(&mut changes).await;
        let run = factory::queued_run(&store, &member, plan).await;
        assert_eq!(kind(next(&mut changes).await, plan, run), RunChange::Queued);
        store.delete_plan(member.tenant(), plan).await.unwrap();
        assert_eq!(kind(next(&mut changes).await, plan, run), RunChange::Finished);
        assert_eq!(next(&mut changes).await, Change::Plan { organization: member.tenant().organization(), plan });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_hears_of_a_change_through_postgres() {
    let database = testkit::TestDatabase::postgres().await;
    let (here, there) = (database.open().await, database.open().await);
    let mut changes = there.changes();
    let member = factory::member(&here).await;
    let plan = factory::saved_plan(&here, &member, "Plan").await;
    assert_eq!(next(&mut changes).await, Change::Plan { organization: member.tenant().organization(), plan });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_of_one_transaction_all_arrive_over_postgres() {
    let database = testkit::TestDatabase::postgres().await;
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    for _ in 0..300 {
        factory::queued_run(&store, &member, plan).await;
    }
    let mut changes = store.changes();
    store.delete_plan(member.tenant(), plan).await.unwrap();
    // What was queued before may still be on its way.
    let mut finished = 0;
    while finished < 300 {
        finished += usize::from(matches!(next(&mut changes).await, Change::Run { kind: RunChange::Finished, .. }));
    }
    assert_eq!(next(&mut changes).await, Change::Plan { organization: member.tenant().organization(), plan });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_postgres_drops_every_connection_the_store_comes_back_and_says_to_read_again() {
    let database = testkit::TestDatabase::postgres().await;
    let store = database.open().await;
    let member = factory::member(&store).await;
    let mut changes = store.changes();
    let name = database.sql("SELECT current_database()");
    let dropped = database.sql(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    ));
    assert!(dropped.parse::<u32>().unwrap() >= 2, "the listener and a pooled connection: {dropped}");
    // Both kinds of call find their connection dead, and neither shows it.
    assert!(store.is_ready().await.unwrap());
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    assert!(store.plan(member.tenant(), plan).await.unwrap().is_some());
    while next(&mut changes).await != Change::Resync {}
    let run = factory::queued_run(&store, &member, plan).await;
    loop {
        if let Change::Run { run: told, .. } = next(&mut changes).await {
            assert_eq!(told, run);
            break;
        }
    }
}
