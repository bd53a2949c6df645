//! One file per noun: its handlers and the data of its templates.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod billing;
pub(crate) mod clock;
pub(crate) mod docs;
pub(crate) mod editor;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod hook;
pub(crate) mod invitation;
pub(crate) mod mail;
pub(crate) mod members;
pub(crate) mod operators;
pub(crate) mod organization;
pub(crate) mod organizations;
pub(crate) mod plan;
pub(crate) mod plans;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod schedule_form;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod tokens;
pub(crate) mod versions;
