//! Over real sockets, against servers that behave and servers that do not.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "egress/addresses.rs"]
mod addresses;
#[path = "egress/bodies.rs"]
mod bodies;
#[path = "egress/cookies.rs"]
mod cookies;
#[path = "egress/exchange.rs"]
mod exchange;
#[path = "egress/hostile.rs"]
mod hostile;
#[path = "egress/http2.rs"]
mod http2;
#[path = "egress/phases.rs"]
mod phases;
#[path = "egress/redirects.rs"]
mod redirects;
#[path = "egress/tls.rs"]
mod tls;

use std::time::Duration;

use egress::{Egress, Failure, Policy, Redirects, Request, Response, Tls};
use http::{HeaderMap, Method};
use tokio::time::Instant;
use url::Url;

/// Long enough never to matter.
const LONG: Duration = Duration::from_secs(20);

/// 1 MiB.
const MAX_BODY: usize = 1024 * 1024;

fn anywhere() -> Egress {
    Egress::new(Policy::any())
}

fn get(url: &str) -> Request {
    Request {
        method: Method::GET,
        url: Url::parse(url).expect("the test's URL is one"),
        headers: HeaderMap::new(),
        body: None,
        deadline: Instant::now() + LONG,
        redirects: Redirects::Stop,
        tls: Tls::Verify,
        max_body: MAX_BODY,
    }
}

fn post(url: &str, body: &'static str) -> Request {
    Request { method: Method::POST, body: Some(body.into()), ..get(url) }
}

fn following(request: Request) -> Request {
    Request { redirects: Redirects::Follow, ..request }
}

fn within(time: Duration, request: Request) -> Request {
    Request { deadline: Instant::now() + time, ..request }
}

fn with(mut request: Request, name: &'static str, value: &'static str) -> Request {
    request.headers.append(name, value.parse().expect("the test's header is one"));
    request
}

async fn send(request: Request) -> Result<Response, Failure> {
    anywhere().send(request, None).await.map(|response| *response)
}

/// Sends a request that must fail.
async fn failure(request: Request) -> Failure {
    match send(request).await {
        Ok(response) => panic!("there was a response: {response:?}"),
        Err(failure) => failure,
    }
}
