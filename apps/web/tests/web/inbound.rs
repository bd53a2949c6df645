//! Requests that come slowly, never, too large or twisted: an answer of 4xx, never a hang.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    app::{On, TestApp},
    raw,
};

async fn hasty() -> TestApp {
    TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.headers_within = Duration::from_millis(1000);
        config.limits.body_within = Duration::from_millis(1000);
    })
    .await
}

#[tokio::test]
async fn headers_that_never_end_are_cut_off() {
    let app = hasty().await;
    let answer = raw::send(app.address, b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(matches!(raw::status(&answer), 0 | 408), "{answer}");
    let demo = raw::send(app.demo_address, b"GET /demo/players HTTP/1.1\r\n").await;
    assert!(matches!(raw::status(&demo), 0 | 408), "{demo}");
}

#[tokio::test]
async fn a_body_that_never_comes_is_408() {
    let app = hasty().await;
    let request = b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 50\r\n\r\nemail=";
    assert_eq!(raw::status(&raw::send(app.address, request).await), 408);
    let chunked = b"POST /sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nemail\r\n";
    assert_eq!(raw::status(&raw::send(app.address, chunked).await), 408);
}

#[tokio::test]
async fn a_body_that_drips_is_408_at_its_deadline() {
    let app = hasty().await;
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
    let (mut reading, mut writing) = socket.into_split();
    let drip = tokio::spawn(async move {
        while writing.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut first = [0; 12];
    let read = tokio::io::AsyncReadExt::read_exact(&mut reading, &mut first);
    tokio::time::timeout(raw::HANGS, read).await.expect("it does not hang").unwrap();
    assert_eq!(&first, b"HTTP/1.1 408");
    drip.abort();
}

#[tokio::test]
async fn a_body_that_nobody_reads_holds_nothing_up() {
    let app = hasty().await;
    let request = b"POST /sign-out HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n";
    assert_eq!(raw::status(&raw::send(app.address, request).await), 303);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_announced_or_not() {
    let app = TestApp::start().await;
    let announced = b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n";
    assert_eq!(raw::status(&raw::send(app.address, announced).await), 413);
    let mut chunked = b"POST /sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'a'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(raw::status(&raw::send(app.address, &chunked).await), 413);
}

#[tokio::test]
async fn a_request_with_two_lengths_is_refused() {
    let app = TestApp::start().await;
    for lengths in ["content-length: 4\r\ntransfer-encoding: chunked", "content-length: 4\r\ncontent-length: 5"] {
        let request = format!("POST /sign-in HTTP/1.1\r\nhost: x\r\n{lengths}\r\n\r\n0\r\n\r\n");
        assert_eq!(raw::status(&raw::send(app.address, request.as_bytes()).await), 400, "{lengths}");
    }
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let app = TestApp::start().await;
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(1_000_000));
    let answer = raw::send(app.address, request.as_bytes()).await;
    assert!(matches!(raw::status(&answer), 0 | 400..=431), "{answer}");
}

#[tokio::test]
async fn garbage_is_400() {
    let app = TestApp::start().await;
    assert_eq!(raw::status(&raw::send(app.address, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await), 400);
}
