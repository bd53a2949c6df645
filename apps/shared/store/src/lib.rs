//! The database: schema, every query, tenancy, sealing, change feed.
//!
//! One [`Store`] over two databases, SQLite and PostgreSQL. Nothing of diesel leaves this crate.
//! Whatever a person can cause takes a [`Tenant`], and what is not the tenant's does not exist.

mod changes;
mod connection;
mod database;
mod error;
mod key_check;
mod open;
mod schema;
mod sealing;
mod sql;
mod tenant;
mod url;

pub use changes::{Change, Changes, RunChange};
pub use error::Error;
pub use open::{OpenError, Options, Store};
pub use sealing::{Sealed, SealingKey};
pub use tenant::Tenant;
pub use url::{DatabaseUrl, MalformedUrl};
