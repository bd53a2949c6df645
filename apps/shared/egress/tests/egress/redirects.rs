//! Redirects are followed by hand: what is asked next, and what is not handed on.

use egress::{FailureKind, Jar, MAX_REDIRECTS};
use http::{Method, StatusCode};
use testkit::target::{Reply, Target};

use crate::{anywhere, failure, following, get, post, send, with};

#[tokio::test]
async fn a_redirect_is_the_response_unless_it_should_be_followed() {
    let target = Target::start().await;
    target.on("/", Reply::redirect("/there"));
    let response = send(get(&target.url("/"))).await.unwrap();
    assert_eq!(response.status, StatusCode::FOUND);
    assert!(response.redirects.is_empty());
}

#[tokio::test]
async fn redirects_are_followed_and_told() {
    let target = Target::start().await;
    target.on("/", Reply::redirect("/a?x=1").status(301).body("moved"));
    target.on("/a", Reply::redirect(target.url("/b")).status(307));
    target.on("/b", Reply::text("here"));
    let response = send(following(with(get(&target.url("/")), "authorization", "Bearer mine"))).await.unwrap();
    assert_eq!(response.body, "here");
    assert_eq!(response.url.as_str(), target.url("/b"));
    let told: Vec<(u16, &str)> =
        response.redirects.iter().map(|hop| (hop.status.as_u16(), hop.location.as_str())).collect();
    assert_eq!(told, [(301, target.url("/a?x=1").as_str()), (307, target.url("/b").as_str())]);
    let requests = target.requests();
    assert!(requests.iter().all(|request| request.header("authorization") == Some("Bearer mine")));
    assert_eq!(target.counts().connections, 1, "the connection is kept");
}

#[tokio::test]
async fn the_method_and_the_body_change_as_browsers_do_it() {
    for (status, method, then) in [
        (301, Method::POST, "GET"),
        (302, Method::POST, "GET"),
        (303, Method::POST, "GET"),
        (307, Method::POST, "POST"),
        (308, Method::POST, "POST"),
        (301, Method::PUT, "PUT"),
        (303, Method::PUT, "GET"),
        (303, Method::HEAD, "HEAD"),
    ] {
        let target = Target::start().await;
        target.on("/", Reply::redirect("/there").status(status)).on("/there", Reply::ok());
        let mut request = with(post(&target.url("/"), "data"), "content-type", "text/plain");
        request.method = method.clone();
        let response = send(following(request)).await.unwrap();
        let second = &target.requests()[1];
        assert_eq!(second.method, then, "{status} after {method}");
        assert_eq!(response.sent.method, then);
        let kept = then == method.as_str();
        assert_eq!(second.text(), if kept { "data" } else { "" }, "{status} after {method}");
        assert_eq!(second.header("content-type").is_some(), kept);
    }
}

#[tokio::test]
async fn another_host_gets_neither_the_customers_headers_nor_the_body() {
    let (here, there) = (Target::start().await, Target::start().await);
    for status in [301, 302, 303, 307, 308] {
        here.on("/", Reply::redirect(there.url("/")).status(status));
        there.on("/", Reply::ok());
        let request = with(with(post(&here.url("/"), "secret"), "authorization", "secret"), "cookie", "a=secret");
        let request = with(with(request, "x-api-key", "secret"), "content-type", "text/secret");
        let before = there.requests().len();
        let response = send(following(request)).await.unwrap();
        let request = &there.requests()[before];
        assert_eq!(request.text(), "", "{status}");
        assert!(request.headers.iter().all(|(_, value)| !value.contains("secret")), "{:?}", request.headers);
        assert!(response.sent.headers.values().all(|value| value != "secret"));
        assert!(response.sent.body.is_none());
    }
}

#[tokio::test]
async fn headers_once_dropped_do_not_come_back() {
    let (here, there) = (Target::start().await, Target::start().await);
    here.on("/", Reply::redirect(there.url("/"))).on("/back", Reply::ok());
    there.on("/", Reply::redirect(here.url("/back")));
    send(following(with(get(&here.url("/")), "authorization", "mine"))).await.unwrap();
    assert_eq!(here.requests()[1].header("authorization"), None);
}

#[tokio::test]
async fn credentials_a_target_puts_into_a_redirect_are_ignored() {
    let target = Target::start().await;
    target.on("/", Reply::redirect(target.url("/there").replace("http://", "http://eve:x@"))).on("/there", Reply::ok());
    let response = send(following(get(&target.url("/")))).await.unwrap();
    assert_eq!(target.requests()[1].header("authorization"), None);
    assert_eq!(response.url.as_str(), target.url("/there"));
}

#[tokio::test]
async fn redirects_in_a_circle_are_told() {
    let target = Target::start().await;
    target.on("/a", Reply::redirect("/b")).on("/b", Reply::redirect("/a"));
    let begun = std::time::Instant::now();
    let failure = failure(following(get(&target.url("/a")))).await;
    assert!(matches!(failure.kind, FailureKind::RedirectLoop(_)), "{failure}");
    assert!(failure.to_string().contains("go in a circle"), "{failure}");
    assert!(failure.context.phases.total() <= begun.elapsed());
    assert!(!failure.is_connection());
    assert_eq!(target.requests().len(), MAX_REDIRECTS + 1);
}

#[tokio::test]
async fn redirects_without_end_are_told() {
    let target = Target::start().await;
    let next = |request: &testkit::target::Received| Reply::redirect(format!("{}x", request.target));
    let mut path = "/".to_owned();
    for _ in 0..=MAX_REDIRECTS {
        target.on(&path, Reply::made(next));
        path.push('x');
    }
    let failure = failure(following(get(&target.url("/")))).await;
    assert_eq!(failure.kind, FailureKind::TooManyRedirects);
    assert_eq!(failure.context.redirects.len(), MAX_REDIRECTS);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_told() {
    let target = Target::start().await;
    target.on("/", Reply::redirect("http://[broken"));
    let failure = failure(following(get(&target.url("/")))).await;
    assert_eq!(failure.kind, FailureKind::BadRedirect("http://[broken".into()));
    target.on("/", Reply::ok().status(302));
    let response = send(following(get(&target.url("/")))).await.unwrap();
    assert_eq!(response.status, StatusCode::FOUND, "without a location there is nothing to follow");
}

#[tokio::test]
async fn a_login_that_redirects_back_to_itself_with_a_cookie_works() {
    let target = Target::start().await;
    target.on(
        "/",
        Reply::made(|request| match request.header("cookie") {
            Some("session=1") => Reply::text("welcome"),
            _ => Reply::redirect("/").header("set-cookie", "session=1; HttpOnly"),
        }),
    );
    let response = anywhere().send(following(get(&target.url("/"))), Some(&Jar::new())).await.unwrap();
    assert_eq!(response.body, "welcome");
}
