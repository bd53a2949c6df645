//! The outermost layer: gives the request its id, a span in the log and a deadline for its body,
//! keeps a panic from taking the connection along, and dresses whatever comes out.

use std::{borrow::Cow, panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt;
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use super::protect;
use crate::{body, error::WebError, routes, state::State};

/// The id of a request: in its answer, in every line of the log, and with every event at Sentry.
#[derive(Clone, Copy)]
pub(crate) struct RequestId(pub(crate) Uuid);

pub(crate) async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let id = Uuid::now_v7();
    let nonce = protect::Nonce::new();
    let state = request.app_data::<Data<State>>().cloned();
    let is_https = state.as_ref().is_some_and(|state| state.is_https());
    if let Some(state) = &state {
        body::limit(&mut request, &state.config.limits);
    }
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = %without_token(request.path()),
        status = Empty,
        duration_ms = Empty,
    );
    let is_chatter =
        request.path().starts_with("/assets/") || matches!(request.path(), "/healthz" | "/readyz" | "/metrics");
    let route = routes::pattern(request.match_pattern().as_deref());
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    };
    let count = |status: u16| {
        if let Some(state) = &state {
            state.config.metrics.answered(route, method, status);
        }
    };
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(nonce.clone());

    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await;
    let dress = |headers: &mut HeaderMap| {
        protect::add(headers, &nonce, is_https);
        let value = HeaderValue::from_str(&id.to_string()).expect("a UUID is plain ASCII");
        headers.insert(HeaderName::from_static("x-request-id"), value);
    };
    let (error, mut response) = match outcome {
        Ok(Ok(mut response)) => {
            dress(response.headers_mut());
            count(response.status().as_u16());
            note(&span, response.status().as_u16(), begun, is_chatter);
            return Ok(response.map_into_boxed_body());
        }
        Ok(Err(error)) => {
            let response = error.error_response();
            (error.to_string(), response)
        }
        Err(_panic) => {
            let error = WebError::internal("a handler panicked");
            let response = Error::from(error).error_response();
            ("a handler panicked".to_owned(), response)
        }
    };
    dress(response.headers_mut());
    count(response.status().as_u16());
    note(&span, response.status().as_u16(), begun, is_chatter);
    Err(InternalError::from_response(error, response).into())
}

/// The path without the token that a link by mail or the address of a hook has in it: who reads the log must not be
/// able to follow it.
fn without_token(path: &str) -> Cow<'_, str> {
    let is_token = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !path.split('/').any(is_token) {
        return path.into();
    }
    let parts: Vec<&str> = path.split('/').map(|part| if is_token(part) { "[token]" } else { part }).collect();
    parts.join("/").into()
}

/// `is_chatter`: nobody wants to read of it every time.
fn note(span: &Span, status: u16, begun: Instant, is_chatter: bool) {
    let elapsed = begun.elapsed();
    span.record("status", status);
    #[allow(clippy::cast_precision_loss)]
    span.record("duration_ms", elapsed.as_micros() as f64 / 1000.0);
    span.in_scope(|| match status {
        500.. => tracing::warn!("answered"),
        _ if is_chatter => tracing::debug!("answered"),
        _ => tracing::info!("answered"),
    });
}

/// Puts the request's id on what Sentry is told about it. Stands inside of Sentry's own layer.
pub(crate) async fn tag(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(RequestId(id)) = request.extensions().get() {
        sentry::configure_scope(|scope| scope.set_tag("request_id", id));
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_of_a_link_or_a_hook_gets_into_the_log() {
        let token = "0a".repeat(32);
        assert_eq!(without_token(&format!("/reset/{token}")), "/reset/[token]");
        assert_eq!(without_token(&format!("/api/v1/hooks/{token}")), "/api/v1/hooks/[token]");
        assert_eq!(without_token(&format!("/api/v1/hooks/{token}/")), "/api/v1/hooks/[token]/");
        for path in ["/", "/plans/0a0a", "/assets/app.css"] {
            assert_eq!(without_token(path), path);
        }
    }
}
