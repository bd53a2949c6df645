//! The scheduler over real databases.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod scheduler {
    mod clock;
    mod subscriptions;
    mod upkeep;
}
