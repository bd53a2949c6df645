//! Signals become a cancellation token.

use std::io;

use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first interrupt or termination signal. The second one ends the
/// process at once, for whoever does not want to wait for work in flight.
///
/// # Errors
/// If the signals cannot be watched.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn on_signals() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut signals = Signals::watch()?;
    tokio::spawn({
        let token = token.clone();
        async move {
            let first = signals.next().await;
            tracing::info!(
                signal = first.name,
                "Stopping: work in flight is finished, a second signal ends it at once"
            );
            token.cancel();
            std::process::exit(signals.next().await.exit_code);
        }
    });
    Ok(token)
}

struct Signal {
    name: &'static str,
    /// As shells report a death by this signal.
    exit_code: i32,
}

const INTERRUPT: Signal = Signal { name: "interrupt", exit_code: 130 };

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => Signal { name: "terminate", exit_code: 143 },
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps)]
    fn watch() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // Where the console cannot be watched there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPT
    }
}
