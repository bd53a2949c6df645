//! Everything that talks HTTP to us: pages, sign-in, live updates and the docs for browsers, the REST API for
//! programs, and the demo API that plans may be tried on.
//!
//! Handlers translate between HTTP and the rest: what a plan may say is decided in `plan`, what may
//! follow what in `domain`, and every query stands in `store`.

mod address;
mod api;
mod application;
mod assets;
mod body;
mod config;
mod demo;
mod editing;
mod error;
mod events;
mod filter;
mod inviting;
mod mail;
mod metrics;
mod middleware;
mod page;
mod pages;
mod password;
mod routes;
mod samples;
mod session;
mod show;
mod starting;
mod state;
mod throttle;
mod usage;
mod waiting;

pub use api::openapi;
pub use application::{Application, BuildError};
pub use config::{Config, Limits, MailDelivery};
pub use metrics::MetricsListener;
pub use routes::{Access, Route, routes};
pub use samples::{SAMPLES, Sample};
