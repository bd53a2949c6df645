//! From the errors of reqwest, hyper, rustls, h2 and the operating system to ours. The innermost
//! cause that is understood counts.

use std::error::Error;
use std::io;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::failure::{CertificateProblem, FailureKind};
use crate::policy::Blocked;
use crate::resolver::LookupFailed;

/// What `http::Uri` holds, in bytes.
const LONGEST_URL: usize = 65_534;

/// What an error before the response's head means.
pub(crate) fn before_response(error: &reqwest::Error) -> FailureKind {
    if error.is_builder() {
        let long = error.url().is_some_and(|url| url.as_str().len() > LONGEST_URL);
        let why = if long { "its URL is longer than 64 KiB" } else { "HTTP has no way to write its URL" };
        return FailureKind::Unsendable(why.to_owned());
    }
    let timeout = (error.is_timeout() && error.is_connect()).then_some(FailureKind::ConnectTimeout);
    walk(error, &|cause| understand(cause, error.is_connect()))
        .or(timeout)
        .unwrap_or_else(|| FailureKind::Other(innermost(error)))
}

/// What an error within the response's body means, after `received` bytes of it.
pub(crate) fn within_body(error: &reqwest::Error, received: usize) -> FailureKind {
    let kind = walk(error, &|cause| understand_body(cause, received));
    kind.unwrap_or_else(|| FailureKind::Other(innermost(error)))
}

type Cause<'e> = &'e (dyn Error + 'static);

/// Goes through the causes from the outside in and keeps the last answer.
fn walk(error: Cause<'_>, understand: &dyn Fn(Cause<'_>) -> Option<FailureKind>) -> Option<FailureKind> {
    let mut answer = None;
    let mut next = Some(error);
    while let Some(cause) = next {
        answer = understand(cause).or(answer);
        next = inside(cause);
    }
    answer
}

/// An `io::Error` tells the cause of what it wraps, not what it wraps.
fn inside(cause: Cause<'_>) -> Option<Cause<'_>> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

fn innermost(error: Cause<'_>) -> String {
    let mut cause = error;
    while let Some(next) = inside(cause) {
        cause = next;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}

fn understand(cause: Cause<'_>, connecting: bool) -> Option<FailureKind> {
    if let Some(blocked) = cause.downcast_ref::<Blocked>() {
        return Some(FailureKind::Blocked(blocked.clone()));
    }
    if let Some(LookupFailed(error)) = cause.downcast_ref() {
        let why = error.to_string();
        let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
        return Some(FailureKind::Dns(why.to_owned()));
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return http2(error);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return http1(error);
    }
    cause.downcast_ref::<io::Error>().and_then(|error| system(error, connecting))
}

fn understand_body(cause: Cause<'_>, received: usize) -> Option<FailureKind> {
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return http2(error);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return if error.is_incomplete_message() {
            Some(FailureKind::ShortBody(received))
        } else if error.is_parse() {
            Some(FailureKind::BrokenBody)
        } else {
            None
        };
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Some(FailureKind::BrokenBody),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(FailureKind::ShortBody(received)),
        _ => None,
    }
}

fn http1(error: &hyper::Error) -> Option<FailureKind> {
    // hyper has a method for this on servers only.
    if error.is_parse() && error.to_string().contains("too large") {
        Some(FailureKind::HeadersTooLarge)
    } else if error.is_parse() {
        Some(FailureKind::NotHttp)
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Some(FailureKind::Closed)
    } else {
        None
    }
}

fn http2(error: &h2::Error) -> Option<FailureKind> {
    if error.is_io() {
        return None;
    }
    let reason = error.reason()?;
    // Raised here, not there: the headers passed one of h2's bounds.
    if error.is_library() && reason == h2::Reason::ENHANCE_YOUR_CALM {
        return Some(FailureKind::HeadersTooLarge);
    }
    if error.is_go_away() && reason == h2::Reason::NO_ERROR {
        return Some(FailureKind::Closed);
    }
    let what = if error.is_library() {
        "what it sent is not HTTP/2, or its headers are too large"
    } else {
        reason.description()
    };
    Some(FailureKind::Http2(format!("{what} ({reason:?})")))
}

fn system(error: &io::Error, connecting: bool) -> Option<FailureKind> {
    use io::ErrorKind as E;
    Some(match error.kind() {
        E::ConnectionRefused => FailureKind::Refused,
        E::HostUnreachable | E::NetworkUnreachable | E::NetworkDown => FailureKind::Unreachable,
        E::TimedOut if connecting => FailureKind::ConnectTimeout,
        E::UnexpectedEof | E::ConnectionReset | E::BrokenPipe if connecting => FailureKind::HandshakeCut,
        E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe => FailureKind::Reset,
        E::UnexpectedEof => FailureKind::Closed,
        _ => return None,
    })
}

fn tls(error: &rustls::Error) -> FailureKind {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(problem) => FailureKind::Certificate(certificate(problem)),
        E::InvalidMessage(InvalidMessage::InvalidContentType) => FailureKind::NotTls,
        E::AlertReceived(alert) => FailureKind::Handshake(alerted(*alert)),
        E::PeerIncompatible(_) => FailureKind::Handshake("it offers no common TLS version or cipher".to_owned()),
        error => FailureKind::Handshake(error.to_string()),
    }
}

fn alerted(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure => "it refused the handshake".to_owned(),
        AlertDescription::ProtocolVersion => "it does not offer TLS 1.2 or newer".to_owned(),
        AlertDescription::UnrecognisedName => "it does not know this name".to_owned(),
        AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
            "it asks for a client certificate".to_owned()
        }
        AlertDescription::InternalError => "it reported an internal error".to_owned(),
        alert => format!("it answered with the alert {alert:?}"),
    }
}

fn certificate(problem: &CertificateError) -> CertificateProblem {
    use CertificateError as E;
    match problem {
        E::Expired => CertificateProblem::Expired(None),
        E::ExpiredContext { not_after, .. } => CertificateProblem::Expired(time(*not_after)),
        E::NotValidYet => CertificateProblem::NotYetValid(None),
        E::NotValidYetContext { not_before, .. } => CertificateProblem::NotYetValid(time(*not_before)),
        E::UnknownIssuer | E::BadSignature => CertificateProblem::UnknownIssuer,
        E::NotValidForName => CertificateProblem::WrongName(Vec::new()),
        E::NotValidForNameContext { presented, .. } => {
            CertificateProblem::WrongName(presented.iter().map(|name| plain_name(name)).collect())
        }
        E::Revoked => CertificateProblem::Revoked,
        E::Other(other) => CertificateProblem::Other(other.0.to_string()),
        problem => CertificateProblem::Other(format!("{problem:?}")),
    }
}

/// webpki writes `DnsName("example.com")`.
fn plain_name(name: &str) -> String {
    let inner = name.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    inner.unwrap_or(name).to_owned()
}

fn time(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()
}
