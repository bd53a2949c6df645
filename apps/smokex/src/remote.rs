//! A Smokex server that is asked over its API: one request, its retries, its answer or why there is none.

mod address;
mod error;
mod plans;
mod problem;
mod retry;
mod runs;
mod token;

use std::time::Duration;

use bytes::Bytes;
use egress::{Egress, Policy, Redirects, Request, Response, Tls};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

pub use self::{
    address::Address,
    error::RemoteError,
    plans::{RemotePlan, RemotePlanRow, ambiguous, one_of_each_name},
    runs::{RemoteRun, RemoteStep},
    token::TokenDetail,
};
use self::{
    problem::Problem,
    retry::{Repeat, Tries},
};

/// How long one answer may take, beside what the server was asked to wait for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Whoever waits longer than this is told what for.
const WORTH_TELLING: Duration = Duration::from_secs(3);
/// How large an answer may be: a run of many steps tells the beginning of every response.
const MOST: usize = 256 << 20;

/// A server and what it lets one do.
pub struct Remote {
    egress: Egress,
    address: Address,
    authorization: HeaderValue,
}

/// One thing to ask for.
struct Call {
    method: Method,
    /// Below the API, with its query.
    path: String,
    body: Option<Bytes>,
    /// By which the server knows it again.
    key: Option<String>,
    /// What the server was asked to wait for.
    wait: Duration,
}

impl Call {
    fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, key: None, wait: Duration::ZERO }
    }

    fn with(method: Method, path: impl Into<String>, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("texts and numbers can be written as JSON");
        Self { method, body: Some(body.into()), ..Self::get(path) }
    }

    /// A new thing, made once however often it is asked for.
    fn make(path: impl Into<String>, body: &impl Serialize) -> Self {
        Self { key: Some(uuid::Uuid::new_v4().to_string()), ..Self::with(Method::POST, path, body) }
    }

    fn repeat(&self) -> Repeat {
        if self.method == Method::GET || self.key.is_some() { Repeat::Safe } else { Repeat::Unsafe }
    }
}

impl Remote {
    /// A server at an address that may be anywhere, one's own machine included.
    ///
    /// # Errors
    /// A sentence, if the token cannot be sent.
    pub fn new(address: Address, token: &SecretString) -> Result<Self, String> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| "The token holds something else than letters and digits.".to_owned())?;
        authorization.set_sensitive(true);
        Ok(Self { egress: Egress::new(Policy::any()), address, authorization })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, RemoteError> {
        let response = self.send(call).await?;
        serde_json::from_slice(&response.body).map_err(|_| strange(&response))
    }

    /// A successful answer, whatever it holds.
    async fn send(&self, call: Call) -> Result<Box<Response>, RemoteError> {
        let mut tries = Tries::new(call.repeat());
        loop {
            let pause = match self.egress.send(self.request(&call), None).await {
                Ok(response) => match tries.after_answer(response.status, &response.headers) {
                    Some(pause) => pause,
                    None => return judged(response),
                },
                Err(failure) => match tries.after_failure(&failure) {
                    Some(pause) => pause,
                    None if call.repeat() == Repeat::Safe || !failure.was_sent() => {
                        return Err(RemoteError::Unreachable(failure.into()));
                    }
                    None => return Err(RemoteError::Doubtful(failure.into())),
                },
            };
            if pause >= WORTH_TELLING {
                eprintln!("The server is busy. It is asked again in {} s.", pause.as_secs());
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn request(&self, call: &Call) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = &call.key {
            headers.insert("idempotency-key", key.parse().expect("a UUID can stand in a header"));
        }
        Request {
            method: call.method.clone(),
            url: self.address.at(&format!("api/v1/{}", call.path)),
            headers,
            body: call.body.clone(),
            deadline: Instant::now() + PATIENCE + call.wait,
            // The token is for this server, and for no other that it may name.
            redirects: Redirects::Stop,
            tls: Tls::Verify,
            max_body: MOST,
        }
    }
}

fn judged(response: Box<Response>) -> Result<Box<Response>, RemoteError> {
    match response.status {
        status if status.is_success() => Ok(response),
        status if status.is_redirection() => Err(match response.headers.get(LOCATION).map(HeaderValue::to_str) {
            Some(Ok(location)) => RemoteError::Elsewhere(location.to_owned()),
            _ => strange(&response),
        }),
        status => Err(match Problem::read(status, &response.body) {
            Some(problem) => RemoteError::Refused(problem.into()),
            None => strange(&response),
        }),
    }
}

fn strange(response: &Response) -> RemoteError {
    RemoteError::Strange { url: response.url.clone().into(), status: response.status }
}
