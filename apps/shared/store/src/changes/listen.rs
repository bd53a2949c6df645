//! Hears everybody's changes from PostgreSQL, and comes back after it was away.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;

use super::{CHANNEL, Change, Feed, libpq::Listener};
use crate::{error::one_line, url::Place};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The task that listens; it ends when this is dropped.
pub(crate) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens from now on; an error if PostgreSQL does not let us.
pub(crate) async fn start(place: Arc<Place>, url: &SecretString, feed: Feed) -> Result<Listening, String> {
    let listener = Listener::connect(url.expose_secret(), CHANNEL).await?;
    let url = url.clone();
    Ok(Listening(tokio::spawn(async move {
        let mut listener = listener;
        loop {
            let lost = listen(&mut listener, &feed).await;
            tracing::warn!(
                reason = place.scrub(&one_line(&lost)),
                "PostgreSQL went away; changes are not heard until it is back"
            );
            listener = come_back(&url).await;
            tracing::info!("PostgreSQL is back; changes are heard again");
            // Whatever changed meanwhile was told to nobody.
            feed.tell(Change::Resync);
        }
    })))
}

async fn listen(listener: &mut Listener, feed: &Feed) -> String {
    loop {
        match listener.next().await {
            Ok(payloads) => payloads.iter().for_each(|payload| feed.heard(payload)),
            Err(lost) => return lost,
        }
    }
}

async fn come_back(url: &SecretString) -> Listener {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        match Listener::connect(url.expose_secret(), CHANNEL).await {
            Ok(listener) => return listener,
            Err(_) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}
