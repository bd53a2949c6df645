//! The pools of connections, and how work gets onto them.
//!
//! Diesel blocks, so work runs on tokio's blocking threads. SQLite has one connection that writes and
//! several that read; in PostgreSQL both share one pool. Connections are opened when first needed and
//! replaced when they break.

use std::{
    collections::{HashSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

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

/// Connections of one kind, and the workers that do what is to be done on them.
pub(crate) struct Pool {
    connect: Connect,
    idle: Mutex<Vec<AnyConnection>>,
    queue: Mutex<Queue>,
    /// How many workers there are at most, each with a connection.
    size: usize,
    patience: Duration,
}

/// How a pool of connections is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// How many connections there are at most.
    pub size: usize,
    /// How many of them are at work.
    pub busy: usize,
    /// How many calls wait for one.
    pub waiting: usize,
}

type Job = Box<dyn FnOnce(&Pool) + Send>;

/// What waits for a worker.
#[derive(Default)]
struct Queue {
    jobs: VecDeque<(u64, Job)>,
    /// The number of the next job.
    next: u64,
    workers: usize,
}

/// A blocking thread that goes from job to job until none waits: under load no thread is put to sleep
/// only to be woken for the next one.
struct Worker {
    pool: Arc<Pool>,
    has_ended: bool,
}

impl Worker {
    fn work(&mut self) {
        loop {
            let mut queue = self.pool.queue();
            let Some((_, job)) = queue.jobs.pop_front() else {
                queue.workers -= 1;
                self.has_ended = true;
                return;
            };
            drop(queue);
            job(&self.pool);
        }
    }
}

impl Drop for Worker {
    /// A runtime that stops drops what has not begun; another runtime's jobs may wait for it.
    fn drop(&mut self) {
        if !self.has_ended {
            let mut worker = Self { pool: Arc::clone(&self.pool), has_ended: false };
            std::thread::spawn(move || worker.work());
        }
    }
}

/// A transaction under way: its connection, and the changes to tell when it is committed.
pub(crate) struct Transaction<'c> {
    pub(crate) conn: &'c mut AnyConnection,
    /// In the order in which they came.
    changes: Vec<Change>,
    /// The same ones, to find one among thousands.
    known: HashSet<Change>,
}

impl Transaction<'_> {
    /// Tells subscribers of `change` once the transaction is committed; the same change twice is told once.
    pub(crate) fn changed(&mut self, change: Change) {
        if self.known.insert(change) {
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
                let mut transaction = Transaction { conn: &mut conn, changes: Vec::new(), known: HashSet::new() };
                let result = work(&mut transaction).and_then(|value| {
                    let Transaction { conn, changes, .. } = transaction;
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
    /// Runs what cannot run in a transaction or is one by itself, on a connection that may write. Nobody
    /// is told of a change.
    pub(crate) async fn outside_transactions<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Error> + Send + 'static,
    {
        self.writers
            .blocking(move |pool| {
                let mut conn = pool.take()?;
                let result = work(&mut conn);
                match &result {
                    // What is idle is as old and as broken.
                    Err(error) if error.is_closed_connection() => pool.forget_idle(),
                    Err(error) if !conn.survived(error) => {}
                    _ => pool.give_back(conn),
                }
                result
            })
            .await
    }
}

impl Pool {
    /// A pool that opens its connections with `connect`, and lets callers wait for `patience`.
    pub(crate) fn new(size: usize, patience: Duration, connect: Connect) -> Arc<Self> {
        Arc::new(Self { connect, idle: Mutex::default(), queue: Mutex::default(), size, patience })
    }

    /// How many connections there are at most.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How it is used now.
    pub(crate) fn used(&self) -> PoolUse {
        let queue = self.queue();
        PoolUse { size: self.size, busy: queue.workers, waiting: queue.jobs.len() }
    }

    /// Runs `work` on a blocking thread, as soon as a connection is free for it. If the caller goes
    /// away meanwhile, work that has begun still ends and its connection is used again.
    async fn blocking<T, E, F>(self: &Arc<Self>, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = move |pool: &Self| {
            if !tell.is_closed() {
                let _ = tell.send(catch_unwind(AssertUnwindSafe(|| work(pool))));
            }
        };
        let number = self.enqueue(Box::new(job));
        let mut told = pin!(told);
        let answer = match tokio::time::timeout(self.patience, told.as_mut()).await {
            Ok(answer) => answer,
            Err(_) if self.withdraw(number) => return Err(Error::Busy(self.patience).into()),
            // It has begun.
            Err(_) => told.await,
        };
        match answer {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Error::Disconnected("the program is stopping".to_owned()).into()),
        }
    }

    /// Has the job done by a worker: by a new one unless there are enough.
    fn enqueue(self: &Arc<Self>, job: Job) -> u64 {
        let mut queue = self.queue();
        let number = queue.next;
        queue.next += 1;
        queue.jobs.push_back((number, job));
        if queue.workers < self.size {
            queue.workers += 1;
            drop(queue);
            let mut worker = Worker { pool: Arc::clone(self), has_ended: false };
            tokio::task::spawn_blocking(move || worker.work());
        }
        number
    }

    /// Whether the job was still waiting.
    fn withdraw(&self, number: u64) -> bool {
        let mut queue = self.queue();
        let place = queue.jobs.iter().position(|(waiting, _)| *waiting == number);
        place.and_then(|place| queue.jobs.remove(place)).is_some()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.forget_idle();
        self.connect()
    }

    fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn give_back(&self, conn: AnyConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool(size: usize, patience: Duration) -> Arc<Pool> {
        let connect = || AnyConnection::sqlite(":memory:", ReadOnly::No).map_err(|error| error.to_string());
        Pool::new(size, patience, Box::new(connect))
    }

    /// Has the only worker wait until the sender is used or dropped.
    fn occupy(pool: &Arc<Pool>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Error>>) {
        let (release, released) = mpsc::channel();
        let pool = Arc::clone(pool);
        let (begun, begins) = mpsc::channel();
        let task = tokio::spawn(async move {
            pool.blocking(move |_| {
                begun.send(()).unwrap();
                let _ = released.recv();
                Ok(())
            })
            .await
        });
        tokio::task::block_in_place(|| begins.recv().unwrap());
        (release, task)
    }

    #[tokio::test]
    async fn more_callers_than_connections_are_all_served() {
        let pool = pool(2, Duration::from_secs(10));
        let calls = (0..100).map(|n| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.blocking(move |_| Ok::<_, Error>(n)).await.unwrap() })
        });
        let answers: Vec<i32> = futures_util::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, (0..100).collect::<Vec<_>>());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_too_long_is_told_so_and_nothing_is_done_for_them() {
        let pool = pool(1, Duration::from_millis(20));
        let (release, occupied) = occupy(&pool);
        let (done, was_done) = mpsc::channel();
        let job = move |_: &Pool| done.send(()).map_err(|_| Error::Disconnected(String::new()));
        assert!(matches!(pool.blocking(job).await, Err(Error::Busy(_))));
        drop(release);
        // It had begun, so it may take longer than others are willing to wait.
        occupied.await.unwrap().unwrap();
        pool.blocking(|_| Ok::<_, Error>(())).await.unwrap();
        assert!(was_done.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_panic_is_the_callers_and_the_next_caller_is_served() {
        let pool = pool(1, Duration::from_secs(10));
        let failing = Arc::clone(&pool);
        let task = tokio::spawn(async move { failing.blocking(|_| -> Result<(), Error> { panic!("a bug") }).await });
        assert!(task.await.unwrap_err().is_panic());
        pool.blocking(|_| Ok::<_, Error>(())).await.unwrap();
    }

    #[test]
    fn a_worker_that_its_runtime_drops_unbegun_leaves_no_job_behind() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let pool = pool(1, Duration::from_secs(10));
        pool.queue().workers = 1;
        let waiting = Arc::clone(&pool);
        let waits = runtime.spawn(async move { waiting.blocking(|_| Ok::<_, Error>(7)).await });
        runtime.block_on(tokio::task::yield_now());
        assert_eq!(pool.queue().jobs.len(), 1);
        drop(Worker { pool: Arc::clone(&pool), has_ended: false });
        assert_eq!(runtime.block_on(waits).unwrap().unwrap(), 7);
    }
}
