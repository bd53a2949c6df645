//! HTTP/2, chosen by the server during the TLS handshake.

use std::net::SocketAddr;

use bytes::Bytes;
use egress::{Egress, FailureKind, Policy};
use h2::Reason;
use h2::server::SendResponse;
use http::{Response, Version};
use testkit::target::Authority;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::{get, post};

struct Server {
    address: SocketAddr,
    connections: mpsc::UnboundedReceiver<()>,
}

/// Serves every stream of every connection with `answer`.
async fn serve(
    authority: &Authority,
    answer: impl Fn(http::Request<h2::RecvStream>, SendResponse<Bytes>) + Clone + Send + 'static,
) -> Server {
    let acceptor = authority.issue(&["localhost"]).acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (opened, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            let _ = opened.send(());
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(acceptor.accept(socket).await?).await?;
                while let Some(Ok((request, respond))) = connection.accept().await {
                    answer(request, respond);
                }
                Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
            });
        }
    });
    Server { address, connections }
}

impl Server {
    fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }
}

#[tokio::test]
async fn requests_share_one_connection() {
    let authority = Authority::new();
    let mut server = serve(&authority, |request, mut respond| {
        assert_eq!(request.version(), Version::HTTP_2);
        assert!(request.headers().get("host").is_none());
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data("hello".into(), true).unwrap();
    })
    .await;
    let egress = Egress::new(Policy::any().trust(authority.der()));
    for _ in 0..3 {
        let response = egress.send(get(&server.url()), None).await.unwrap();
        assert_eq!((response.version, &response.body[..]), (Version::HTTP_2, &b"hello"[..]));
        assert!(response.certificate.is_some());
        assert!(response.sent.headers.get("host").is_none());
    }
    let again = egress.send(post(&server.url(), "data"), None).await.unwrap();
    assert_eq!(again.phases.connect, std::time::Duration::ZERO);
    assert!(server.connections.recv().await.is_some());
    assert!(server.connections.try_recv().is_err(), "there is but one connection");
}

#[tokio::test]
async fn a_stream_that_is_reset_is_told_with_its_reason() {
    let authority = Authority::new();
    let server = serve(&authority, |_, mut respond| respond.send_reset(Reason::ENHANCE_YOUR_CALM)).await;
    let egress = Egress::new(Policy::any().trust(authority.der()));
    let failure = egress.send(get(&server.url()), None).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Http2(_)), "{failure:?}");
    assert!(failure.to_string().contains("ENHANCE_YOUR_CALM"), "{failure}");
    let failure = egress.send(post(&server.url(), "x"), None).await.unwrap_err();
    assert!(!failure.is_connection());
}

#[tokio::test]
async fn a_body_that_is_reset_midway_is_told() {
    let authority = Authority::new();
    let server = serve(&authority, |_, mut respond| {
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data("hello".into(), false).unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            body.send_reset(Reason::INTERNAL_ERROR);
        });
    })
    .await;
    let egress = Egress::new(Policy::any().trust(authority.der()));
    let failure = egress.send(get(&server.url()), None).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Http2(_)), "{failure:?}");
    assert!(!failure.is_connection());
}

#[tokio::test]
async fn headers_without_measure_are_cut_off() {
    let authority = Authority::new();
    for headers in [20, 100] {
        let server = serve(&authority, move |_, mut respond| {
            let mut response = Response::new(());
            for n in 0..headers {
                let name = http::HeaderName::try_from(format!("x-{n}")).unwrap();
                response.headers_mut().insert(name, "x".repeat(4000).parse().unwrap());
            }
            let _ = respond.send_response(response, true);
        })
        .await;
        let egress = Egress::new(Policy::any().trust(authority.der()));
        let failure = egress.send(get(&server.url()), None).await.unwrap_err();
        assert!(failure.to_string().contains("headers"), "{failure}");
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_in_good_order_does_not_fail_the_next_request() {
    let authority = Authority::new();
    let acceptor = authority.issue(&["localhost"]).acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        // Each connection serves one request and says goodbye.
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(acceptor.accept(socket).await.unwrap()).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    respond.send_response(Response::new(()), true).unwrap();
                    connection.graceful_shutdown();
                }
            });
        }
    });
    let egress = Egress::new(Policy::any().trust(authority.der()));
    for _ in 0..20 {
        egress.send(get(&url), None).await.unwrap();
    }
}
