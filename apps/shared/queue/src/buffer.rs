//! Claimed runs on their way from the claimer to apalis's worker.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::worker::Job;

/// A queue that can be closed, giving back what is in it.
#[derive(Default)]
pub(crate) struct Buffer(Mutex<State>);

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
    reader: Option<Waker>,
}

impl Buffer {
    /// Puts jobs in; gives them back if the buffer is closed.
    pub(crate) fn put(&self, jobs: Vec<Job>) -> Result<(), Vec<Job>> {
        let mut state = self.state();
        if state.closed {
            return Err(jobs);
        }
        state.jobs.extend(jobs);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// The next job; none once the buffer is closed.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Job>> {
        let mut state = self.state();
        if let Some(job) = state.jobs.pop_front() {
            return Poll::Ready(Some(job));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What nobody has taken for this long.
    pub(crate) fn take_stale(&self, age: Duration) -> Vec<Job> {
        let jobs = &mut self.state().jobs;
        let stale = jobs.partition_point(|job| job.held.age() >= age);
        jobs.drain(..stale).collect()
    }

    /// Lets nothing in any more; what nobody has taken comes back.
    pub(crate) fn close(&self) -> Vec<Job> {
        let mut state = self.state();
        state.closed = true;
        let rest = state.jobs.drain(..).collect();
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
        rest
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
