//! For tests only: a database per test, factories, scripted servers, a fake Stripe.

// Stripe's objects have so many fields that writing one down takes more steps than usual.
#![recursion_limit = "256"]

#[cfg(feature = "database")]
mod cluster;
#[cfg(feature = "database")]
pub mod database;
#[cfg(feature = "database")]
pub mod factory;
pub mod mail_server;
#[cfg(feature = "stripe")]
pub mod stripe;
pub mod target;

#[cfg(feature = "database")]
pub use cluster::Cluster;
#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use mail_server::MailServer;
