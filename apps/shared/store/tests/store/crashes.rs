//! PostgreSQL crashes and comes back: what was committed for sure is there, what was not is gone, and the
//! store goes on.

use futures_util::future::join_all;
use store::Store;
use testkit::{Cluster, TestDatabase};

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
