//! Opening the store: connect, bring the schema up to date, check the key. Whatever is wrong is told in
//! one sentence, and nothing is changed.

use std::{path::Path, sync::Arc, time::Duration};

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    migration::MigrationSource,
    sql_types::{BigInt, Bool, Text},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::ExposeSecret;

use crate::{
    DatabaseUrl, Error, SealingKey,
    changes::{
        Changes, Feed,
        listen::{self, Listening},
    },
    connection::{AnyConnection, on_conn},
    database::{Database, Pool, ReadOnly},
    error::one_line,
    key_check,
    url::Place,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../../migrations/postgres");

/// Held while migrating, so that several processes may start at once.
const MIGRATION_LOCK: i64 = 0x736d_6f6b_6578;

/// The database. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) key: Arc<SealingKey>,
    place: Arc<Place>,
    /// Over PostgreSQL, what hears of everybody's changes; over SQLite there is only this process.
    _listening: Option<Arc<Listening>>,
}

/// How many connections to open, and how long to wait for one.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections to PostgreSQL, or reading connections to SQLite (besides the one that writes).
    pub connections: usize,
    /// How long a call waits for a free connection before it fails as [`Error::Busy`].
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        Self { connections: (cores * 2).clamp(4, 16), patience: Duration::from_secs(10) }
    }
}

/// Why the store cannot be opened: a sentence for whoever starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the SQLite file is missing.
    #[error("The folder {folder} of the database {file} does not exist. Make it, or set DATABASE_URL to another file.")]
    NoFolder {
        /// The folder.
        folder: String,
        /// The whole path.
        file: String,
    },
    /// The SQLite file cannot be opened or written.
    #[error("The database {file} cannot be written: {problem}. Check who owns the file and its folder.")]
    Unwritable {
        /// The file.
        file: String,
        /// What SQLite or the system says.
        problem: String,
    },
    /// The file is something else.
    #[error("The file {file} is not a SQLite database. Set DATABASE_URL to another file.")]
    NotADatabase {
        /// The file.
        file: String,
    },
    /// PostgreSQL does not let us in.
    #[error("The database {url} cannot be reached: {problem}.")]
    Unreachable {
        /// Where, without the password.
        url: String,
        /// What the driver says.
        problem: String,
    },
    /// Another, newer program has changed the schema.
    #[error(
        "The database {url} belongs to a newer version of Smokex (it has the migration {version}, which this version does not know). Install that version, or use another database."
    )]
    Newer {
        /// Where.
        url: String,
        /// The first migration we do not know.
        version: String,
    },
    /// Secrets in the database were sealed with another key.
    #[error(
        "The key does not fit the database {url}: its secrets were sealed with another key (id {expected}, the one given has id {given}). Set SMOKEX_KEY to that key, or put the key file back."
    )]
    WrongKey {
        /// Where.
        url: String,
        /// The id of a key that fits.
        expected: String,
        /// The id of the key given.
        given: String,
    },
    /// The schema could not be brought up to date.
    #[error("The database {url} could not be migrated: {problem}.")]
    Migration {
        /// Where.
        url: String,
        /// What went wrong.
        problem: String,
    },
}

impl Store {
    /// Connects and checks that this version and this key fit the database. Changes nothing in it,
    /// except that a missing SQLite file is made.
    pub async fn open(url: &DatabaseUrl, key: SealingKey, options: Options) -> Result<Self, OpenError> {
        let place = Arc::new(url.0.clone());
        let database = Database::new(&place, &options);
        let mut store = Self { database, key: Arc::new(key), place, _listening: None };
        let opened = store.clone();
        tokio::task::spawn_blocking(move || opened.check()).await.expect("checking does not panic")?;
        if let Place::Postgres { url, .. } = &*store.place {
            let listening = listen::start(Arc::clone(&store.place), url, store.database.feed.clone()).await;
            store._listening = Some(Arc::new(listening.map_err(|problem| store.place.refused(&problem))?));
        }
        Ok(store)
    }

    /// Brings the schema up to date and leaves a mark of the key, if there is none yet. Several
    /// processes may do so at once.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = store.place.connect(ReadOnly::No)?;
            store.bring_up_to_date(&mut conn)?;
            key_check::check_or_leave(&mut conn, &store.key)
                .map_err(|error| store.migration_failed(&error))?
                .map_err(|mismatch| store.wrong_key(mismatch))
        })
        .await
        .expect("migrating does not panic")
    }

    /// Whether the database answers and its schema is up to date.
    pub async fn is_ready(&self) -> Result<bool, Error> {
        self.database.read(|conn| Ok(latest_known(conn) == applied(conn)?.into_iter().max())).await
    }

    /// Everything that changes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.database.feed.subscribe()
    }

    fn check(&self) -> Result<(), OpenError> {
        let mut conn = self.place.connect(ReadOnly::No)?;
        let unreachable = |error: Error| self.place.refused(&error.to_string());
        let applied = applied(&mut conn).map_err(unreachable)?;
        if let Some(version) = applied.iter().find(|version| !known(&conn).contains(version)) {
            return Err(OpenError::Newer { url: self.place.to_string(), version: version.clone() });
        }
        if !applied.is_empty() {
            key_check::check(&mut conn, &self.key)
                .map_err(unreachable)?
                .map_err(|mismatch| self.wrong_key(mismatch))?;
        }
        self.database.writers.give_back(conn);
        Ok(())
    }

    fn bring_up_to_date(&self, conn: &mut AnyConnection) -> Result<(), OpenError> {
        let failed = |problem: &dyn std::fmt::Display| self.migration_failed(problem);
        if let AnyConnection::Postgres(conn) = conn {
            conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").map_err(|error| failed(&error))?;
            // The lock goes with the connection, which is closed after this.
            diesel::select(pg_advisory_lock(MIGRATION_LOCK)).execute(conn).map_err(|error| failed(&error))?;
        }
        // All in one transaction: what is missing is looked up by one process at a time, and a migration
        // that fails leaves the schema as it was.
        conn.begin().map_err(|error| failed(&error))?;
        match conn {
            AnyConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(drop),
            AnyConnection::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(drop),
        }
        .map_err(|error| failed(&error))?;
        conn.commit().map_err(|error| failed(&error))?;
        Ok(())
    }

    fn migration_failed(&self, problem: &dyn std::fmt::Display) -> OpenError {
        OpenError::Migration { url: self.place.to_string(), problem: one_line(&self.place.scrub(&problem.to_string())) }
    }

    fn wrong_key(&self, key_check::Mismatch { expected }: key_check::Mismatch) -> OpenError {
        OpenError::WrongKey {
            url: self.place.to_string(),
            expected: key_check::hex(&expected),
            given: key_check::hex(&self.key.id()),
        }
    }
}

impl Database {
    fn new(place: &Arc<Place>, options: &Options) -> Self {
        let pool = |size, access| {
            let place = Arc::clone(place);
            let connect = move || place.connect(access).map_err(|error| error.to_string());
            Pool::new(size, options.patience, Box::new(connect))
        };
        match **place {
            Place::Sqlite(_) => Self {
                readers: pool(options.connections.max(1), ReadOnly::Yes),
                writers: pool(1, ReadOnly::No),
                feed: Feed::new(false),
            },
            Place::Postgres { .. } => {
                let both = pool(options.connections.max(1), ReadOnly::No);
                Self { readers: Arc::clone(&both), writers: both, feed: Feed::new(true) }
            }
        }
    }
}

impl Place {
    /// Opens a connection, or says in one sentence why not.
    fn connect(&self, access: ReadOnly) -> Result<AnyConnection, OpenError> {
        match self {
            Self::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("") && !folder.is_dir()) {
                    let (folder, file) = (folder.display().to_string(), path.display().to_string());
                    return Err(OpenError::NoFolder { folder, file });
                }
                AnyConnection::sqlite(&path.display().to_string(), access)
            }
            Self::Postgres { url, .. } => AnyConnection::postgres(url.expose_secret()),
        }
        .map_err(|error| self.refused(&error.to_string()))
    }

    fn refused(&self, problem: &str) -> OpenError {
        let problem = one_line(&self.scrub(problem));
        match self {
            Self::Sqlite(path) if problem.contains("not a database") => {
                OpenError::NotADatabase { file: path.display().to_string() }
            }
            Self::Sqlite(path) => OpenError::Unwritable { file: path.display().to_string(), problem },
            Self::Postgres { .. } => OpenError::Unreachable { url: self.to_string(), problem },
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        DatabaseUrl(self.clone()).fmt(f)
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    fn pg_advisory_lock(key: BigInt);
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The migrations the database has seen; none if it is empty.
fn applied(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    let there = match conn {
        AnyConnection::Sqlite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations') AS there"
        }
        AnyConnection::Postgres(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS there",
    };
    let list = "SELECT version FROM __diesel_schema_migrations";
    on_conn!(conn, |conn| {
        if !diesel::sql_query(there).get_result::<Exists>(conn)?.there {
            return Ok(Vec::new());
        }
        let rows = diesel::sql_query(list).load::<Version>(conn)?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    })
}

/// The migrations this version brings.
fn known(conn: &AnyConnection) -> Vec<String> {
    fn versions<DB: diesel::backend::Backend>(source: &impl MigrationSource<DB>) -> Vec<String> {
        let migrations = source.migrations().expect("the migrations were checked when they were embedded");
        migrations.iter().map(|migration| migration.name().version().to_string()).collect()
    }
    match conn {
        AnyConnection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        AnyConnection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
}

fn latest_known(conn: &AnyConnection) -> Option<String> {
    known(conn).into_iter().max()
}
