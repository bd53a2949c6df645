//! A database per test, on SQLite and on PostgreSQL.
//!
//! SQLite: a file in a folder of its own. PostgreSQL: one cluster for all test processes, started by
//! `script/postgres` when first needed; each test gets a copy of a migrated template, dropped at its end.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use store::{DatabaseUrl, Options, SealingKey, Store};
use tempfile::TempDir;

use crate::Cluster;

/// The key that seals secrets in test databases.
pub const TEST_KEY: [u8; 32] = *b"the key that only the tests use.";

/// An empty, migrated database; gone when this is dropped.
pub struct TestDatabase {
    url: String,
    keep: Keep,
}

enum Keep {
    Folder(#[allow(dead_code, reason = "held for its drop")] TempDir),
    Postgres {
        name: String,
    },
    /// Its cluster goes as a whole.
    Nothing,
}

impl TestDatabase {
    /// A SQLite file.
    pub async fn sqlite() -> Self {
        let database = Self::empty_sqlite();
        database.open().await;
        database
    }

    /// A database in the tests' PostgreSQL cluster.
    pub async fn postgres() -> Self {
        let template = tokio::task::spawn_blocking(start).await.expect("the cluster starts");
        let Template::Ready(template) = template else { return Self::postgres_from(&make_template().await) };
        Self::postgres_from(&template)
    }

    fn postgres_from(template: &str) -> Self {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        psql(&[&format!("CREATE DATABASE {name} TEMPLATE {template}")]);
        Self { url: url_of(&name), keep: Keep::Postgres { name } }
    }

    /// A SQLite file that does not exist yet.
    #[must_use]
    pub fn empty_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("smokex.db").display());
        Self { url, keep: Keep::Folder(folder) }
    }

    /// A database in the tests' PostgreSQL cluster, without a table.
    pub async fn empty_postgres() -> Self {
        tokio::task::spawn_blocking(|| {
            run(&["start", "test"]);
            Self::postgres_from("template1")
        })
        .await
        .expect("the cluster starts")
    }

    /// The one database of a cluster that a test has to itself; empty, without a table.
    #[must_use]
    pub fn in_cluster(cluster: &Cluster) -> Self {
        Self { url: cluster.url().to_owned(), keep: Keep::Nothing }
    }

    /// What `DATABASE_URL` would be.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A store over it, with [`TEST_KEY`] and the usual options. Each call opens connections of its own.
    pub async fn open(&self) -> Store {
        self.open_with(Options::default()).await
    }

    /// A store over it, with other options.
    pub async fn open_with(&self, options: Options) -> Store {
        let url: DatabaseUrl = self.url.parse().expect("the test's own URL is well-formed");
        let store = Store::open(&url, SealingKey::new(&TEST_KEY), options).await.expect("the database opens");
        store.migrate().await.expect("the database takes the schema");
        store
    }

    /// Whether it is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self.keep, Keep::Folder(_))
    }

    /// Runs SQL on it behind the store's back, such as a test needs to look at or to damage what is
    /// stored, and gives back what it prints (columns separated by `|`). PostgreSQL only.
    ///
    /// # Panics
    /// On SQLite, and if the SQL fails.
    #[must_use]
    pub fn sql(&self, sql: &str) -> String {
        assert!(!self.is_sqlite(), "only PostgreSQL's client program is at hand");
        self::sql(&self.url, sql)
    }
}

/// Runs SQL on a PostgreSQL database, and gives back what it prints (columns separated by `|`).
///
/// # Panics
/// If the SQL fails.
#[must_use]
pub fn sql(url: &str, sql: &str) -> String {
    run(&["psql", "test", "-d", url, "-At", "-c", sql])
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Keep::Postgres { name } = &self.keep {
            psql(&[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
        }
    }
}

enum Template {
    Ready(String),
    Missing,
}

/// Starts the cluster if need be, and looks for this schema's template.
fn start() -> Template {
    run(&["start", "test"]);
    let name = template_name();
    match psql(&[&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")]).as_str() {
        "1" => Template::Ready(name),
        _ => Template::Missing,
    }
}

/// Makes the template, unless another process was first. It gets its name only when it is complete.
async fn make_template() -> String {
    let name = template_name();
    // Named after the cluster as well: another user's file could not be opened.
    let mut place = DefaultHasher::new();
    url_of(&name).hash(&mut place);
    let lock = std::env::temp_dir().join(format!("smokex-template-{:016x}.lock", place.finish()));
    let lock = File::create(lock).expect("a lock file can be made");
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await
        .expect("waiting does not panic")
        .expect("the lock can be taken");
    if let Template::Ready(name) = start() {
        return name;
    }
    let draft = format!("draft_{}", uuid::Uuid::new_v4().simple());
    psql(&[&format!("CREATE DATABASE {draft}")]);
    let database = TestDatabase { url: url_of(&draft), keep: Keep::Postgres { name: draft.clone() } };
    drop(database.open().await);
    // The store's connections close by themselves, but nobody says when.
    psql(&[
        &format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{draft}'"),
        &format!("ALTER DATABASE {draft} RENAME TO {name}"),
    ]);
    drop(lock);
    name
}

/// A name that changes with the migrations.
fn template_name() -> String {
    let mut hasher = DefaultHasher::new();
    let mut files = Vec::new();
    files_below(&root().join("migrations/postgres"), &mut files);
    files.sort();
    for file in files {
        std::fs::read(&file).expect("the migrations are readable").hash(&mut hasher);
    }
    format!("template_{:016x}", hasher.finish())
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the migrations are there") {
        let path = entry.expect("the migrations are readable").path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn url_of(database: &str) -> String {
    run(&["url", "test"]).replacen("/postgres?", &format!("/{database}?"), 1)
}

fn psql(statements: &[&str]) -> String {
    let mut arguments = vec!["psql", "test", "-At"];
    for statement in statements {
        arguments.extend(["-c", statement]);
    }
    run(&arguments)
}

/// Runs `script/postgres` and gives back what it prints.
pub(crate) fn run(arguments: &[&str]) -> String {
    let output =
        Command::new(root().join("script/postgres")).args(arguments).output().expect("script/postgres can be run");
    assert!(
        output.status.success(),
        "script/postgres {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Writes each test once and runs it on both databases: `name::sqlite` and `name::postgres`.
///
/// ```ignore
/// testkit::on_both! {
///     async fn a_plan_is_found_again(database: TestDatabase) {
///         let store = database.open().await;
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($database: $crate::TestDatabase) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test($crate::TestDatabase::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                test($crate::TestDatabase::postgres().await).await;
            }
        }
    )*};
}
