//! Opening, migrating, and what is wrong before anything works: one sentence, and nothing is changed.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use futures_util::{StreamExt, stream::FuturesUnordered};
use store::{DatabaseUrl, OpenError, Options, SealingKey, Store};
use testkit::{TestDatabase, database::TEST_KEY, factory};

async fn open(url: &str, key: [u8; 32]) -> Result<Store, OpenError> {
    Store::open(&url.parse::<DatabaseUrl>().unwrap(), SealingKey::new(&key), Options::default()).await
}

/// Runs SQL behind the store's back.
fn execute(database: &TestDatabase, sql: &str) {
    match database.url().strip_prefix("sqlite:") {
        Some(path) => SqliteConnection::establish(path).unwrap().batch_execute(sql).unwrap(),
        None => PgConnection::establish(database.url()).unwrap().batch_execute(sql).unwrap(),
    }
}

testkit::on_both! {
    async fn a_new_database_is_ready_once_it_is_migrated(database: TestDatabase) {
        let store = database.open().await;
        assert!(store.is_ready().await.unwrap());
        store.migrate().await.unwrap();
        assert!(store.is_ready().await.unwrap());
    }

    async fn a_database_that_lacks_a_migration_is_not_ready(database: TestDatabase) {
        execute(&database, "DELETE FROM __diesel_schema_migrations");
        assert!(!open(database.url(), TEST_KEY).await.unwrap().is_ready().await.unwrap());
    }

    async fn what_was_stored_is_there_after_opening_again(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        drop(store);
        let store = database.open().await;
        assert!(store.plan(member.tenant(), plan).await.unwrap().is_some());
    }

    async fn another_key_does_not_open_the_database(database: TestDatabase) {
        let error = open(database.url(), [9; 32]).await.err().unwrap();
        assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");
        assert!(error.to_string().starts_with("The key does not fit the database "), "{error}");
        assert!(open(database.url(), TEST_KEY).await.unwrap().is_ready().await.unwrap());
    }

    async fn a_database_of_a_newer_version_is_left_alone(database: TestDatabase) {
        execute(&database, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
        let error = open(database.url(), TEST_KEY).await.err().unwrap();
        assert!(matches!(&error, OpenError::Newer { version, .. } if version == "99991231000000"), "{error}");
    }

    async fn whoever_waits_too_long_for_a_connection_is_told_that_the_database_is_overloaded(database: TestDatabase) {
        let options = Options { connections: 1, patience: Duration::from_millis(50), ..Options::default() };
        let store = database.open_with(options).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (release, released) = std::sync::mpsc::channel();
        let url = database.url().to_owned();
        let holder = std::thread::spawn(move || {
            let hold = |conn: &mut dyn SimpleConnection, lock: &str| {
                conn.batch_execute(lock).unwrap();
                locked.send(()).unwrap();
                let _ = released.recv();
                conn.batch_execute("ROLLBACK").unwrap();
            };
            match url.strip_prefix("sqlite:") {
                Some(path) => hold(&mut SqliteConnection::establish(path).unwrap(), "BEGIN IMMEDIATE"),
                None => hold(&mut PgConnection::establish(&url).unwrap(), "BEGIN; UPDATE plans SET steps = steps"),
            }
        });
        is_locked.await.unwrap();
        let queue = || {
            let (store, member) = (store.clone(), member.clone());
            let new = store::NewRun::of(plan, domain::Cause::Manual);
            tokio::spawn(async move { store.queue_run(member.tenant(), new).await })
        };
        let tries = [queue(), queue()];
        // One of the two has the only connection and waits for the lock; the other is told.
        let mut tries = tries.into_iter().collect::<FuturesUnordered<_>>();
        let told = tries.next().await.unwrap().unwrap();
        assert!(matches!(told, Err(store::QueueError::Store(store::Error::Busy(_)))), "{told:?}");
        release.send(()).unwrap();
        assert_eq!(tries.next().await.unwrap().unwrap().unwrap().number, 1);
        holder.join().unwrap();
    }

    async fn the_database_itself_refuses_a_run_of_another_organizations_plan(database: TestDatabase) {
        let store = database.open().await;
        let (owner, stranger) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        let id = |id: uuid::Uuid| match database.is_sqlite() {
            true => format!("x'{}'", id.simple()),
            false => format!("'{id}'"),
        };
        let insert = |organization: uuid::Uuid| {
            let values = [uuid::Uuid::now_v7(), organization, plan.0].map(id).join(", ");
            let foreign_keys = if database.is_sqlite() { "PRAGMA foreign_keys = ON;" } else { "" };
            format!(
                "{foreign_keys} INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, queued_at, steps)
                 VALUES ({values}, 1, 1, 'queued', 'manual', 0, 0)"
            )
        };
        let stolen = insert(stranger.tenant().organization().0);
        let refused = match database.url().strip_prefix("sqlite:") {
            Some(path) => SqliteConnection::establish(path).unwrap().batch_execute(&stolen),
            None => PgConnection::establish(database.url()).unwrap().batch_execute(&stolen),
        };
        assert!(refused.unwrap_err().to_string().to_lowercase().contains("foreign key"));
        execute(&database, &insert(owner.tenant().organization().0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_migrate_an_empty_database_at_once() {
    for template in [TestDatabase::empty_postgres().await, TestDatabase::empty_sqlite()] {
        let starts: Vec<_> = (0..6)
            .map(|_| {
                let url = template.url().to_owned();
                tokio::spawn(async move {
                    let store = open(&url, TEST_KEY).await.unwrap();
                    store.migrate().await.unwrap();
                    store.is_ready().await.unwrap()
                })
            })
            .collect();
        for start in starts {
            assert!(start.await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/absent/smokex.db", folder.path().display());
    let error = open(&url, TEST_KEY).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("The folder {}/absent of the database", folder.path().display())), "{error}");
    assert!(!folder.path().join("absent").exists());
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("smokex.db");
    // A folder in the file's place cannot be opened whoever asks; permissions would not stop root.
    std::fs::create_dir(&file).unwrap();
    let error = open(&format!("sqlite:{}", file.display()), TEST_KEY).await.err().unwrap();
    assert!(matches!(&error, OpenError::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_folder_nobody_may_write_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let file = folder.path().join("smokex.db");
    if std::fs::write(&file, "").is_ok() {
        // Root may write everywhere.
        return;
    }
    let error = open(&format!("sqlite:{}", file.display()), TEST_KEY).await.err().unwrap();
    assert!(matches!(error, OpenError::Unwritable { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "These are my notes. ".repeat(300);
    std::fs::write(&file, &text).unwrap();
    let error = open(&format!("sqlite:{}", file.display()), TEST_KEY).await.err().unwrap();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = "postgres://ada:hunter2hunter2@127.0.0.1:9/smokex";
    let error = open(url, TEST_KEY).await.err().unwrap();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("The database postgres://ada:…@127.0.0.1:9/smokex cannot be reached: "), "{text}");
    assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2") && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn nobody_else_may_read_the_file() {
    let database = TestDatabase::sqlite().await;
    let path = database.url().strip_prefix("sqlite:").unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_program_without_tls_says_so_instead_of_connecting_in_the_clear() {
    let error = open("postgres://ada@127.0.0.1:9/smokex?sslmode=require", TEST_KEY).await.err().unwrap();
    assert!(error.to_string().contains("built without TLS to PostgreSQL"), "{error}");
}
