//! Our storage as apalis sees it: a stream of claimed runs. Leases, attempts and results are the run
//! row's; apalis brings concurrency, tracing and an orderly end.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use apalis::prelude::Identity;
use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::{Task, builder::TaskBuilder, task_id::RandomId},
    worker::context::WorkerContext,
};

use crate::{buffer::Buffer, worker::Job};

/// Gives apalis what the claimer puts into the buffer.
pub(crate) struct RunBackend {
    buffer: Arc<Buffer>,
}

impl RunBackend {
    pub(crate) fn new(buffer: Arc<Buffer>) -> Self {
        Self { buffer }
    }
}

/// Nothing here fails as apalis would understand it: any error would end the worker for good, so the
/// claimer tries again by itself.
impl Backend for RunBackend {
    type Task = Task<Job>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.buffer.poll_next(cx).map(|job| match job {
            Some(job) => Some(Ok(TaskBuilder::new(job).build())),
            None => {
                // Without this the worker would wait for a signal to stop after its last task.
                // It fails only if the worker has not started, and then there is nothing to stop.
                let _ = worker.stop();
                None
            }
        })
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for RunBackend {
    type Args = Job;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
