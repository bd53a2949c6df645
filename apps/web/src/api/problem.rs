//! Failures as problem details (RFC 9457).

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
};
use plan::Diagnostic;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::{FieldError, WebError},
    middleware::observe::RequestId,
    throttle::Allowance,
};

/// Why a request was not answered with what it asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem it is: where the documentation tells of it.
    r#type: String,
    /// The same in a few words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What happened this time, and what to do about it.
    detail: String,
    /// The number of the request, as in the header `X-Request-Id`.
    request_id: Option<String>,
    /// Which fields of the request are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Which places of a plan's text are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<super::check::Mistake>)]
    diagnostics: Vec<Diagnostic>,
    /// The version that is current, where another one was to be saved over.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
}

/// Puts problem details in the place of error pages, and tells how many requests are left.
pub(super) async fn dress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?;
    let id = response.request().extensions().get::<RequestId>().map(|RequestId(id)| id.to_string());
    let allowance = response.request().extensions().get::<Allowance>().copied();
    let failure = response.response().error().and_then(|error| error.as_error::<WebError>());
    let problem = failure.map(|error| Problem::of(error, id));
    let mut response = match problem {
        Some(problem) => response.map_body(|head, _| {
            head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
            BoxBody::new(serde_json::to_vec(&problem).unwrap_or_default())
        }),
        None => response.map_into_boxed_body(),
    };
    if let Some(allowance) = allowance {
        for (name, value) in [
            ("ratelimit-limit", allowance.limit),
            ("ratelimit-remaining", allowance.remaining),
            ("ratelimit-reset", allowance.reset),
        ] {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    Ok(response)
}

impl Problem {
    fn of(error: &WebError, request_id: Option<String>) -> Self {
        let status = error.status_code();
        let (title, detail) = error.words();
        let (errors, diagnostics) = match error {
            WebError::Invalid { fields, diagnostics, .. } => (fields.clone(), diagnostics.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let current = match error {
            WebError::Stale { current } => Some(*current),
            _ => None,
        };
        let r#type = format!("/docs/api#status-{}", status.as_u16());
        Self { r#type, title, status: status.as_u16(), detail, request_id, errors, diagnostics, current }
    }
}
