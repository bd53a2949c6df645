//! Live updates: the change feed as server-sent events. A page hears only that something changed; it then reads
//! itself again, with the viewer's own rights. A program hears what changed.

mod message;
mod place;

use std::{borrow::Cow, convert::Infallible, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{self, ContentEncoding},
    web::{Bytes, Data},
};
use domain::{OrganizationId, PlanId, RunId};
use futures_util::stream;
use store::{Change, Changes, RunChange};
use tokio::time::{Instant, timeout_at};

pub(crate) use self::{message::message, place::Place};
use crate::{api::caller::Caller, error::WebError, session::SignedIn, state::State};

/// Changes this close together make one message to a page.
const TOGETHER: Duration = Duration::from_millis(80);

/// What somebody wants to hear of.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    /// Everything of the organization.
    Everything,
    /// A plan and its runs.
    Plan(PlanId),
    /// A run and its steps.
    Run { plan: PlanId, run: RunId },
}

/// Whoever listens.
pub(crate) enum Listener {
    Page(SignedIn),
    Program(Caller),
}

impl Subject {
    fn is_concerned(self, change: &Change, organization: OrganizationId) -> bool {
        if change.organization().is_some_and(|theirs| theirs != organization) {
            return false;
        }
        match (self, change) {
            // Nobody who listens here delivers mail.
            (_, Change::Mail) => false,
            (Self::Everything, _) | (_, Change::Resync) => true,
            (Self::Plan(ours), Change::Plan { plan, .. } | Change::Run { plan, .. }) => ours == *plan,
            (Self::Run { run: ours, .. }, Change::Run { run, .. }) => ours == *run,
            (Self::Run { .. }, Change::Plan { .. })
            | (Self::Plan(_) | Self::Run { .. }, Change::Organization { .. }) => false,
        }
    }
}

impl Listener {
    fn organization(&self) -> OrganizationId {
        match self {
            Self::Page(member) => member.tenant().organization(),
            Self::Program(caller) => caller.tenant().organization(),
        }
    }

    /// Whether the session or the token that let them in is still good.
    async fn may_stay(&self, state: &State) -> bool {
        match self {
            Self::Page(member) => {
                let now = SignedIn::by(member.hash, state).await;
                // Whoever works for another organization by now hears no more of this one.
                matches!(now, Ok(Some(now)) if now.tenant().organization() == self.organization())
            }
            Self::Program(caller) => caller.is_still_good(state).await,
        }
    }
}

struct Stream {
    subject: Subject,
    listener: Listener,
    state: Data<State>,
    changes: Changes,
    greeted: bool,
    /// When to ask next whether whoever listens may stay, however much there is to tell.
    ask_at: Instant,
    /// Nothing follows.
    is_over: bool,
    _place: Place,
}

/// Tells whoever listens of these changes, as long as they may listen.
///
/// # Errors
/// If the organization has as many streams open as it may.
pub(crate) fn open(
    subject: Subject,
    listener: Listener,
    state: Data<State>,
    changes: Changes,
) -> Result<HttpResponse, WebError> {
    let place = Place::take(&state.streams, listener.organization(), state.config.limits.streams)?;
    let ask_at = Instant::now() + state.config.limits.heartbeat;
    let stream = Stream { subject, listener, state, changes, greeted: false, ask_at, is_over: false, _place: place };
    let messages = stream::unfold(stream, |mut stream| async move {
        let message = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(message.into_owned())), stream))
    });
    Ok(head().streaming(messages))
}

/// The head of a stream of events.
pub(crate) fn head() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compression would hold messages back.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("x-accel-buffering", "no"));
    response
}

impl Stream {
    /// None when the process stops, whoever listens may not any more, or there is no more to tell.
    async fn next(&mut self) -> Option<Cow<'static, str>> {
        if !self.greeted {
            // Whoever reads what they show when the stream opens misses nothing.
            self.greeted = true;
            return Some("retry: 2000\n\n".into());
        }
        if self.is_over {
            return None;
        }
        let shutdown = self.state.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled() => None,
            message = self.news() => message,
        }
    }

    async fn news(&mut self) -> Option<Cow<'static, str>> {
        // A time that has passed would still let through what is there already.
        let heard = match self.ask_at > Instant::now() {
            true => timeout_at(self.ask_at, self.concerned()).await.ok(),
            false => None,
        };
        let Some(change) = heard else {
            self.ask_at = Instant::now() + self.state.config.limits.heartbeat;
            return self.listener.may_stay(&self.state).await.then_some(": still here\n\n".into());
        };
        match self.listener {
            Listener::Page(_) => {
                let end = Instant::now() + TOGETHER;
                while timeout_at(end, self.changes.next()).await.is_ok() {}
                Some("data: change\n\n".into())
            }
            Listener::Program(_) => {
                let change = self.or_the_end(change).await?;
                if let Subject::Run { .. } = self.subject {
                    self.is_over = matches!(change, Change::Run { kind: RunChange::Finished, .. });
                }
                Some(message(&change).into())
            }
        }
    }

    /// The next change that they want to hear of.
    async fn concerned(&mut self) -> Change {
        let organization = self.listener.organization();
        loop {
            let change = self.changes.next().await;
            if self.subject.is_concerned(&change, organization) {
                return change;
            }
        }
    }

    /// The end of the run, where that is what may have been missed: nothing else would tell of it. None if nobody
    /// knows: whoever listens comes back, and is told then.
    async fn or_the_end(&self, change: Change) -> Option<Change> {
        let (Subject::Run { plan, run }, Listener::Program(caller), Change::Resync) =
            (self.subject, &self.listener, change)
        else {
            return Some(change);
        };
        let row = self.state.store.run_row(caller.tenant(), run).await.ok()?;
        if row.is_some_and(|row| !row.state.is_final()) {
            return Some(change);
        }
        let organization = self.listener.organization();
        Some(Change::Run { kind: RunChange::Finished, organization, plan, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_no_news_for_anybody() {
        let organization = OrganizationId::new();
        let run = Subject::Run { plan: PlanId::new(), run: RunId::new() };
        for subject in [Subject::Everything, Subject::Plan(PlanId::new()), run] {
            assert!(!subject.is_concerned(&Change::Mail, organization));
            assert!(subject.is_concerned(&Change::Resync, organization));
        }
    }
}
