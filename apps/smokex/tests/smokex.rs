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
    #[cfg(unix)]
    mod login;
    mod mails;
    mod program;
    #[cfg(unix)]
    mod pull;
    #[cfg(unix)]
    mod push;
    mod readme;
    mod remote;
    mod reports;
    mod roles;
    mod run;
    #[cfg(unix)]
    mod run_remote;
    mod secrets;
    mod sentry;
    mod serve;
    #[cfg(unix)]
    mod served;
    #[cfg(unix)]
    mod terminal;
}
