//! Servers that break the protocol or never finish. Each has a reason of its own, told in words.

use std::time::Duration;

use egress::{FailureKind, Stage};
use proptest::prelude::*;
use testkit::target::{Act, Reply, Target};
use tokio::time::Instant;

use crate::{LONG, MAX_BODY, failure, get, post, within};

const SOON: Duration = Duration::from_millis(300);

async fn scripted(acts: impl Into<Vec<Act>>) -> Target {
    let target = Target::start().await;
    target.on("/", acts.into());
    target
}

/// As a message tells it: a loaded machine may take a millisecond of a deadline before the clock starts.
fn millis(after: Duration) -> f64 {
    assert!(after <= SOON && after > SOON / 2, "{after:?}");
    (after.as_secs_f64() * 1000.0).round()
}

#[tokio::test]
async fn a_body_that_drips_runs_into_the_deadline() {
    let head = Act::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    let target = scripted([head, Act::Drip(vec![b'.'; 1000], Duration::from_millis(10))]).await;
    let started = Instant::now();
    let failure = failure(within(SOON, get(&target.url("/")))).await;
    let FailureKind::Deadline { during: Stage::Download(received), after } = failure.kind else { panic!("{failure}") };
    assert!(received > 0 && received < 100);
    assert!(started.elapsed() < LONG / 4);
    let told = format!("had not sent the whole body within {} ms (", millis(after));
    assert!(failure.to_string().contains(&told), "{failure}");
    assert!(!failure.is_connection());
    target.until(|counts| counts.closed == 1, "the connection to be given up").await;
}

#[tokio::test]
async fn headers_that_drip_run_into_the_deadline() {
    let target = scripted([Act::Drip(b"HTTP/1.1 200 OK\r\n".repeat(100), Duration::from_millis(10))]).await;
    let failure = failure(within(SOON, get(&target.url("/")))).await;
    assert!(matches!(failure.kind, FailureKind::Deadline { during: Stage::Wait, .. }), "{failure}");
    assert!(failure.context.phases.wait > SOON / 3);
    assert!(!failure.is_connection());
}

#[tokio::test]
async fn endless_interim_responses_run_into_the_deadline() {
    let target = scripted([Act::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())]).await;
    let failure = failure(within(SOON, get(&target.url("/")))).await;
    assert!(matches!(failure.kind, FailureKind::Deadline { during: Stage::Wait, .. }), "{failure}");
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    for endless in ["x-a: b\r\n", "x", "x-a: a long value that goes on and on and on\r\n"] {
        let target = scripted([Act::send("HTTP/1.1 200 OK\r\n"), Act::Repeat(endless.as_bytes().to_vec())]).await;
        let failure = failure(get(&target.url("/"))).await;
        assert_eq!(failure.kind, FailureKind::HeadersTooLarge, "{endless:?}");
    }
}

#[tokio::test]
async fn a_connection_closed_or_cut_before_the_response_is_told_apart() {
    for (acts, kind) in [
        (vec![], FailureKind::Closed),
        (vec![Act::send("HTTP/1.1 200 OK\r\nx-a: ")], FailureKind::Closed),
        (vec![Act::Reset], FailureKind::Reset),
    ] {
        let target = scripted(acts).await;
        let failed = failure(get(&target.url("/"))).await;
        assert_eq!(failed.kind, kind);
        assert!(failed.is_connection(), "a GET may be asked again");
        let failed = failure(post(&target.url("/"), "x")).await;
        assert!(!failed.is_connection(), "a POST may not");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_is_told() {
    for framing in ["content-length: 100\r\n\r\nonly this", "transfer-encoding: chunked\r\n\r\n64\r\nonly this"] {
        for end in [None, Some(Act::Reset)] {
            let mut acts = vec![Act::send(format!("HTTP/1.1 200 OK\r\n{framing}"))];
            acts.extend(end.map(|reset| [Act::Pause(Duration::from_millis(200)), reset]).into_iter().flatten());
            let target = scripted(acts).await;
            let failure = failure(get(&target.url("/"))).await;
            assert_eq!(failure.kind, FailureKind::ShortBody(9));
            assert!(failure.to_string().ends_with("in the middle of the body, after 9 bytes."), "{failure}");
            assert!(!failure.is_connection());
        }
    }
}

#[tokio::test]
async fn broken_chunks_are_told() {
    for chunks in ["zz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "fffffffffffffffff\r\nx", "-1\r\nx", "\r\n\r\n"]
    {
        let target =
            scripted([Act::send(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))]).await;
        assert_eq!(failure(get(&target.url("/"))).await.kind, FailureKind::BrokenBody, "{chunks:?}");
    }
}

#[tokio::test]
async fn garbage_is_not_http() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\u{1}\u{2}\u{3}",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        let target = scripted([Act::send(garbage), Act::Hold]).await;
        let failure = failure(get(&target.url("/"))).await;
        assert_eq!(failure.kind, FailureKind::NotHttp, "{garbage:?}");
    }
}

#[tokio::test]
async fn conflicting_lengths_are_not_http() {
    let target = scripted([Act::send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!")]).await;
    assert_eq!(failure(get(&target.url("/"))).await.kind, FailureKind::NotHttp);
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    for framing in ["transfer-encoding: chunked\r\n\r\n", "connection: close\r\n\r\n"] {
        let piece = b"400\r\n".iter().copied().chain([b'x'; 1024]).chain(*b"\r\n").collect();
        let target = scripted([Act::send(format!("HTTP/1.1 200 OK\r\n{framing}")), Act::Repeat(piece)]).await;
        let failure = failure(get(&target.url("/"))).await;
        assert_eq!(failure.kind, FailureKind::BodyTooLarge(MAX_BODY));
        assert!(failure.to_string().ends_with("is larger than 1 MiB."), "{failure}");
        target.until(|counts| counts.closed == 1, "the connection to be given up").await;
    }
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_not_even_read() {
    let target = scripted([Act::send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"), Act::Hold]).await;
    assert_eq!(failure(get(&target.url("/"))).await.kind, FailureKind::BodyTooLarge(MAX_BODY));
}

#[tokio::test]
async fn a_server_that_never_answers_runs_into_the_deadline() {
    let target = scripted([Act::Hold]).await;
    let failure = failure(within(SOON, post(&target.url("/"), "x"))).await;
    let FailureKind::Deadline { during: Stage::Wait, after } = failure.kind else { panic!("{failure}") };
    let (port, after) = (target.address().port(), millis(after));
    assert_eq!(failure.to_string(), format!("127.0.0.1:{port} did not answer within {after} ms."));
    target.until(|counts| counts.closed == 1, "the connection to be given up").await;
}

#[tokio::test]
async fn nothing_listening_is_told_by_host_and_port() {
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failure = failure(get(&format!("http://{address}/"))).await;
    assert_eq!(failure.to_string(), format!("Nothing listens at {address} (connection refused)."));
    assert!(failure.is_connection());
    assert!(!failure.was_sent());
    assert!(crate::failure(post(&format!("http://{address}/"), "x")).await.is_connection(), "nothing went out");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told() {
    let failure = failure(get("http://nobody.invalid/")).await;
    assert!(matches!(failure.kind, FailureKind::Dns(_)), "{failure:?}");
    assert!(failure.to_string().starts_with("The name of nobody.invalid:80 could not be looked up ("), "{failure}");
    assert!(failure.is_connection());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_hang_or_panic(
        begin in proptest::sample::select(vec!["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]),
        bytes: Vec<u8>,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let target = scripted([Act::send(begin), Act::Send(bytes)]).await;
            if let Err(failure) = crate::send(get(&target.url("/"))).await {
                assert!(!matches!(failure.kind, FailureKind::Deadline { .. } | FailureKind::Other(_)), "{failure:?}");
            }
        });
    }
}

#[tokio::test]
async fn a_deadline_in_the_past_fails_at_once() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let failure = failure(within(Duration::ZERO, get(&target.url("/")))).await;
    assert!(matches!(failure.kind, FailureKind::Deadline { .. }), "{failure}");
    assert_eq!(target.counts().connections, 0);
}
