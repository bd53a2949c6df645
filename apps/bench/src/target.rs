//! What the plans of the benchmark talk to: the smallest HTTP/1.1 server that answers them.
//!
//! It runs in a process of its own, so that its CPU time is not counted as ours.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Listens on a free loopback port, prints the address as the first line, serves until it is killed.
pub async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A client that goes away in the middle is its own affair.
            let _ = talk(socket).await;
        });
    }
}

async fn talk(mut socket: TcpStream) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let (head, total) = loop {
            if let Some(sizes) = complete(&buffer) {
                break sizes;
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let answer = answer(&buffer[..head]);
        socket.write_all(answer.as_bytes()).await?;
        buffer.drain(..total);
    }
}

/// The length of the head, and of head and body, once all of it is there.
fn complete(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let length = header(&buffer[..head], b"content-length:")
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok())
        .unwrap_or(0);
    (buffer.len() >= head + length).then_some((head, head + length))
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n')
        .find(|line| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name))
        .map(|line| &line[name.len()..])
}

/// The token that `/login` hands out and the others want.
const TOKEN: &str = "e7a1c0de5eed";

fn answer(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let authorized = header(head, b"authorization:").is_some_and(|value| value.ends_with(b"e7a1c0de5eed\r"));
    let (status, body) = match line {
        b"/login" => ("200 OK", format!(r#"{{"ok":true,"auth":{{"token":"{TOKEN}","expires_in":3600}}}}"#)),
        _ if !authorized => ("401 Unauthorized", r#"{"ok":false}"#.to_owned()),
        b"/orders" => ("201 Created", r#"{"ok":true,"order":{"id":8841,"state":"open"}}"#.to_owned()),
        _ => (
            "200 OK",
            r#"{"ok":true,"team":"reds","players":[{"name":"Ada","score":31},{"name":"Grace","score":29},{"name":"Linus","score":12}]}"#
                .to_owned(),
        ),
    };
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-served-by: target\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
