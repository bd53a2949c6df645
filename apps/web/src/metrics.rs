//! `/metrics`: what this process counts and how things stand in the database, for Prometheus. On the listener of the
//! pages, and on one of its own for processes that serve none.

mod access;
mod listener;

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use runtime::metrics::{
    Metrics,
    text::{CONTENT_TYPE, Exposition},
};
use store::Store;

use crate::state::State;
use access::{Access, Verdict};

pub use listener::MetricsListener;

/// A database that takes longer than this is shown as away.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /metrics`
pub(crate) async fn page(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let access = Access::new(&state.config.metrics_access, &state.config.serving.trusted_proxies);
    answer(&request, &access, &state.config.metrics, &state.store).await
}

/// The metrics, for those who may read them.
async fn answer(request: &HttpRequest, access: &Access<'_>, metrics: &Metrics, store: &Store) -> HttpResponse {
    let refused = |sentence: &str| format!("{sentence}\n");
    match access.judge(request) {
        Verdict::Allowed => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text(metrics, store).await),
        Verdict::Unknown { challenge } => HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, challenge))
            .content_type("text/plain; charset=utf-8")
            .body(refused("Metrics are for those who know the token or the password of this server's configuration.")),
        Verdict::Closed => HttpResponse::Forbidden()
            .content_type("text/plain; charset=utf-8")
            .body(refused("Metrics are for this machine only, unless METRICS_TOKEN or METRICS_USER opens them.")),
    }
}

/// Everything that can be told. What the process itself knows comes even if the database is away.
async fn text(metrics: &Metrics, store: &Store) -> String {
    let mut out = Exposition::default();
    metrics.write(&mut out);
    pools(&mut out, store);
    let gauges = tokio::time::timeout(PATIENCE, store.gauges()).await;
    let gauges = gauges
        .ok()
        .and_then(|gauges| gauges.inspect_err(|error| tracing::warn!("metrics without the database: {error}")).ok());
    let is_up = if gauges.is_some() { 1.0 } else { 0.0 };
    out.gauge("smokex_database_up", "Whether the database answers: 1 if it does.", is_up);
    if let Some(gauges) = gauges {
        let runs = [(["queued"], float(gauges.queued)), (["running"], float(gauges.running))];
        let help = "Runs that are not over, of all processes; at most 100000 are counted.";
        out.gauges("smokex_runs", help, ["state"], &runs);
        let help = "For how long the run that is due first has waited for an executor.";
        out.gauge("smokex_queue_oldest_seconds", help, gauges.oldest_queued.as_secs_f64());
        let help = "Mails that are still to be sent; at most 100000 are counted.";
        out.gauge("smokex_mails_waiting", help, float(gauges.mails_waiting));
    }
    out.text().to_owned()
}

/// How this process's connections to the database are used.
fn pools(out: &mut Exposition, store: &Store) {
    let pools = store.pools();
    let figures = |figure: fn(&store::PoolUse) -> usize| -> Vec<([&str; 1], f64)> {
        pools.iter().map(|(name, used)| ([*name], float(figure(used) as u64))).collect()
    };
    let label = ["pool"];
    let help = "Connections that this process may open to the database.";
    out.gauges("smokex_database_connections", help, label, &figures(|used| used.size));
    let help = "Connections that are at work.";
    out.gauges("smokex_database_connections_busy", help, label, &figures(|used| used.busy));
    let help = "Calls that wait for a connection.";
    out.gauges("smokex_database_calls_waiting", help, label, &figures(|used| used.waiting));
}

#[allow(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
fn float(figure: u64) -> f64 {
    figure as f64
}
