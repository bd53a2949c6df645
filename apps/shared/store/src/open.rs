//! Opening the store: connect, bring the schema up to date, check the key. Whatever is wrong is told in
//! one sentence, and nothing is changed.

mod error;
mod migrations;

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc, time::Duration};

use domain::Tiers;
use secrecy::ExposeSecret;

pub use self::error::OpenError;
use crate::{
    DatabaseUrl, Error, KeyRing,
    changes::{
        Changes, Feed,
        listen::{self, Listening},
    },
    connection::AnyConnection,
    database::{Database, Pool, ReadOnly},
    error::one_line,
    key_check,
    url::Place,
};

/// The database. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) tiers: Arc<Tiers>,
    place: Arc<Place>,
    /// Over PostgreSQL, what hears of everybody's changes; over SQLite there is only this process.
    _listening: Option<Arc<Listening>>,
}

/// How many connections to open, how long to wait for one, and what organizations may do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections to PostgreSQL, or reading connections to SQLite (besides the one that writes).
    pub connections: usize,
    /// How long a call waits for a free connection before it fails as [`Error::Busy`].
    pub patience: Duration,
    /// The limits of the tiers.
    pub tiers: Tiers,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        Self { connections: (cores * 2).clamp(4, 16), patience: Duration::from_secs(10), tiers: Tiers::default() }
    }
}

impl Store {
    /// Connects and checks that this version and these keys fit the database. Changes nothing in it,
    /// except that a missing SQLite file is made.
    pub async fn open(url: &DatabaseUrl, keys: impl Into<KeyRing>, options: Options) -> Result<Self, OpenError> {
        let place = Arc::new(url.0.clone());
        let database = Database::new(&place, &options);
        let tiers = Arc::new(options.tiers);
        let mut store = Self { database, keys: Arc::new(keys.into()), tiers, place, _listening: None };
        let opened = store.clone();
        tokio::task::spawn_blocking(move || opened.check()).await.expect("checking does not panic")?;
        if let Place::Postgres { url, .. } = &*store.place {
            let listening = listen::start(Arc::clone(&store.place), url, store.database.feed.clone()).await;
            store._listening = Some(Arc::new(listening.map_err(|problem| store.place.refused(&problem))?));
        }
        Ok(store)
    }

    /// Brings the schema up to date and leaves a mark of the current key, if there is none yet. Several
    /// processes may do so at once.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut conn = store.place.connect(ReadOnly::No)?;
            migrations::run(&mut conn).map_err(|problem| store.migration_failed(&problem))?;
            key_check::check_and_leave(&mut conn, &store.keys)
                .map_err(|error| store.migration_failed(&error))?
                .map_err(|mismatch| store.wrong_key(mismatch))
        })
        .await
        .expect("migrating does not panic")
    }

    /// Whether the database answers and its schema is up to date.
    pub async fn is_ready(&self) -> Result<bool, Error> {
        self.database
            .read(|conn| Ok(migrations::known(conn).into_iter().max() == migrations::applied(conn)?.into_iter().max()))
            .await
    }

    /// Everything that changes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.database.feed.subscribe()
    }

    fn check(&self) -> Result<(), OpenError> {
        let mut conn = self.place.connect(ReadOnly::No)?;
        let unreachable = |error: Error| self.place.refused(&error.to_string());
        let applied = migrations::applied(&mut conn).map_err(unreachable)?;
        if let Some(version) = applied.iter().find(|version| !migrations::known(&conn).contains(version)) {
            return Err(OpenError::Newer { url: self.place.to_string(), version: version.clone() });
        }
        if !applied.is_empty() {
            key_check::check(&mut conn, &self.keys)
                .map_err(unreachable)?
                .map_err(|mismatch| self.wrong_key(mismatch))?;
        }
        self.database.writers.give_back(conn);
        Ok(())
    }

    fn migration_failed(&self, problem: &dyn std::fmt::Display) -> OpenError {
        OpenError::Migration { url: self.place.to_string(), problem: one_line(&self.place.scrub(&problem.to_string())) }
    }

    fn wrong_key(&self, key_check::Mismatch { missing }: key_check::Mismatch) -> OpenError {
        OpenError::WrongKey {
            url: self.place.to_string(),
            missing: missing.join(", "),
            given: self.keys.names().join(", "),
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
                if access == ReadOnly::No {
                    // Nobody else may read it; the files SQLite puts beside it get the same mode.
                    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
                    if let Err(error) = made.map(drop).or_else(already_there) {
                        return Err(self.refused(&error.to_string()));
                    }
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
            Self::Postgres { .. } if problem.contains("SSL support is not compiled in") => {
                let problem = "this program was built without TLS to PostgreSQL. Take a build with the system's libpq \
                    (cargo build --no-default-features), or leave out sslmode if the way to the server is safe"
                    .to_owned();
                OpenError::Unreachable { url: self.to_string(), problem }
            }
            Self::Postgres { .. } => OpenError::Unreachable { url: self.to_string(), problem },
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        DatabaseUrl(self.clone()).fmt(f)
    }
}

fn already_there(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}
