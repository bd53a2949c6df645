//! Configuration: each concern reads its own variables into its own struct.
//!
//! Nothing is touched while reading: no file is made and no socket opened, so a mistake in any
//! variable leaves everything as it was. A variable that is set to nothing counts as not set.

mod billing;
mod database;
mod environment;
mod execution;
mod invalid;
mod key_source;
mod logging;
mod mail;
mod metrics;
mod serving;
mod tiers;

pub use billing::BillingConfig;
pub use database::DatabaseConfig;
pub use environment::Environment;
pub use execution::ExecutionConfig;
pub use invalid::Invalid;
pub use key_source::KeyConfig;
pub use logging::{LogFormat, TelemetryConfig};
pub use mail::{MailConfig, MailEncryption, MailLogin, MailRoute, SmtpServer};
pub use metrics::MetricsConfig;
pub use serving::ServingConfig;
pub use tiers::TiersConfig;
