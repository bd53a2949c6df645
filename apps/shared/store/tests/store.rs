//! The store on both databases, one module per noun.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/admission.rs"]
mod admission;
#[path = "store/audit.rs"]
mod audit;
#[path = "store/changes.rs"]
mod changes;
#[path = "store/claims.rs"]
mod claims;
#[path = "store/clock.rs"]
mod clock;
#[path = "store/crashes.rs"]
mod crashes;
#[path = "store/customers.rs"]
mod customers;
#[path = "store/doctor.rs"]
mod doctor;
#[path = "store/firing.rs"]
mod firing;
#[path = "store/hooks.rs"]
mod hooks;
#[path = "store/invitations.rs"]
mod invitations;
#[path = "store/leaving.rs"]
mod leaving;
#[path = "store/limits.rs"]
mod limits;
#[path = "store/mails.rs"]
mod mails;
#[path = "store/members.rs"]
mod members;
#[path = "store/metering.rs"]
mod metering;
#[path = "store/once.rs"]
mod once;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/operators.rs"]
mod operators;
#[path = "store/organizations.rs"]
mod organizations;
#[path = "store/plans.rs"]
mod plans;
#[path = "store/raw.rs"]
mod raw;
#[path = "store/recording.rs"]
mod recording;
#[path = "store/resealing.rs"]
mod resealing;
#[path = "store/restrictions.rs"]
mod restrictions;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/runs.rs"]
mod runs;
#[path = "store/schedules.rs"]
mod schedules;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/second_factors.rs"]
mod second_factors;
#[path = "store/secrets.rs"]
mod secrets;
#[path = "store/statistics.rs"]
mod statistics;
#[path = "store/tenancy.rs"]
mod tenancy;
#[path = "store/tickets.rs"]
mod tickets;
#[path = "store/tokens.rs"]
mod tokens;
