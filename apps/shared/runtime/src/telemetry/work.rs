//! Whose work a log line or a report belongs to.

use std::{fmt::Display, sync::Arc};

use sentry::{Hub, SentryFutureExt};
use tracing::Instrument;

/// Runs `future` as the execution of one run: its log lines and reports carry `run_id`.
pub fn in_run<F: Future>(run_id: impl Display, future: F) -> impl Future<Output = F::Output> {
    // A hub of its own on top of the current one, so that tags and breadcrumbs end with the run.
    let hub = Arc::new(Hub::new_from_top(Hub::current()));
    hub.configure_scope(|scope| scope.set_tag("run_id", &run_id));
    let span = tracing::info_span!("run", run_id = %run_id);
    future.bind_hub(hub).instrument(span)
}
