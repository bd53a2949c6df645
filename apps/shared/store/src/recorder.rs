//! The recorder: writes what happens to all runs of one process, many at a time (group commit).
//!
//! While one transaction is on its way to the disk, the next gathers; what somebody waits for goes at
//! once, everything else lingers a moment for company. Every write carries the fence of its lease. A
//! write that is refused cancels the run's `lost` token; a database that fails is tried again, and
//! meanwhile the room for what waits runs out, which holds the runs up.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Instant,
};

use domain::{RunId, StepReport, StepState};
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::{Ending, Store, lease::Lease, sql::micros};
use batch::{Last, RunWrites, StepWrite};
use pending::{Lane, Pending, Urgency, Wake};

mod apply;
mod batch;
mod pending;
pub(crate) mod progress;
mod writer;

/// How much may wait to be written, in KiB.
const ROOM: usize = 32 * 1024;

/// One per process. Cheap to clone; when the last clone is gone, what waits is still written.
#[derive(Clone)]
pub struct Recorder(Arc<Handle>);

struct Handle(Arc<Shared>);

/// What the recorder's task and everybody else see.
struct Shared {
    pending: Mutex<Pending>,
    /// One for each lane.
    wake: [Notify; 2],
    room: Semaphore,
    closed: CancellationToken,
}

/// Writes about one run, by the worker that has its lease.
pub struct RunRecorder {
    recorder: Recorder,
    record: Arc<RunRecord>,
}

/// One run as the recorder knows it.
struct RunRecord {
    lease: Lease,
    lost: CancellationToken,
    /// Whether a stored step holds progress or may say that it is running, neither of which outlives the run.
    untidy: AtomicBool,
    /// The position of the step under way that must not be repeated; -1 if there is none.
    unrepeatable: AtomicI64,
}

/// The lease is no longer ours: nothing was written, nothing will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run belongs to somebody else by now")]
pub struct Refused;

/// Whether a step may be sent again if nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Its beginning need not be known.
    Yes,
    /// Its beginning must be on the disk before the request goes out.
    No,
}

impl Recorder {
    /// Starts the recorder's task.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn start(store: &Store) -> Self {
        // Where only one can write at a time, two lanes would only wait for each other.
        let awaited = if store.database.writers.size() > 1 { Lane::Awaited } else { Lane::Rest };
        let shared = Arc::new(Shared {
            pending: Mutex::new(Pending::new(awaited)),
            wake: [Notify::new(), Notify::new()],
            room: Semaphore::new(ROOM),
            closed: CancellationToken::new(),
        });
        tokio::spawn(writer::run(store.clone(), Arc::clone(&shared)));
        Self(Arc::new(Handle(shared)))
    }

    /// For the writes about one run. `lost` is cancelled when one of them is refused.
    #[must_use]
    pub fn run(&self, lease: Lease, lost: CancellationToken) -> RunRecorder {
        // An earlier worker may have left such a step.
        let record = RunRecord { lease, lost, untidy: AtomicBool::new(lease.again), unrepeatable: AtomicI64::new(-1) };
        RunRecorder { recorder: self.clone(), record: Arc::new(record) }
    }

    /// Waits until everything so far is written or refused.
    pub async fn flush(&self) {
        let (done, mut all_done) = mpsc::channel(1);
        let wake = self.shared().pending().flush(&done, Instant::now());
        drop(done);
        self.shared().wake(wake);
        tokio::select! {
            _ = all_done.recv() => {}
            () = self.shared().closed.cancelled() => {}
        }
    }

    /// Writes what waits and ends the recorder's task. Writes that come later are never written.
    pub async fn close(&self) {
        self.0.close();
        self.shared().closed.cancelled().await;
    }

    fn shared(&self) -> &Shared {
        &self.0.0
    }
}

impl Handle {
    fn close(&self) {
        let wake = self.0.pending().close();
        self.0.wake(wake);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits to be told that something was written or refused; false if the recorder ended before.
    async fn told(&self, waiting: oneshot::Receiver<()>) -> bool {
        tokio::select! {
            biased;
            told = waiting => told.is_ok(),
            () = self.closed.cancelled() => false,
        }
    }

    fn wake(&self, wake: Wake) {
        for (lane, wanted) in [(Lane::Awaited, wake.awaited), (Lane::Rest, wake.rest)] {
            if wanted {
                self.wake[lane as usize].notify_one();
            }
        }
    }
}

impl RunRecord {
    fn key(&self) -> (RunId, i64) {
        (self.lease.run, self.lease.fence)
    }
}

impl RunRecorder {
    /// A step has begun. Returns at once for a step that may be repeated; otherwise when its beginning
    /// is on the disk.
    ///
    /// # Errors
    /// If the lease is lost: the step must not go out.
    pub async fn step_started(&self, position: u32, at: Timestamp, repeatable: Repeatable) -> Result<(), Refused> {
        self.check()?;
        let (now, started_at) = (Instant::now(), micros(at));
        if repeatable == Repeatable::Yes {
            let wake = self.shared().pending().opened(&self.record, position, started_at, now);
            self.shared().wake(wake);
            return Ok(());
        }
        self.make_room(1).await?;
        self.record.unrepeatable.store(i64::from(position), Ordering::Relaxed);
        let (done, waiting) = oneshot::channel();
        self.add(Urgency::AtOnce, 1, |run| {
            run.step(StepWrite::running(position, started_at));
            run.waiting.push(done);
        });
        if self.shared().told(waiting).await { self.check() } else { Err(Refused) }
    }

    /// A step is over, or was skipped. Returns when there is room to keep it until it is written.
    /// `progress` is what the steps after it need, in the clear; it is sealed.
    ///
    /// # Errors
    /// If the lease is lost.
    pub async fn step_finished(
        &self,
        position: u32,
        report: &StepReport,
        progress: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<(), Refused> {
        self.check()?;
        let text = serde_json::to_string(report).expect("a report has nothing that JSON cannot hold");
        let write = StepWrite {
            position,
            state: report.state,
            started_at: report.started_at.map(micros),
            duration: report.started_at.map(|_| i64::try_from(report.duration.0).unwrap_or(i64::MAX)),
            report: Some(text),
            progress,
        };
        debug_assert!(StepState::Running.may_become(write.state), "{} is not how a step ends", write.state);
        let size = write.size();
        self.make_room(size).await?;
        self.shared().pending().closed(&self.record);
        // Until this is on the disk, the loss of the worker would end the run.
        let soon = self.record.unrepeatable.load(Ordering::Relaxed) == i64::from(position);
        self.add(if soon { Urgency::Soon } else { Urgency::Sometime }, size, |run| run.step(write));
        Ok(())
    }

    /// The run is over. Returns when there is room to keep that until it is written; `held` is dropped
    /// once it is.
    ///
    /// # Errors
    /// If the lease is lost.
    pub async fn finish(self, ending: Ending, held: impl Send + Sync + 'static) -> Result<(), Refused> {
        self.last(Last::End(ending), Box::new(held)).await
    }

    /// Gives the run back, for another worker to go on after the last recorded step. This does not
    /// count as an attempt.
    ///
    /// # Errors
    /// If the lease is lost.
    pub async fn hand_back(self, held: impl Send + Sync + 'static) -> Result<(), Refused> {
        self.last(Last::HandBack, Box::new(held)).await
    }

    async fn last(self, last: Last, held: Box<dyn Send + Sync>) -> Result<(), Refused> {
        self.check()?;
        self.make_room(1).await?;
        let urgency = if matches!(last, Last::HandBack) { Urgency::AtOnce } else { Urgency::Sometime };
        self.shared().pending().closed(&self.record);
        self.add(urgency, 1, |run| {
            run.last = Some(last);
            run.held = Some(held);
        });
        Ok(())
    }

    fn check(&self) -> Result<(), Refused> {
        if self.record.lost.is_cancelled() { Err(Refused) } else { Ok(()) }
    }

    async fn make_room(&self, size: u32) -> Result<(), Refused> {
        // Given back when the write is settled.
        self.shared().room.acquire_many(size).await.map_err(|_| Refused)?.forget();
        self.check().inspect_err(|_| self.shared().room.add_permits(size as usize))
    }

    fn add(&self, urgency: Urgency, size: u32, change: impl FnOnce(&mut RunWrites)) {
        let wake = self.shared().pending().add(&self.record, Instant::now(), urgency, |run| {
            run.size += size;
            change(run);
        });
        self.shared().wake(wake);
    }

    fn shared(&self) -> &Shared {
        self.recorder.shared()
    }
}

impl StepWrite {
    /// The room it takes, in KiB, rounded up.
    fn size(&self) -> u32 {
        let bytes = self.report.as_ref().map_or(0, String::len) + self.progress.as_ref().map_or(0, |plain| plain.len());
        u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(ROOM as u32 / 2)
    }
}

impl Drop for RunRecorder {
    fn drop(&mut self) {
        // A step that nobody will finish is not to be shown later on.
        self.shared().pending().closed(&self.record);
    }
}
