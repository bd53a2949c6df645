//! What ends without having been told to is started again, with growing pauses.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

/// The first pause; doubled up to the longest, and back to the first after a good while.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const GOOD_WHILE: Duration = Duration::from_secs(120);

/// Runs what `start` starts until `stop`, however often it ends before that.
pub(crate) async fn supervise<F, E>(stop: &CancellationToken, mut start: impl FnMut() -> F)
where
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut pause = PAUSE;
    loop {
        let began = Instant::now();
        let result = start().await;
        if stop.is_cancelled() {
            return;
        }
        if began.elapsed() > GOOD_WHILE {
            pause = PAUSE;
        }
        let problem = result.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string());
        tracing::error!(problem, pause_ms = pause.as_millis(), "A worker stopped by itself and is started again");
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_itself_is_started_again_with_growing_pauses() {
        let stop = CancellationToken::new();
        let began = tokio::time::Instant::now();
        let mut starts = Vec::new();
        supervise(&stop, || {
            starts.push(began.elapsed().as_millis());
            if starts.len() == 4 {
                stop.cancel();
            }
            std::future::ready(if starts.len() == 2 { Ok(()) } else { Err("broken") })
        })
        .await;
        assert_eq!(starts, [0, 500, 1500, 3500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_cuts_the_pause_short_and_nothing_is_started_after_it() {
        let stop = CancellationToken::new();
        stop.cancel();
        let mut starts = 0;
        supervise(&stop, || {
            starts += 1;
            std::future::ready(Err::<(), _>("broken"))
        })
        .await;
        assert_eq!(starts, 1);
    }
}
