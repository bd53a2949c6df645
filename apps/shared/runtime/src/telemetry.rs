//! Logs on standard error, and panics and errors to Sentry, both without secrets.
//!
//! Every line and every report tells whose work it was: `run_id` inside [`in_run`]; the web app gives
//! its requests their `request_id`.

mod panics;
mod scrub;
mod sentry_client;
mod work;

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, filter_fn},
    layer::SubscriberExt,
};

use crate::config::{LogFormat, TelemetryConfig};

pub use work::in_run;

/// Dropping it sends what is still waiting to be sent (for two seconds at most).
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    _sentry: Option<sentry::ClientInitGuard>,
}

/// Begins logging and, with a DSN, reporting. To be called once, before any other thread starts.
pub fn start(config: &TelemetryConfig) -> Telemetry {
    // Sentry's hook runs before the one it finds; ours must therefore stand first.
    panics::log_them();
    let sentry = config.sentry_dsn.as_deref().map(sentry_client::start);
    let reporting = sentry.is_some();
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse_lossy(&config.filter);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.format {
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()))
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_writer(std::io::stderr)
            .with_filter(filter)
            .boxed(),
    };
    // Panics reach Sentry with their stack through its own hook; the logged line is for people.
    let to_sentry = move |level: LevelFilter| {
        filter_fn(move |metadata| {
            // Stripe's client calls every answer an error that it cannot read; what of it is one, we tell.
            let known = metadata.target() == panics::TARGET || metadata.target().starts_with("stripe");
            reporting && *metadata.level() <= level && !known
        })
    };
    let subscriber = Registry::default()
        .with(lines)
        .with(sentry::integrations::tracing::BreadcrumbLayer::new().with_filter(to_sentry(LevelFilter::INFO)))
        .with(sentry::integrations::tracing::ErrorLayer::new().with_filter(to_sentry(LevelFilter::ERROR)));
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("Telemetry was already started; the first one goes on");
    }
    Telemetry { _sentry: sentry }
}
