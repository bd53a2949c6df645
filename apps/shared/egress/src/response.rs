//! What came back, faithfully.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use jiff::Timestamp;
use reqwest::tls::TlsInfo;
use url::Url;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::Phases;

/// A whole response.
#[derive(Debug)]
pub struct Response {
    /// The status line's code.
    pub status: StatusCode,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub version: Version,
    /// As received: `content-encoding` and `content-length` describe the body on the wire.
    pub headers: HeaderMap,
    /// The body, gzip, deflate and brotli undone; at most the request's `max_body` bytes.
    pub body: Bytes,
    /// How many bytes of body came over the wire.
    pub received: usize,
    /// Where this response came from, after redirects.
    pub url: Url,
    /// The redirects on the way, in order.
    pub redirects: Vec<Hop>,
    /// Where the time went, summed over all hops.
    pub phases: Phases,
    /// Who answered.
    pub remote: Option<SocketAddr>,
    /// The server's certificate; none over plain HTTP.
    pub certificate: Option<Certificate>,
    /// The request of the last hop as it went out.
    pub sent: SentRequest,
}

/// One redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    /// The absolute URL it led to.
    pub location: Url,
}

/// A request as it went out.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// After redirects this may be GET where the first was POST.
    pub method: Method,
    /// Without user name and password.
    pub url: Url,
    /// Every header, those this crate and HTTP add included.
    pub headers: HeaderMap,
    /// None if no body was sent.
    pub body: Option<Bytes>,
}

/// The certificate a server showed.
#[derive(Clone, Debug)]
pub struct Certificate(TlsInfo);

impl Certificate {
    pub(crate) fn new(info: TlsInfo) -> Option<Certificate> {
        info.peer_certificate().is_some().then_some(Certificate(info))
    }

    /// The certificate itself, DER.
    pub fn der(&self) -> &[u8] {
        self.0.peer_certificate().unwrap_or_default()
    }

    /// The last moment at which it is valid; none if it cannot be read.
    pub fn not_after(&self) -> Option<Timestamp> {
        let (_, certificate) = X509Certificate::from_der(self.der()).ok()?;
        Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
    }
}
