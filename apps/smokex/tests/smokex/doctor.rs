//! `smokex doctor`: what it says of a database, and with which exit code.

use serde_json::{Value, json};
use testkit::TestDatabase;

use super::{clock::World, program::Folder, roles::test_key};

testkit::on_both! {
    async fn a_database_without_anything_wrong_ends_with_0(database: TestDatabase) {
        let world = World::new(database).await;
        let ended = world.command(&["doctor"]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "Nothing is wrong.\n"), "{ended:?}");
        let ended = world.command(&["doctor", "--json"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report, json!({ "clean": true, "findings": [] }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_ends_with_1() {
    let world = World::new(TestDatabase::postgres().await).await;
    let run = world.queued_run().await;
    // Final, and still waiting for a worker.
    let _ = world.database.sql(&format!("UPDATE runs SET state = 'passed' WHERE id = '{run}'"));
    let ended = world.command(&["doctor"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("✗ ") && ended.stdout.contains("1 found"), "{}", ended.stdout);
    let ended = world.command(&["doctor", "--json"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["clean"], false);
    let finding = &report["findings"][0];
    assert_eq!(finding["found"], 1, "{report}");
    assert!(finding["sentence"].as_str().unwrap().ends_with('.'), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_looked_at_ends_with_3() {
    let (folder, key) = (Folder::new(), test_key());
    let empty = TestDatabase::empty_postgres().await;
    for (url, sentence) in [
        ("postgres://ada:hunter2@127.0.0.1:9/smokex", "cannot be reached"),
        (empty.url(), "is not up to date. Run `smokex migrate` first."),
    ] {
        let ended = folder.run_with(["doctor"], &[("DATABASE_URL", url), ("SMOKEX_KEY", &key)], "").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.stderr.contains(sentence) && !ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    assert_eq!(folder.content(), Vec::<String>::new());
}
