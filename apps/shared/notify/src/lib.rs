//! Tells people: one file per channel.
