//! Why there is no response, in sentences for a person whose production just broke.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use url::Url;

use crate::policy::Blocked;
use crate::{Hop, Phases, SentRequest};

/// A request without a (whole) response. Displays as one plain sentence.
#[derive(Debug)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// When and where.
    pub context: Box<FailureContext>,
}

/// When and where a request failed.
#[derive(Debug)]
pub struct FailureContext {
    /// `host:port` of the hop that failed.
    pub target: String,
    /// Where the time went until then, summed over all hops.
    pub phases: Phases,
    /// The redirects followed before, in order.
    pub redirects: Vec<Hop>,
    /// The request of the hop that failed. It may not have gone out: see [`Failure::was_sent`].
    pub sent: SentRequest,
    pub(crate) dispatched: bool,
    pub(crate) answered: bool,
}

/// What can happen to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// It may not go there.
    Blocked(Blocked),
    /// It cannot be written as HTTP; why.
    Unsendable(String),
    /// The name could not be looked up; why.
    Dns(String),
    /// Nothing listens there.
    Refused,
    /// No network leads there.
    Unreachable,
    /// No answer to the attempt to connect.
    ConnectTimeout,
    /// The connection was cut while TLS was being set up.
    HandshakeCut,
    /// TLS could not be set up; why.
    Handshake(String),
    /// The other side does not speak TLS.
    NotTls,
    /// The certificate is not acceptable.
    Certificate(CertificateProblem),
    /// The connection was cut before the response.
    Reset,
    /// The connection was closed before the response.
    Closed,
    /// What came is not HTTP.
    NotHttp,
    /// The response's headers do not end, or not soon enough.
    HeadersTooLarge,
    /// The connection ended within the response's body, after this many bytes.
    ShortBody(usize),
    /// The response's body is not framed as HTTP demands, for instance its chunks.
    BrokenBody,
    /// The decoded body is larger than this many bytes.
    BodyTooLarge(usize),
    /// The body is not what `content-encoding` says; which.
    Undecodable(String),
    /// An HTTP/2 error; which.
    Http2(String),
    /// The deadline came.
    Deadline {
        /// What was going on then.
        during: Stage,
        /// How long the request was given.
        after: Duration,
    },
    /// A redirect that leads back to where it came from.
    RedirectLoop(Box<Url>),
    /// More redirects than are followed.
    TooManyRedirects,
    /// A redirect to something that is no URL; what.
    BadRedirect(String),
    /// Something else; what.
    Other(String),
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It is no longer valid.
    #[error("has expired{}", moment(" on ", *.0))]
    Expired(Option<Timestamp>),
    /// It is not valid yet.
    #[error("is not valid yet{}", moment(", only from ", *.0))]
    NotYetValid(Option<Timestamp>),
    /// No trusted issuer stands behind it.
    #[error("is not issued by anyone trusted (self-signed, or the server does not send the chain)")]
    UnknownIssuer,
    /// It is for other names.
    #[error("is for another name{}", names(.0))]
    WrongName(Vec<String>),
    /// Its issuer has withdrawn it.
    #[error("has been revoked")]
    Revoked,
    /// Something else; what.
    #[error("is not valid: {0}")]
    Other(String),
}

fn moment(before: &str, time: Option<Timestamp>) -> String {
    time.map(|time| format!("{before}{}", time.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default()
}

fn names(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" (it names {})", names.join(", ")) }
}

/// What a request was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for a connection.
    Queue,
    /// Looking the name up.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// Setting TLS up.
    Tls,
    /// Waiting for the response to begin.
    Wait,
    /// Receiving the body, of which this many bytes had come.
    Download(usize),
}

impl Failure {
    /// Whether bytes of the failed request may have reached the other side.
    pub fn was_sent(&self) -> bool {
        self.context.dispatched
    }

    /// Whether the connection failed before a response began, and sending again cannot make
    /// anything happen twice: nothing had gone out yet, or the method is idempotent.
    pub fn is_connection(&self) -> bool {
        use FailureKind as K;
        let connection = match &self.kind {
            K::Dns(_) | K::Refused | K::Unreachable | K::ConnectTimeout | K::HandshakeCut => true,
            K::Reset | K::Closed | K::Http2(_) => true,
            K::Deadline { during, .. } => matches!(during, Stage::Dns | Stage::Connect | Stage::Tls),
            _ => false,
        };
        connection && !self.context.answered && (!self.was_sent() || self.context.sent.method.is_idempotent())
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FailureKind as K;
        let target = &self.context.target;
        if let Some(hop) = self.context.redirects.last() {
            write!(f, "After a redirect to {}: ", hop.location)?;
        }
        match &self.kind {
            K::Blocked(blocked) => write!(f, "{blocked}"),
            K::Unsendable(why) => write!(f, "The request cannot be sent: {why}."),
            K::Dns(why) => write!(f, "The name of {target} could not be looked up ({why})."),
            K::Refused => write!(f, "Nothing listens at {target} (connection refused)."),
            K::Unreachable => write!(f, "{target} cannot be reached: there is no route to it."),
            K::ConnectTimeout => write!(f, "{target} did not accept a connection in time."),
            K::HandshakeCut => write!(f, "{target} closed the connection while TLS was being set up."),
            K::Handshake(why) => write!(f, "TLS with {target} could not be set up: {why}."),
            K::NotTls => write!(f, "{target} does not speak TLS; perhaps the URL should begin with http://."),
            K::Certificate(problem) => write!(f, "The certificate of {target} {problem}."),
            K::Reset => write!(f, "{target} cut the connection before it answered (connection reset)."),
            K::Closed => write!(f, "{target} closed the connection before it answered."),
            K::NotHttp => write!(f, "What {target} answered is not HTTP."),
            K::HeadersTooLarge => write!(f, "{target} sent more headers than are accepted."),
            K::ShortBody(got) => {
                write!(f, "{target} closed the connection in the middle of the body, after {}.", size(*got))
            }
            K::BrokenBody => write!(f, "The body that {target} sent is broken (its chunks do not follow HTTP)."),
            K::BodyTooLarge(limit) => write!(f, "The body that {target} sent is larger than {}.", size(*limit)),
            K::Undecodable(encoding) => {
                write!(f, "The body that {target} sent is announced as {encoding} but cannot be decoded.")
            }
            K::Http2(why) => write!(f, "The HTTP/2 exchange with {target} broke off: {why}."),
            K::Deadline { during, after } => deadline(f, target, *during, *after),
            K::RedirectLoop(url) => write!(f, "The redirects go in a circle: {url} leads back to itself."),
            K::TooManyRedirects => {
                write!(f, "There are still redirects after {}.", crate::MAX_REDIRECTS)
            }
            K::BadRedirect(location) => write!(f, "{target} redirects to `{location}`, which is no URL."),
            K::Other(why) => write!(f, "The request to {target} failed: {why}."),
        }
    }
}

fn deadline(f: &mut fmt::Formatter<'_>, target: &str, during: Stage, after: Duration) -> fmt::Result {
    let after = seconds(after);
    match during {
        Stage::Queue => write!(f, "No connection to {target} was to be had within {after}."),
        Stage::Dns => write!(f, "The name of {target} could not be looked up within {after}."),
        Stage::Connect => write!(f, "{target} did not accept a connection within {after}."),
        Stage::Tls => write!(f, "TLS with {target} could not be set up within {after}."),
        Stage::Wait => write!(f, "{target} did not answer within {after}."),
        Stage::Download(got) => {
            write!(f, "{target} had not sent the whole body within {after} ({} had come).", size(got))
        }
    }
}

fn seconds(time: Duration) -> String {
    let millis = (time.as_secs_f64() * 1000.0).round();
    if millis < 1000.0 { format!("{millis} ms") } else { format!("{} s", (millis / 100.0).round() / 10.0) }
}

fn size(bytes: usize) -> String {
    const KIB: usize = 1024;
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..1_048_576 => format!("{} KiB", bytes / KIB),
        _ => format!("{} MiB", bytes / (KIB * KIB)),
    }
}
