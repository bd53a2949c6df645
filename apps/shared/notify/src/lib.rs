//! Tells people: one file per channel.
//!
//! What is to be told, to whom and how often is for others to decide; here it only goes out.

mod mail;

pub use mail::{Failure, Letter, Mailer};
