//! What a server can do byte by byte, properly or not.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

/// One act of a script.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes at once.
    Send(Vec<u8>),
    /// Sends these bytes one at a time, with this pause before each.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes over and over until the other side goes away.
    Repeat(Vec<u8>),
    /// Waits for the gate to open.
    Await(Gate),
    /// Does nothing for this long.
    Pause(Duration),
    /// Does nothing until the other side goes away.
    Hold,
    /// Reads whatever comes next, at least one byte.
    Read,
    /// Cuts the connection with a reset instead of closing it.
    Reset,
}

impl Act {
    /// Sends this text at once.
    pub fn send(text: impl Into<Vec<u8>>) -> Act {
        Act::Send(text.into())
    }
}

/// Holds scripts back until a test opens it.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Gate {
        Gate(watch::Sender::new(false))
    }

    /// Lets everyone pass from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        // Cannot fail: this very gate keeps the sender.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}

/// A connection, plain or TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes closing it a reset.
    fn reset(&self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn reset(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Stream for TlsStream<TcpStream> {
    fn reset(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// Plays a script. An error means that the other side is gone.
pub(crate) async fn play(stream: &mut dyn Stream, acts: Vec<Act>) -> io::Result<()> {
    for act in acts {
        match act {
            Act::Send(bytes) => stream.write_all(&bytes).await?,
            Act::Drip(bytes, pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                }
            }
            Act::Repeat(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Act::Await(gate) => gate.pass().await,
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Hold => while stream.read(&mut [0; 1024]).await? > 0 {},
            Act::Read => {
                if stream.read(&mut [0; 1024]).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Act::Reset => {
                stream.reset()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        stream.flush().await?;
    }
    Ok(())
}
