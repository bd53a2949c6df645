//! A target in this process that tells when it sees a request: `/quick` is answered and told at once,
//! `/slow` takes its time and is not told.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// How long `/slow` takes.
const SLOW: Duration = Duration::from_millis(50);

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Listens until it is dropped.
pub struct Witness {
    /// `127.0.0.1:port`
    address: String,
    seen: mpsc::UnboundedReceiver<Instant>,
    listening: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// Listens on a free loopback port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (tell, seen) = mpsc::unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    // A client that goes away in the middle is its own affair.
                    let _ = talk(socket, tell).await;
                });
            }
        });
        Ok(Self { address, seen, listening })
    }

    /// A plan whose one request is told.
    pub fn quick(&self) -> String {
        format!("steps: [{{get: {{url: 'http://{}/quick'}}}}]", self.address)
    }

    /// A plan whose one request takes its time.
    pub fn slow(&self) -> String {
        format!("steps: [{{get: {{url: 'http://{}/slow'}}}}]", self.address)
    }

    /// When the next request was seen.
    pub async fn next(&mut self) -> anyhow::Result<Instant> {
        let next = tokio::time::timeout(Duration::from_secs(30), self.seen.recv()).await?;
        Ok(next.expect("the listener keeps the other end"))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn talk(mut socket: TcpStream, tell: mpsc::UnboundedSender<Instant>) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        while !buffer.ends_with(b"\r\n\r\n") {
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        if buffer.starts_with(b"GET /quick ") {
            let _ = tell.send(Instant::now());
        } else {
            tokio::time::sleep(SLOW).await;
        }
        socket.write_all(ANSWER).await?;
        buffer.clear();
    }
}
