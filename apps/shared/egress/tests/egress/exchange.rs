//! What goes out and what comes back when everything is as it should be.

use egress::FailureKind;
use http::{Method, StatusCode, Version};
use testkit::target::{Act, Reply, Target};

use crate::{anywhere, get, post, send, with};

#[tokio::test]
async fn a_response_is_returned_as_it_came() {
    let target = Target::start().await;
    target.on("/thing", Reply::json("{}").status(418).header("X-Two", "1").header("X-Two", "2"));
    let response = send(get(&target.url("/thing?q=1"))).await.unwrap();
    assert_eq!(response.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(response.version, Version::HTTP_11);
    assert_eq!(response.headers["content-length"], "2");
    assert_eq!(response.headers.get_all("x-two").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(response.body, "{}");
    assert_eq!(response.url.as_str(), target.url("/thing?q=1"));
    assert_eq!(response.remote, Some(target.address()));
    assert!(response.redirects.is_empty());
    assert!(response.certificate.is_none());
}

#[tokio::test]
async fn the_headers_reported_as_sent_are_those_that_arrived() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let request = with(with(post(&target.url("/"), "hello"), "x-mine", "a"), "x-mine", "b");
    let response = send(request).await.unwrap();
    let mut sent: Vec<(String, String)> = response
        .sent
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let mut arrived = target.requests().remove(0).headers;
    sent.sort();
    arrived.sort();
    assert_eq!(sent, arrived);
    assert!(sent.contains(&("content-length".into(), "5".into())));
    assert_eq!(response.sent.body.unwrap(), "hello");
}

#[tokio::test]
async fn what_the_customer_sets_is_not_overwritten() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let request = with(with(get(&target.url("/")), "user-agent", "mine"), "host", "example.com");
    send(with(request, "accept-encoding", "identity")).await.unwrap();
    let request = &target.requests()[0];
    assert_eq!(request.header("user-agent"), Some("mine"));
    assert_eq!(request.header("host"), Some("example.com"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_eq!(request.headers.iter().filter(|(name, _)| name == "host").count(), 1);
}

#[tokio::test]
async fn a_customer_cannot_frame_the_body_otherwise_than_it_is() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let request =
        with(with(post(&target.url("/"), "0123456789"), "content-length", "3"), "transfer-encoding", "chunked");
    send(request).await.unwrap();
    let request = &target.requests()[0];
    assert_eq!(request.header("content-length"), Some("10"));
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.text(), "0123456789");
}

#[tokio::test]
async fn a_post_without_a_body_has_a_length_and_a_get_has_none() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let mut request = get(&target.url("/"));
    send(request.clone()).await.unwrap();
    request.method = Method::POST;
    send(request).await.unwrap();
    let requests = target.requests();
    assert_eq!(requests[0].header("content-length"), None);
    assert_eq!(requests[1].header("content-length"), Some("0"));
}

#[tokio::test]
async fn credentials_in_the_url_become_basic_authorization() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let url = target.url("/").replace("http://", "http://ada:p%40ss@");
    let response = send(get(&url)).await.unwrap();
    assert_eq!(target.requests()[0].header("authorization"), Some("Basic YWRhOnBAc3M="));
    assert_eq!(response.url.as_str(), target.url("/"));
    send(with(get(&url), "authorization", "Bearer mine")).await.unwrap();
    assert_eq!(target.requests()[1].header("authorization"), Some("Bearer mine"));
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let target = Target::start().await;
    target.on("/", Reply::text("hello"));
    let egress = anywhere();
    for _ in 0..5 {
        egress.send(get(&target.url("/")), None).await.unwrap();
    }
    assert_eq!(target.counts().connections, 1);
    egress.clone().send(get(&target.url("/")), None).await.unwrap();
    assert_eq!(target.counts().connections, 1, "clones share connections");
    anywhere().send(get(&target.url("/")), None).await.unwrap();
    assert_eq!(target.counts().connections, 2, "other clients have their own");
}

#[tokio::test]
async fn a_head_request_has_headers_only() {
    let target = Target::start().await;
    target.on("/", Reply::text("hello").header("content-encoding", "gzip"));
    let mut request = get(&target.url("/"));
    request.method = Method::HEAD;
    let response = send(request).await.unwrap();
    assert_eq!(response.headers["content-length"], "5");
    assert_eq!(response.body, "");
}

#[tokio::test]
async fn an_own_method_is_sent_and_connect_is_not() {
    let target = Target::start().await;
    target.on("PURGE /", Reply::ok());
    let mut request = get(&target.url("/"));
    request.method = Method::from_bytes(b"PURGE").unwrap();
    assert_eq!(send(request.clone()).await.unwrap().status, StatusCode::OK);
    request.method = Method::CONNECT;
    let failure = send(request).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Unsendable(_)), "{failure}");
    assert_eq!(target.counts().requests, 1);
}

#[tokio::test]
async fn an_idempotent_request_is_sent_again_if_a_kept_connection_turns_out_closed() {
    let target = Target::start().await;
    target.on_each("/", [Reply::ok(), Reply::script([]), Reply::text("again")]);
    let egress = anywhere();
    egress.send(get(&target.url("/")), None).await.unwrap();
    let response = egress.send(get(&target.url("/")), None).await.unwrap();
    assert_eq!(response.body, "again");
    assert_eq!(target.counts().requests, 3);
}

#[tokio::test]
async fn a_post_is_never_sent_again() {
    let target = Target::start().await;
    target.on_each("/", [Reply::ok(), Reply::script([])]);
    let egress = anywhere();
    egress.send(get(&target.url("/")), None).await.unwrap();
    let failure = egress.send(post(&target.url("/"), "pay"), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Closed);
    assert!(failure.was_sent());
    assert!(!failure.is_connection(), "it may have been done");
    assert_eq!(target.received(2).await.len(), 2);
}

#[tokio::test]
async fn requests_side_by_side_get_their_own_responses() {
    let target = Target::start().await;
    for n in 0..64 {
        target.on(&format!("/{n}"), Reply::made(|request| Reply::text(request.target.clone())));
    }
    let egress = anywhere();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let (egress, url) = (egress.clone(), target.url(&format!("/{n}")));
        tasks.spawn(async move {
            for _ in 0..5 {
                let response = egress.send(get(&url), None).await.unwrap();
                assert_eq!(response.body, format!("/{n}"));
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(target.requests().len(), 5 * 64);
}

#[tokio::test]
async fn a_url_that_is_too_long_is_told_and_not_sent() {
    let target = Target::start().await;
    let failure = send(get(&target.url(&format!("/{}", "x".repeat(70_000))))).await.unwrap_err();
    assert_eq!(failure.to_string(), "The request cannot be sent: its URL is longer than 64 KiB.");
    assert_eq!(target.counts().connections, 0);
}

#[tokio::test]
async fn interim_responses_are_passed_over() {
    let target = Target::start().await;
    let bytes =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    target.on("/", vec![Act::send(bytes)]);
    assert_eq!(send(get(&target.url("/"))).await.unwrap().status, StatusCode::NO_CONTENT);
}
