//! The program as people use it: the real binary, real sockets, real databases.

mod smokex {
    mod bad_input;
    mod browser;
    mod check;
    mod interrupt;
    mod kill;
    mod program;
    mod reports;
    mod roles;
    mod run;
    mod sentry;
    mod serve;
}
