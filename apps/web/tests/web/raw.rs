//! Requests that no HTTP client would send, over a plain socket.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than any deadline in these tests: what takes this long hangs.
pub const HANGS: Duration = Duration::from_secs(20);

/// Sends these bytes, then only listens. Gives back everything until the server closes the connection
/// or has sent a whole response.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("the application listens");
    // The server may answer and close before everything was sent.
    let _ = socket.write_all(bytes).await;
    read(&mut socket).await
}

pub async fn read(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut part = [0; 8192];
    loop {
        let count = timeout(HANGS, socket.read(&mut part)).await.expect("the application does not hang").unwrap_or(0);
        answer.extend_from_slice(&part[..count]);
        if count == 0 || is_whole(&answer) {
            return String::from_utf8_lossy(&answer).into_owned();
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

/// The status of a response.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}
