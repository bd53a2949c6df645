//! The store on both databases, one module per noun.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/changes.rs"]
mod changes;
#[path = "store/claims.rs"]
mod claims;
#[path = "store/crashes.rs"]
mod crashes;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/plans.rs"]
mod plans;
#[path = "store/recording.rs"]
mod recording;
#[path = "store/runs.rs"]
mod runs;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/tenancy.rs"]
mod tenancy;
