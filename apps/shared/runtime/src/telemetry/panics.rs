//! Panics as log lines, so that they carry the ids of the work they broke and stay one line in JSON.

use super::scrub;

/// The target of these lines.
pub(super) const TARGET: &str = "panic";

pub(super) fn log_them() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("(no message)");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            target: TARGET,
            place,
            thread = thread.name().unwrap_or("unnamed"),
            "A bug made this work panic: {}",
            scrub::scrub_panic(message),
        );
    }));
}
