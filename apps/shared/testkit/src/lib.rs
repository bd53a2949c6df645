//! For tests only: a database per test, factories, scripted servers.

#[cfg(feature = "database")]
mod cluster;
#[cfg(feature = "database")]
pub mod database;
#[cfg(feature = "database")]
pub mod factory;
pub mod mail_server;
pub mod target;

#[cfg(feature = "database")]
pub use cluster::Cluster;
#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use mail_server::MailServer;
