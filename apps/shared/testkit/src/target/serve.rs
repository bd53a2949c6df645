//! Accepting connections and working through their requests.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::script::{Stream, play};
use super::wire::read_request;

pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let _ = socket.set_nodelay(true);
        let mut number = 0;
        shared.counts.send_modify(|counts| {
            number = counts.connections;
            counts.connections += 1;
        });
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            // How a connection ends is for the test to see at the other end.
            let _ = connection(socket, tls, &shared, number).await;
            shared.counts.send_modify(|counts| counts.closed += 1);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(socket: TcpStream, tls: Option<TlsAcceptor>, shared: &Shared, number: usize) -> io::Result<()> {
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(socket),
        Some(tls) => Box::new(tls.accept(socket).await?),
    };
    match &shared.greeting {
        Some(script) => play(&mut *stream, script.clone()).await?,
        None => exchanges(&mut *stream, shared, number).await?,
    }
    stream.shutdown().await
}

async fn exchanges(stream: &mut dyn Stream, shared: &Shared, number: usize) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream, number).await {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(error) => {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await?;
                return Err(error);
            }
        };
        shared.record(request.clone());
        let (acts, stays_open) = shared.reply(&request).acts(&request);
        play(*stream.get_mut(), acts).await?;
        if !stays_open {
            break;
        }
    }
    Ok(())
}
