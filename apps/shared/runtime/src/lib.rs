//! What every process of ours needs before it does anything: configuration from the environment,
//! telemetry, shutdown.
//!
//! - [`config`]: one typed struct per concern, read from variables; an error names the variable,
//!   what is wrong with it and what to write.
//! - [`key`] and [`var_dir`]: the folder of our own files and the key made in it.
//! - [`machine`]: what this machine is called.
//! - [`metrics`]: what the process counts.
//! - [`telemetry`]: logs, and panics and errors sent to Sentry without secrets.
//! - [`shutdown`]: signals become a cancellation token.
//! - [`trouble`]: what does not answer is asked again, and told of once.

pub mod config;
pub mod key;
pub mod machine;
pub mod metrics;
pub mod shutdown;
pub mod telemetry;
pub mod trouble;
pub mod var_dir;
