//! One exchange: a request, the redirects it meets, and the response at their end.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::tls::TlsInfo;
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use crate::decode::decode;
use crate::failure::{FailureContext, FailureKind, Stage};
use crate::outgoing::Outgoing;
use crate::phases::{TRACE, Trace};
use crate::redirect::{self, Parts};
use crate::{
    Certificate, Egress, Failure, Hop, Jar, MAX_REDIRECTS, Phases, Policy, Redirects, Request, Response, SentRequest,
    basic, check_url, diagnosis, incoming,
};

/// What the program calls itself.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("smokex/", env!("CARGO_PKG_VERSION")));

/// What `decode` undoes.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br");

impl Egress {
    /// Sends a request and receives the whole response, before the request's deadline. Cookies are
    /// taken from the jar and put into it.
    ///
    /// # Errors
    /// If there is no whole response; a response of any status is one.
    pub async fn send(&self, request: Request, jar: Option<&Jar>) -> Result<Box<Response>, Failure> {
        let mut exchange = Exchange::new(self, request, jar);
        // The timer counts in milliseconds and lets work begin that should not.
        let result = if exchange.started >= exchange.deadline {
            Err(exchange.out_of_time())
        } else {
            timeout_at(exchange.deadline, exchange.run()).await.unwrap_or_else(|_| Err(exchange.out_of_time()))
        };
        result.map_err(|kind| exchange.failure(kind))
    }
}

/// What is known of an exchange while it lasts; outlives the work on it when the deadline comes.
struct Exchange<'e> {
    client: &'e reqwest::Client,
    policy: &'e Policy,
    jar: Option<&'e Jar>,
    follow: Redirects,
    max_body: usize,
    started: Instant,
    deadline: Instant,
    url: Url,
    parts: Parts,
    redirects: Vec<Hop>,
    /// Of the hops before this one.
    past: Phases,
    trace: Arc<Trace>,
    /// The headers of this hop as sent.
    headers: HeaderMap,
    received: usize,
}

impl<'e> Exchange<'e> {
    fn new(egress: &'e Egress, request: Request, jar: Option<&'e Jar>) -> Exchange<'e> {
        let Request { method, mut url, mut headers, body, redirects, tls, max_body, deadline } = request;
        if let Some(credentials) = basic::take(&mut url) {
            headers.entry(AUTHORIZATION).or_insert(credentials);
        }
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        Exchange {
            client: egress.client(tls),
            policy: egress.policy(),
            jar,
            follow: redirects,
            max_body,
            started: Instant::now(),
            deadline,
            trace: trace(&url),
            url,
            parts: Parts { method, headers, body },
            redirects: Vec::new(),
            past: Phases::default(),
            headers: HeaderMap::new(),
            received: 0,
        }
    }

    async fn run(&mut self) -> Result<Box<Response>, FailureKind> {
        loop {
            let mut response = self.hop().await?;
            let local = response.extensions().get::<HttpInfo>().map(HttpInfo::local_addr);
            if let Some(jar) = self.jar {
                jar.take(response.headers(), &self.url);
            }
            if self.follow == Redirects::Follow
                && let Some(next) = redirect::location(response.status(), response.headers(), &self.url)
            {
                let next = next.map_err(FailureKind::BadRedirect)?;
                incoming::drain(&mut response).await;
                self.redirect(response.status(), next, local)?;
                continue;
            }
            let body = self.body(&mut response).await?;
            return Ok(self.finish(response, body, local));
        }
    }

    fn redirect(&mut self, status: StatusCode, next: Url, local: Option<SocketAddr>) -> Result<(), FailureKind> {
        if self.redirects.len() == MAX_REDIRECTS {
            let circle = self.redirects.iter().any(|hop| hop.location == next);
            return Err(if circle { FailureKind::RedirectLoop(next.into()) } else { FailureKind::TooManyRedirects });
        }
        self.parts.follow(status, &self.url, &next);
        self.redirects.push(Hop { status, location: next.clone() });
        self.past += self.trace.phases(local);
        self.trace = trace(&next);
        self.url = next;
        Ok(())
    }

    /// Sends the request of this hop and waits for the response's head.
    async fn hop(&mut self) -> Result<reqwest::Response, FailureKind> {
        self.headers = self.headers();
        check_url(&self.url, self.policy).map_err(FailureKind::Blocked)?;
        if self.parts.method == Method::CONNECT {
            return Err(FailureKind::Unsendable("CONNECT is for proxies".to_owned()));
        }
        let first = self.attempt().await;
        let Err(FailureKind::Closed | FailureKind::Reset) = first else { return first };
        // The server may have closed a kept connection just as the request went out. Whoever wrote
        // the plan cannot know of that connection, so it is not their failure.
        if self.trace.connect.is_set() || !self.parts.method.is_idempotent() {
            return first;
        }
        self.past += self.trace.phases(None);
        self.trace = trace(&self.url);
        self.attempt().await
    }

    async fn attempt(&self) -> Result<reqwest::Response, FailureKind> {
        let mut request = reqwest::Request::new(self.parts.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        let body = self.parts.body.clone().unwrap_or_default();
        *request.body_mut() = Some(reqwest::Body::wrap(Outgoing::new(body, Arc::clone(&self.trace))));
        let result = TRACE.scope(Arc::clone(&self.trace), self.client.execute(request)).await;
        let response = result.map_err(|error| diagnosis::before_response(&error))?;
        self.trace.head.set(&self.trace);
        Ok(response)
    }

    /// The customer's headers, the jar's cookies, and what every request has.
    fn headers(&mut self) -> HeaderMap {
        let mut headers = match self.follow {
            Redirects::Follow => self.parts.headers.clone(),
            Redirects::Stop => std::mem::take(&mut self.parts.headers),
        };
        // HTTP/2 has another place for it, but is only spoken over TLS.
        if self.url.scheme() == "http" {
            add_host(&mut headers, &self.url);
        }
        headers.entry(USER_AGENT).or_insert(AGENT);
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(ACCEPT_ENCODING).or_insert(ENCODINGS);
        if let Some(jar) = self.jar {
            jar.give(&mut headers, &self.url);
        }
        // Servers may demand a length where a body would have a meaning.
        let may_have_body = matches!(self.parts.method, Method::POST | Method::PUT | Method::PATCH);
        if let Some(body) = &self.parts.body {
            headers.insert(CONTENT_LENGTH, body.len().into());
        } else if may_have_body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers
    }

    async fn body(&mut self, response: &mut reqwest::Response) -> Result<Bytes, FailureKind> {
        let body = incoming::read(response, self.max_body, &mut self.received).await?;
        decode(response.headers(), body, self.max_body)
    }

    fn finish(&mut self, mut response: reqwest::Response, body: Bytes, local: Option<SocketAddr>) -> Box<Response> {
        let certificate = response.extensions_mut().remove::<TlsInfo>().and_then(Certificate::new);
        let mut phases = self.past;
        phases += self.trace.phases(local);
        Box::new(Response {
            status: response.status(),
            version: response.version(),
            headers: std::mem::take(response.headers_mut()),
            body,
            received: self.received,
            url: self.url.clone(),
            redirects: std::mem::take(&mut self.redirects),
            phases,
            remote: response.remote_addr(),
            certificate,
            sent: self.sent(response.version()),
        })
    }

    fn sent(&mut self, version: Version) -> SentRequest {
        let mut headers = std::mem::take(&mut self.headers);
        if version <= Version::HTTP_11 {
            add_host(&mut headers, &self.url);
        }
        let body = self.parts.body.take();
        SentRequest { method: self.parts.method.clone(), url: self.url.clone(), headers, body }
    }

    fn out_of_time(&self) -> FailureKind {
        let trace = &self.trace;
        let during = if trace.head.is_set() {
            Stage::Download(self.received)
        } else if trace.dispatched.is_set() {
            Stage::Wait
        } else if trace.lookup.is_set() && !trace.found.is_set() {
            Stage::Dns
        } else if trace.connected.is_set() || !trace.connect.is_set() {
            Stage::Queue
        } else if trace.hello.is_set() {
            Stage::Tls
        } else {
            Stage::Connect
        };
        FailureKind::Deadline { during, after: self.deadline.saturating_duration_since(self.started) }
    }

    fn failure(&mut self, kind: FailureKind) -> Failure {
        let mut phases = self.past;
        phases += self.trace.phases(None);
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        let context = FailureContext {
            target: format!("{host}:{port}"),
            phases,
            redirects: std::mem::take(&mut self.redirects),
            dispatched: self.trace.dispatched.is_set(),
            answered: self.trace.head.is_set(),
            sent: self.sent(Version::HTTP_11),
        };
        Failure { kind, context: Box::new(context) }
    }
}

fn trace(url: &Url) -> Arc<Trace> {
    Trace::new(url.port_or_known_default().unwrap_or_default())
}

fn add_host(headers: &mut HeaderMap, url: &Url) {
    if headers.contains_key(HOST) {
        return;
    }
    if let Ok(host) = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]) {
        headers.insert(HOST, host);
    }
}
