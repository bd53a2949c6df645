//! Whose work a log line or a report belongs to.

use std::fmt::Display;

use sentry::SentryFutureExt;
use tracing::Instrument;

/// Runs `future` as the handling of one request: its log lines and reports carry `request_id`.
///
/// `path` must not hold the query, which may hold secrets.
pub fn in_request<F: Future>(
    request_id: impl Display,
    method: &str,
    path: &str,
    future: F,
) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("request", request_id = %request_id, method, path);
    let hub = tagged("request_id", &request_id);
    future.bind_hub(hub).instrument(span)
}

/// Runs `future` as the execution of one run: its log lines and reports carry `run_id`.
pub fn in_run<F: Future>(run_id: impl Display, future: F) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("run", run_id = %run_id);
    let hub = tagged("run_id", &run_id);
    future.bind_hub(hub).instrument(span)
}

/// A hub of its own on top of the current one, so that tags and breadcrumbs end with the work.
fn tagged(name: &str, value: &impl Display) -> std::sync::Arc<sentry::Hub> {
    let hub = std::sync::Arc::new(sentry::Hub::new_from_top(sentry::Hub::current()));
    hub.configure_scope(|scope| scope.set_tag(name, value));
    hub
}
