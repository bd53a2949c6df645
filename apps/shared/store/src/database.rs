//! The pools of connections, and how work gets onto them.
//!
//! Diesel blocks, so work runs on tokio's blocking threads. SQLite has one connection that writes and
//! several that read; in PostgreSQL both share one pool. Connections are opened when first needed and
//! replaced when they break.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Change, Error,
    changes::{self, Feed},
    connection::AnyConnection,
    error::one_line,
};

/// Whether a connection refuses to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    Yes,
    No,
}

/// Both pools of one database.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) readers: Arc<Pool>,
    pub(crate) writers: Arc<Pool>,
    pub(crate) feed: Feed,
}

type Connect = Box<dyn Fn() -> Result<AnyConnection, String> + Send + Sync>;

/// Connections of one kind, at most as many as there are permits.
pub(crate) struct Pool {
    connect: Connect,
    idle: Mutex<Vec<AnyConnection>>,
    permits: Arc<Semaphore>,
    patience: Duration,
}

/// A transaction under way: its connection, and the changes to tell when it is committed.
pub(crate) struct Transaction<'c> {
    pub(crate) conn: &'c mut AnyConnection,
    changes: Vec<Change>,
}

impl Transaction<'_> {
    /// Tells subscribers of `change` once the transaction is committed; the same change twice is told once.
    pub(crate) fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}

impl Database {
    /// Runs queries that only read. They are run a second time if the connection turns out to be dead.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> Result<T, Error> + Send + 'static,
    {
        self.readers
            .blocking(move |pool| {
                let mut conn = pool.take()?;
                let mut result = work(&mut conn);
                if result.as_ref().is_err_and(Error::is_closed_connection) {
                    conn = pool.replace()?;
                    result = work(&mut conn);
                }
                if result.as_ref().err().is_none_or(|error| conn.survived(error)) {
                    pool.give_back(conn);
                }
                result
            })
            .await
    }

    /// Runs `work` in one transaction and commits it, or takes all of it back if it returns an error.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let feed = self.feed.clone();
        self.writers
            .blocking(move |pool| {
                let mut conn = pool.take()?;
                if let Err(error) = conn.begin().map_err(Error::from) {
                    if !error.is_closed_connection() {
                        return Err(error.into());
                    }
                    conn = pool.replace()?;
                    conn.begin().map_err(Error::from)?;
                }
                let mut transaction = Transaction { conn: &mut conn, changes: Vec::new() };
                let result = work(&mut transaction).and_then(|value| {
                    let Transaction { conn, changes } = transaction;
                    changes::notify(conn, &changes).map_err(Error::from)?;
                    conn.commit().map_err(Error::from)?;
                    feed.committed(changes);
                    Ok(value)
                });
                // A connection that cannot even roll back (or whose commit failed) is not used again.
                if result.is_ok() || conn.rollback().is_ok() {
                    pool.give_back(conn);
                }
                result
            })
            .await
    }
}

impl Database {
    /// Runs what cannot run in a transaction, on a connection that may write.
    pub(crate) async fn outside_transactions<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Error> + Send + 'static,
    {
        self.writers
            .blocking(move |pool| {
                let mut conn = pool.take()?;
                let result = work(&mut conn);
                if result.as_ref().err().is_none_or(|error| conn.survived(error)) {
                    pool.give_back(conn);
                }
                result
            })
            .await
    }
}

impl Pool {
    /// A pool that opens its connections with `connect`, and lets callers wait for `patience`.
    pub(crate) fn new(size: usize, patience: Duration, connect: Connect) -> Arc<Self> {
        Arc::new(Self { connect, idle: Mutex::default(), permits: Arc::new(Semaphore::new(size)), patience })
    }

    /// Runs `work` on a blocking thread, as soon as a connection is free for it. If the caller goes
    /// away meanwhile, the work still ends and its connection is used again.
    async fn blocking<T, E, F>(self: &Arc<Self>, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
    {
        let permit = self.permit().await?;
        let pool = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&pool);
            drop(permit);
            result
        });
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Disconnected("the program is stopping".to_owned()).into()),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Error::Busy(self.patience))
            .map(|permit| permit.expect("the semaphore is never closed"))
    }

    fn take(&self) -> Result<AnyConnection, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    fn connect(&self) -> Result<AnyConnection, Error> {
        (self.connect)().map_err(|message| Error::Disconnected(one_line(&message)))
    }

    /// A new connection in place of one that broke. What is idle is as old and as broken: all of it goes.
    fn replace(&self) -> Result<AnyConnection, Error> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.connect()
    }

    pub(crate) fn give_back(&self, conn: AnyConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }
}
