//! The program as people use it: the real binary, real sockets, real databases.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod smokex {
    mod api;
    mod bad_input;
    mod billing;
    mod browser;
    mod check;
    mod clock;
    mod doctor;
    mod faults;
    mod hooks;
    mod interrupt;
    mod kill;
    mod mails;
    mod program;
    mod readme;
    mod reports;
    mod roles;
    mod run;
    mod secrets;
    mod sentry;
    mod serve;
}
