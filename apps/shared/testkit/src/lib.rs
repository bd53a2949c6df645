//! For tests only: a database per test, factories, a scripted HTTP target.

#[cfg(feature = "database")]
mod cluster;
#[cfg(feature = "database")]
pub mod database;
#[cfg(feature = "database")]
pub mod factory;
pub mod target;

#[cfg(feature = "database")]
pub use cluster::Cluster;
#[cfg(feature = "database")]
pub use database::TestDatabase;
