//! The web application over real HTTP, with a real database: by route and verb.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod account;
mod app;
mod assets;
mod audit;
mod billing;
mod browser;
mod clock;
mod demo;
mod docs;
mod editor;
mod executed;
mod guard;
mod health;
mod hostile;
mod inbound;
mod invitations;
mod live;
mod members;
mod operators;
mod organizations;
mod plans;
mod raw;
mod rights;
mod runs;
mod schedules;
mod tenancy;
mod throttle;
