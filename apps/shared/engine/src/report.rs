//! Requests and responses as a report shows them: masked, cut, without bytes that are no text.

use std::borrow::Cow;

use domain::{
    Elapsed,
    report::{BODY_SHOWN, BodyReport, Headers, Phases, Redirect, RequestReport, ResponseReport},
};
use egress::{Hop, Response, SentRequest};
use http::{
    HeaderMap, HeaderName, Method, Version,
    header::{AUTHORIZATION, PROXY_AUTHORIZATION},
};
use url::Url;

use crate::{
    body::Charset,
    mask::{MASK, Masker},
};

/// A URL without what is secret in it.
pub fn url(url: &Url, masker: &Masker) -> String {
    if url.password().is_none() {
        return masker.text(url.as_str()).into_owned();
    }
    let mut shown = url.clone();
    // Cannot fail for URLs that have a host.
    let _ = shown.set_password(Some("***"));
    masker.text(shown.as_str()).into_owned()
}

/// A request as it was sent.
pub fn request(sent: &SentRequest, masker: &Masker) -> RequestReport {
    RequestReport {
        method: method(&sent.method),
        url: url(&sent.url, masker),
        headers: headers(&sent.headers, masker),
        body: sent.body.as_ref().map(|bytes| body(bytes, Charset::of(&sent.headers), masker)),
    }
}

/// The usual ones without a copy.
fn method(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => "GET".into(),
        Method::POST => "POST".into(),
        _ => method.to_string().into(),
    }
}

/// A response as it came.
pub fn response(response: &Response, masker: &Masker) -> ResponseReport {
    let version = match response.version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    };
    ResponseReport {
        status: response.status.as_u16(),
        version: version.into(),
        headers: headers(&response.headers, masker),
        body: body(&response.body, Charset::of(&response.headers), masker),
        remote_address: response.remote,
        redirects: redirects(&response.redirects, masker),
    }
}

fn redirects(hops: &[Hop], masker: &Masker) -> Vec<Redirect> {
    hops.iter().map(|hop| Redirect { status: hop.status.as_u16(), location: url(&hop.location, masker) }).collect()
}

/// Where the time of an attempt went.
pub fn phases(phases: &egress::Phases) -> Phases {
    Phases {
        dns: phases.dns.into(),
        connect: phases.connect.into(),
        tls: phases.tls.into(),
        wait: Elapsed::from(phases.queue) + phases.wait.into(),
        download: phases.download.into(),
    }
}

fn headers(headers: &HeaderMap, masker: &Masker) -> Headers {
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut shown = Headers::with_capacity(headers.len(), bytes);
    for (name, value) in headers {
        let text = text(value.as_bytes());
        shown.push(name.as_str(), &header(name, &text, masker));
    }
    shown
}

fn header<'v>(name: &HeaderName, value: &'v str, masker: &Masker) -> Cow<'v, str> {
    if *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION {
        // The scheme helps whoever looks for a mistake; the rest is a credential.
        return match value.split_once(' ') {
            Some((scheme, _)) => [&*masker.text(scheme), " ", MASK].concat().into(),
            None => MASK.into(),
        };
    }
    masker.text(value)
}

/// Nearly every value is UTF-8, and to check that is much cheaper than to mend what is not.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A body as far as it is shown.
fn body(bytes: &[u8], charset: Charset, masker: &Masker) -> BodyReport {
    let size = bytes.len() as u64;
    let window = &bytes[..bytes.len().min(BODY_SHOWN + masker.reach())];
    let text = match charset {
        Charset::Latin1 => Some(charset.decode(window)),
        Charset::Utf8 => match std::str::from_utf8(window) {
            Ok(text) => Some(text.into()),
            // Cut within a character, by us.
            Err(error) if error.error_len().is_none() && window.len() < bytes.len() => {
                std::str::from_utf8(&window[..error.valid_up_to()]).ok().map(Into::into)
            }
            Err(_) => None,
        },
    };
    match text.filter(|text| !text.contains('\0')) {
        None => BodyReport { text: String::new(), size, cut: !bytes.is_empty(), binary: true },
        Some(text) => {
            let (shown, cut) = masker.cut(&text, BODY_SHOWN);
            BodyReport { text: shown.into_owned(), size, cut: cut || window.len() < bytes.len(), binary: false }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> BodyReport {
        body(bytes, Charset::Utf8, &Masker::default())
    }

    #[test]
    fn bodies_are_cut_between_characters_and_binary_ones_are_not_shown() {
        assert_eq!(shown(b"ab"), BodyReport { text: "ab".into(), size: 2, cut: false, binary: false });
        let long = format!("a{}", "é".repeat(BODY_SHOWN));
        let report = shown(long.as_bytes());
        assert_eq!((report.text.len(), report.size, report.cut), (BODY_SHOWN - 1, long.len() as u64, true));
        assert!(shown(b"\x89PNG\r\n\x1a\n\x00\xff").binary);
        assert!(shown(b"caf\xe9").binary);
        assert!(shown(b"a\0b").binary);
        assert!(!shown(b"").cut);
    }

    #[test]
    fn a_secret_across_the_cut_of_a_body_is_masked() {
        let mut masker = Masker::default();
        masker.add_text("hunter22").unwrap();
        let text = format!("{}hunter22 and more", "x".repeat(BODY_SHOWN - 3));
        let report = body(text.as_bytes(), Charset::Utf8, &masker);
        assert!(report.cut && report.text.ends_with("x•••"));
    }

    #[test]
    fn credentials_in_headers_and_urls_never_show() {
        let masker = Masker::default();
        assert_eq!(header(&AUTHORIZATION, "Bearer abc", &masker), "Bearer •••");
        assert_eq!(header(&AUTHORIZATION, "abc", &masker), "•••");
        let shown = url(&Url::parse("https://u:p@h/x").unwrap(), &masker);
        assert_eq!(shown, "https://u:***@h/x");
    }
}
