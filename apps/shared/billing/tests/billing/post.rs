//! Where webhooks arrive: as much of an HTTP server as they need.

use billing::{Billing, Received, Rejected};
use std::sync::{Arc, OnceLock};
use testkit::stripe::FakeStripe;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// A letter box that is open; closed when dropped.
pub struct Post(AbortHandle);

impl Drop for Post {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes webhooks for whoever sells, by the fake's clock.
pub fn open(listener: TcpListener, stripe: Arc<FakeStripe>, billing: Arc<OnceLock<Billing>>) -> Post {
    let serving = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let billing = billing.get().expect("nothing is told before there is somebody").clone().at(stripe.now());
            tokio::spawn(serve(connection, billing));
        }
    });
    Post(serving.abort_handle())
}

/// Answers requests as the web app does.
async fn serve(mut connection: TcpStream, billing: Billing) {
    let mut read = Vec::new();
    while let Some((head, body)) = request(&mut connection, &mut read).await {
        assert!(head.starts_with("POST /webhooks/stripe HTTP/1.1\r\n"), "{head}");
        let signature = header(&head, "stripe-signature").unwrap_or_default();
        let status = status(&billing.receive(&body, signature).await);
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\n\r\n");
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What a webhook is answered with.
pub fn status(received: &Result<Received, Rejected>) -> u16 {
    match received {
        Ok(_) => 200,
        Err(Rejected::Signature | Rejected::Malformed) => 400,
        Err(Rejected::Unavailable(_)) => 503,
    }
}

/// The head and the body of the next request; none at the end.
async fn request(connection: &mut TcpStream, read: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end + 4].to_vec()).expect("a head is text");
            let length: usize = header(&head, "content-length").unwrap_or("0").parse().expect("a length is a number");
            if read.len() >= end + 4 + length {
                let rest = read.split_off(end + 4 + length);
                let body = std::mem::replace(read, rest).split_off(end + 4);
                return Some((head, body));
            }
        }
        if connection.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
