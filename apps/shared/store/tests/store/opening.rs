//! Opening, migrating, and what is wrong before anything works.

testkit::on_both! {
    async fn a_new_database_is_ready_once_it_is_migrated(database: TestDatabase) {
        let store = database.open().await;
        assert!(store.is_ready().await.unwrap());
    }
}
