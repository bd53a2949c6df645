//! PostgreSQL crashes and comes back: what was committed for sure is there, what was not is gone, and the
//! store goes on.

use std::time::Duration;

use domain::WorkerId;
use futures_util::future::join_all;
use jiff::Timestamp;
use store::{Recorder, Repeatable, Store};
use testkit::{Cluster, TestDatabase, factory};
use tokio_util::sync::CancellationToken;

async fn cluster() -> (Cluster, TestDatabase) {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = TestDatabase::in_cluster(&cluster);
    (cluster, database)
}

async fn crash(cluster: &Cluster) {
    tokio::task::block_in_place(|| {
        cluster.crash();
        cluster.resume();
    });
}

async fn everybody_reads(store: &Store) {
    let reads = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.is_ready().await })
    });
    for read in join_all(reads).await {
        assert!(read.unwrap().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_reads_does_not_notice_a_crash_that_is_over() {
    let (cluster, database) = cluster().await;
    let store = database.open().await;
    everybody_reads(&store).await;
    crash(&cluster).await;
    everybody_reads(&store).await;
}

/// A claim need not be on the disk before its run begins, so a crash may take it back. Whoever got it works
/// on, and so does whoever claims the run after that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_a_crash_took_back_gives_no_right_to_send_anything() {
    let (cluster, database) = cluster().await;
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    factory::queued_run(&store, &member, plan).await;
    let lease = Duration::from_secs(60);
    let claim = async || store.claims(WorkerId::new(), lease).claim(1).await.unwrap().runs.pop();
    let recorder = Recorder::start(&store);
    let before = claim().await.expect("it waits");
    crash(&cluster).await;
    let after = claim().await.expect("it waits again, or this test shows nothing");
    let begin = async |lease| {
        let record = recorder.run(lease, CancellationToken::new());
        record.step_started(0, Timestamp::now(), Repeatable::No).await
    };
    assert!(begin(before.lease).await.is_err(), "the claim that is gone");
    begin(after.lease).await.expect("the claim that counts");
}
