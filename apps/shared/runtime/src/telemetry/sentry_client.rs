//! The Sentry client: what is sent goes through `scrub`.

use std::borrow::Cow;

use sentry::{ClientInitGuard, ClientOptions, MaxRequestBodySize};

use super::scrub;

pub(super) fn start(dsn: &str) -> ClientInitGuard {
    sentry::init(
        ClientOptions::new()
            .dsn(dsn)
            .release(Cow::Borrowed(concat!("smokex@", env!("CARGO_PKG_VERSION"))))
            .attach_stacktrace(true)
            .send_default_pii(false)
            .max_request_body_size(MaxRequestBodySize::None)
            .before_send(|event| Some(scrub::scrub_event(&event))),
    )
}
