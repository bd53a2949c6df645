//! Delivers mail: claims what is due, a few at once, and notes what became of it. Wakes on the change feed,
//! polls as a fallback.
//!
//! A mail goes out at least once, and exactly once while all goes well. A process that dies between sending
//! and noting leaves a mail that is sent again when its lease is over; so does a server that takes a mail
//! and is cut off before it says so. It is the same to the byte then, with the same message id.
//!
//! While no mail goes out at all, one after the other is tried now and then: the others keep their turn
//! and go out at once when the way is free again.

use std::{panic::AssertUnwindSafe, time::Duration};

use domain::Email;
use futures_util::FutureExt;
use notify::{Failure, Letter, Mailer};
use runtime::{metrics::Metrics, trouble::Trouble};
use store::{Change, ClaimedMail, MailTaker, Store};
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How many mails are sent at the same time.
const AT_ONCE: usize = 4;

/// How long a mail of a deliverer that died waits for another one: longer than sending it may take.
const LEASE: Duration = Duration::from_secs(120);

/// The pause before it is tried again to note what became of a mail.
const AGAIN: Duration = Duration::from_millis(500);

/// How often to look for mail without having heard of any. One that failed comes due unheard.
const POLL: Duration = Duration::from_secs(5);

/// How long mails under way may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The longest pauses while the database, or whoever takes mail, does not answer.
const LONGEST_DATABASE_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_SERVER_PAUSE: Duration = Duration::from_secs(30);

/// Delivers until `shutdown`; then what is under way may come to its end.
pub(crate) async fn run(store: Store, mailer: Mailer, metrics: Metrics, shutdown: &CancellationToken) {
    tracing::info!("Mail goes to {mailer}");
    let (mut changes, queued) = (store.changes(), Notify::new());
    let listening = async {
        loop {
            if matches!(changes.next().await, Change::Mail | Change::Resync) {
                queued.notify_one();
            }
        }
    };
    let mut deliverer = Deliverer {
        server: Trouble::none("Mail", mailer.to_string(), LONGEST_SERVER_PAUSE),
        database: Trouble::none("Mail", "the database", LONGEST_DATABASE_PAUSE),
        store,
        mailer,
        metrics,
        under_way: JoinSet::new(),
        not_before: Instant::now(),
    };
    tokio::select! {
        () = deliverer.work(&queued, shutdown) => {}
        () = listening => {}
    }
    let ending = async {
        while let Some(ended) = deliverer.under_way.join_next().await {
            deliverer.hear(ended);
        }
    };
    if timeout(GRACE, ending).await.is_err() {
        let mails = deliverer.under_way.len();
        tracing::warn!(mails, "Not every mail came to its end: what is left is sent again when its lease is over");
    }
    deliverer.mailer.rest().await;
}

struct Deliverer {
    store: Store,
    mailer: Mailer,
    metrics: Metrics,
    /// Each mail that is sent, and then that is noted.
    under_way: JoinSet<Ended>,
    database: Trouble,
    server: Trouble,
    /// While no mail goes out: when the next one is tried.
    not_before: Instant,
}

enum Ended {
    Sent(ClaimedMail, Result<(), Failure>),
    Noted,
}

impl Deliverer {
    /// Claims and sends until `shutdown`.
    async fn work(&mut self, queued: &Notify, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let room = self.room();
            // Not given up halfway: what is claimed must be sent.
            match self.fill(room).await {
                Ok(claimed) if claimed > 0 && claimed == room => continue,
                Ok(_) => {}
                Err(error) => {
                    shutdown.run_until_cancelled(sleep(self.database.pause(&error))).await;
                    continue;
                }
            }
            if self.under_way.is_empty() {
                self.mailer.rest().await;
            }
            tokio::select! {
                Some(ended) = self.under_way.join_next() => self.hear(ended),
                () = queued.notified(), if room > 0 => {}
                () = sleep(POLL), if room > 0 => {}
                () = sleep_until(self.not_before), if room == 0 && self.under_way.is_empty() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// How many mails may be sent beside those under way.
    fn room(&self) -> usize {
        let is_busy = !self.under_way.is_empty();
        if self.database.lasts() && is_busy {
            // What was sent is noted first, lest it is claimed again.
            0
        } else if self.server.lasts() {
            usize::from(!is_busy && Instant::now() >= self.not_before)
        } else {
            AT_ONCE.saturating_sub(self.under_way.len())
        }
    }

    /// Begins to send as many mails as there is room for; tells how many.
    async fn fill(&mut self, room: usize) -> Result<usize, store::Error> {
        if room == 0 {
            return Ok(0);
        }
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        let mails = self.store.claim_mails(most, LEASE).await?;
        self.database.is_over();
        let claimed = mails.len();
        for mail in mails {
            self.under_way.spawn(send(self.mailer.clone(), mail));
        }
        Ok(claimed)
    }

    /// What a mail's end tells of whoever takes mail; then it is noted.
    fn hear(&mut self, ended: Result<Ended, JoinError>) {
        let Ok(Ended::Sent(mail, sent)) = ended else { return };
        self.metrics.mail(if sent.is_ok() { "sent" } else { "failed" });
        match &sent {
            Ok(()) | Err(Failure::Refused(_) | Failure::Postponed(_)) => self.server.is_over(),
            Err(failure @ Failure::Unavailable(_)) => {
                self.not_before = Instant::now() + self.server.pause(failure);
            }
            Err(Failure::Unsendable(_)) => {}
        }
        let taker = if self.mailer.is_folder() { MailTaker::Folder } else { MailTaker::Server };
        self.under_way.spawn(keep_noting(self.store.clone(), mail, sent.map(|()| taker)));
    }
}

async fn send(mailer: Mailer, mail: ClaimedMail) -> Ended {
    let sent = match letter(&mail) {
        Ok(letter) => AssertUnwindSafe(mailer.send(&letter)).catch_unwind().await.unwrap_or_else(|_| {
            // The panic hook reports it; the others go on.
            Err(Failure::Postponed("Smokex itself failed while it sent this mail.".to_owned()))
        }),
        Err(failure) => Err(failure),
    };
    Ended::Sent(mail, sent)
}

/// However long the database is away: also when the lease is over, it is good to know.
async fn keep_noting(store: Store, mail: ClaimedMail, sent: Result<MailTaker, Failure>) -> Ended {
    while let Err(error) = note(&store, &mail, &sent).await {
        tracing::debug!(mail = %mail.id, %error, "What became of a mail is noted later");
        sleep(AGAIN).await;
    }
    Ended::Noted
}

fn letter(mail: &ClaimedMail) -> Result<Letter, Failure> {
    let recipient: Result<Email, _> = mail.recipient.parse();
    let recipient = recipient.map_err(|_| Failure::Unsendable("The recipient is no e-mail address.".to_owned()))?;
    let (id, subject, text, written_at) = (mail.id, mail.subject.clone(), mail.text.clone(), mail.created_at);
    Ok(Letter { id, recipient, subject, text, written_at })
}

/// Logs hold neither addresses nor what servers say, which may hold some.
async fn note(store: &Store, mail: &ClaimedMail, sent: &Result<MailTaker, Failure>) -> Result<(), store::Error> {
    let id = mail.id;
    match sent {
        Ok(taker) => {
            store.mail_sent(id, *taker).await?;
            tracing::debug!(mail = %id, attempt = mail.attempt, "A mail was sent");
        }
        Err(failure @ (Failure::Unsendable(_) | Failure::Refused(_))) => {
            store.mail_refused(mail, &failure.to_string()).await?;
            tracing::warn!(mail = %id, "A mail was refused and is given up: its row of `mails` says why");
        }
        Err(failure @ (Failure::Postponed(_) | Failure::Unavailable(_))) => {
            if !store.mail_failed(mail, &failure.to_string()).await? {
                tracing::warn!(mail = %id, "A mail was given up after three days: its row of `mails` says why");
            }
        }
    }
    Ok(())
}
