//! The web application over real HTTP, with a real database: by route and verb.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod account;
mod api;
mod app;
mod assets;
mod audit;
mod billing;
mod browser;
mod clock;
mod conformance;
mod demo;
mod docs;
mod editor;
mod executed;
mod guard;
mod health;
mod hooks;
mod hostile;
mod inbound;
mod invitations;
mod leaving;
mod links;
mod live;
mod mail;
mod members;
mod metrics;
mod operators;
mod organizations;
mod plans;
mod profile;
mod program;
mod raw;
mod rights;
mod runs;
mod schedules;
mod schemathesis;
mod second_factor;
mod secrets;
mod tenancy;
mod throttle;
mod tokens;
