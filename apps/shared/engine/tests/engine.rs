//! The engine over real sockets: plans in YAML against a scripted target.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]
#[path = "engine/captures.rs"]
mod captures;
#[path = "engine/course.rs"]
mod course;
#[path = "engine/expectations.rs"]
mod expectations;
#[path = "engine/hostile.rs"]
mod hostile;
#[path = "engine/resume.rs"]
mod resume;
#[path = "engine/rig.rs"]
mod rig;
#[path = "engine/secrets.rs"]
mod secrets;
#[path = "engine/transport.rs"]
mod transport;
