//! What a finished step tells: the one shape that is stored, shown on the run page, and summarized
//! on the command line. Everything in it is already masked and cut to size.

use std::{borrow::Cow, net::SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Elapsed, StepState};

mod headers;

pub use headers::Headers;

/// How many bytes of a request's or response's body are kept to show.
pub const BODY_SHOWN: usize = 64 * 1024;

/// A step that has ended (or was skipped).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepReport {
    /// Where it stands in the plan: `1`, `2`, `finally.1`; counted from one.
    pub path: String,
    /// Its name, or the method and URL where the plan gives none.
    pub name: String,
    /// The action's key in the plan: `get`, `post`, …
    pub action: Cow<'static, str>,
    /// `GET`, `POST`, …
    pub method: Cow<'static, str>,
    /// The URL with its variables put in, secrets masked.
    pub url: String,
    /// A final state.
    pub state: StepState,
    /// When it began; none if it was skipped.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// From its beginning to its end, all attempts included.
    pub duration: Elapsed,
    /// The status of the last response.
    pub status: Option<u16>,
    /// Passed, but slower than `degraded_after`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
    /// Every expectation, in the order of the plan.
    pub expectations: Vec<ExpectationReport>,
    /// Every capture that was made.
    pub captures: Vec<CaptureReport>,
    /// Why it did not pass, in one plain sentence.
    pub reason: Option<String>,
    /// Every attempt; the last one is what the expectations looked at.
    pub attempts: Vec<Attempt>,
    /// The last request as it went out.
    pub request: Option<RequestReport>,
    /// The last response as it came in.
    pub response: Option<ResponseReport>,
}

/// One expectation, held or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExpectationReport {
    /// The key under `expect`: `status_code`, `headers`, `json`, …
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// Which one of several: the header's name, the JSON path, the CSS selector.
    pub name: Option<String>,
    /// What the plan wants: a value, or a matcher such as `{"gt": 5}`.
    pub expected: Value,
    /// What came; none if there was nothing there.
    pub received: Option<Value>,
    /// Whether it held.
    pub passed: bool,
    /// What is wrong, with types where they differ; none if it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One variable taken from a response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaptureReport {
    /// The variable's name.
    pub name: String,
    /// Its value, or the mask if it is secret.
    pub value: Value,
    /// Whether it is masked.
    pub secret: bool,
}

/// One try at sending the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// From its beginning to its end.
    pub duration: Elapsed,
    /// Where the time went.
    pub phases: Phases,
    /// Why it got no response; none if it got one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where the time of one request went. Phases that did not happen (a connection kept alive) are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Phases {
    /// Looking the name up.
    pub dns: Elapsed,
    /// Opening the TCP connection.
    pub connect: Elapsed,
    /// The TLS handshake.
    pub tls: Elapsed,
    /// From the request's first byte to the response's.
    pub wait: Elapsed,
    /// From the response's first byte to its last.
    pub download: Elapsed,
}

/// A request as it was sent, secrets masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestReport {
    /// `GET`, …
    pub method: Cow<'static, str>,
    /// The whole URL, query included.
    pub url: String,
    /// In the order they were sent.
    pub headers: Headers,
    /// None if there was none.
    pub body: Option<BodyReport>,
}

/// A response as it came, secrets masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponseReport {
    /// 100–599.
    pub status: u16,
    /// `HTTP/1.1`, `HTTP/2`.
    pub version: Cow<'static, str>,
    /// In the order they came.
    pub headers: Headers,
    /// The decoded body.
    pub body: BodyReport,
    /// Who answered.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub remote_address: Option<SocketAddr>,
    /// The URLs on the way, in order, if redirects were followed; the last one answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<Redirect>,
}

/// One redirect that was followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Redirect {
    /// 301, 302, 303, 307, 308.
    pub status: u16,
    /// Where it led.
    pub location: String,
}

/// A body, cut to [`BODY_SHOWN`] bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BodyReport {
    /// The text; empty if the body is not text.
    pub text: String,
    /// The decoded body's whole size in bytes.
    pub size: u64,
    /// Whether `text` is not all of it.
    pub cut: bool,
    /// Whether the body is not text and therefore not shown.
    pub binary: bool,
}
