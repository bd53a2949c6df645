//! Refuses requests that change something and were caused by another site (CSRF). Browsers say where
//! a request comes from in `Sec-Fetch-Site`, older ones in `Origin`; a client that says neither is no
//! browser and carries nobody's cookies unasked.

use actix_web::{
    Error, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    http::header::{self, HeaderMap, HeaderValue},
    middleware::Next,
    web::Data,
};
use url::Url;

use crate::{error::WebError, state::State};

pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    let origin = request.app_data::<Data<State>>().map(|state| &state.origin);
    if changes && !is_our_own(request.headers(), origin) {
        return Ok(request.into_response(WebError::CrossSite.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_our_own(headers: &HeaderMap, configured: Option<&Url>) -> bool {
    let text = |value: &HeaderValue| value.to_str().unwrap_or("unreadable").to_ascii_lowercase();
    if let Some(site) = headers.get("sec-fetch-site").map(text) {
        // `none`: typed or bookmarked by the person.
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN).map(text) else { return true };
    if configured.is_some_and(|ours| ours.origin().ascii_serialization() == origin) {
        return true;
    }
    // Reached under another of our names: another site cannot choose the `Host` a browser sends.
    match (origin.split_once("://"), headers.get(header::HOST).map(text)) {
        (Some((_, authority)), Some(host)) => authority == host,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    fn passes(given: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_our_own(&headers, Some(&"https://smokex.example".parse().unwrap()))
    }

    #[test]
    fn what_the_browser_says_about_the_site_decides() {
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://smokex.example")]));
        assert!(passes(&[("sec-fetch-site", "none")]));
        assert!(!passes(&[("sec-fetch-site", "same-site"), ("origin", "https://smokex.example")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "")]));
    }

    #[test]
    fn else_the_origin_decides() {
        assert!(passes(&[("origin", "https://smokex.example")]));
        assert!(passes(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(!passes(&[("origin", "https://evil.example"), ("host", "smokex.example")]));
        assert!(!passes(&[("origin", "null"), ("host", "smokex.example")]));
        assert!(!passes(&[("origin", "http://smokex.example")]), "another scheme is another origin");
    }

    #[test]
    fn a_client_that_is_no_browser_passes() {
        assert!(passes(&[]));
    }
}
