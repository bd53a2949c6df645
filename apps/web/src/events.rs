//! Live updates: the change feed as server-sent events. A message says only that something changed;
//! the page then reads itself again, with the viewer's own rights.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    http::header::{self, ContentEncoding},
    web::{Bytes, Data, Path},
};
use domain::{OrganizationId, PlanId, RunId};
use futures_util::stream;
use store::{Change, Changes};
use tokio::time::{Instant, timeout};

use crate::{error::WebError, session::SignedIn, state::State};

/// Changes this close together make one message.
const TOGETHER: Duration = Duration::from_millis(80);

/// `GET /events`: everything of the organization.
pub(crate) async fn all(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    open(Subject::Everything, member, state)
}

/// `GET /plans/{plan}/events`: the plan and its runs.
pub(crate) async fn of_plan(
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = plan.into_inner();
    state.store.plan(member.tenant(), plan).await?.ok_or(WebError::NotFound)?;
    open(Subject::Plan(plan), member, state)
}

/// `GET /runs/{run}/events`: the run and its steps. 204, which tells browsers not to come back, once
/// nothing will change any more.
pub(crate) async fn of_run(run: Path<RunId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let run = run.into_inner();
    let detail = state.store.run(member.tenant(), run).await?.ok_or(WebError::NotFound)?;
    if detail.row.state.is_final() {
        return Ok(HttpResponse::NoContent().finish());
    }
    open(Subject::Run(run), member, state)
}

#[derive(Clone, Copy)]
enum Subject {
    Everything,
    Plan(PlanId),
    Run(RunId),
}

impl Subject {
    fn is_concerned(self, change: &Change, organization: OrganizationId) -> bool {
        if change.organization().is_some_and(|theirs| theirs != organization) {
            return false;
        }
        match (self, change) {
            // No page shows mail.
            (_, Change::Mail) => false,
            (Self::Everything, _) | (_, Change::Resync) => true,
            (Self::Plan(ours), Change::Plan { plan, .. } | Change::Run { plan, .. }) => ours == *plan,
            (Self::Run(ours), Change::Run { run, .. }) => ours == *run,
            (Self::Run(_), Change::Plan { .. }) | (Self::Plan(_) | Self::Run(_), Change::Organization { .. }) => false,
        }
    }
}

struct Stream {
    subject: Subject,
    member: SignedIn,
    state: Data<State>,
    changes: Changes,
    greeted: bool,
    _place: Place,
}

fn open(subject: Subject, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let place = Place::take(&state.streams, member.tenant().organization(), state.config.limits.streams)?;
    let changes = state.store.changes();
    let stream = Stream { subject, member, state, changes, greeted: false, _place: place };
    let messages = stream::unfold(stream, |mut stream| async move {
        let message = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from_static(message.as_bytes())), stream))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compression would hold messages back.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("x-accel-buffering", "no"))
        .streaming(messages))
}

impl Stream {
    /// None when the process stops or the session is over.
    async fn next(&mut self) -> Option<&'static str> {
        if !self.greeted {
            // Pages read themselves again when the stream opens: what changed before it is not lost.
            self.greeted = true;
            return Some("retry: 2000\n\n");
        }
        let shutdown = self.state.shutdown.clone();
        let heartbeat = self.state.config.limits.heartbeat;
        tokio::select! {
            () = shutdown.cancelled() => None,
            heard = timeout(heartbeat, self.change()) => match heard {
                Ok(()) => Some("data: change\n\n"),
                Err(_silence) => self.is_signed_in().await.then_some(": still here\n\n"),
            },
        }
    }

    /// Returns when something changed, and has taken whatever changed right after it along.
    async fn change(&mut self) {
        let organization = self.member.tenant().organization();
        while !self.subject.is_concerned(&self.changes.next().await, organization) {}
        let end = Instant::now() + TOGETHER;
        while tokio::time::timeout_at(end, self.changes.next()).await.is_ok() {}
    }

    async fn is_signed_in(&self) -> bool {
        matches!(SignedIn::by(self.member.hash, &self.state).await, Ok(Some(_)))
    }
}

/// One of the streams an organization may have open, given back on drop.
pub(crate) struct Place {
    streams: Arc<Mutex<HashMap<OrganizationId, usize>>>,
    organization: OrganizationId,
}

impl Place {
    /// # Errors
    /// If as many are open as there may be.
    pub(crate) fn take(
        streams: &Arc<Mutex<HashMap<OrganizationId, usize>>>,
        organization: OrganizationId,
        most: usize,
    ) -> Result<Self, WebError> {
        let mut open = streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(organization).or_default();
        if *count >= most {
            return Err(WebError::Busy);
        }
        *count += 1;
        Ok(Self { streams: Arc::clone(streams), organization })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.organization) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_no_news_for_any_page() {
        let organization = OrganizationId::new();
        for subject in [Subject::Everything, Subject::Plan(PlanId::new()), Subject::Run(RunId::new())] {
            assert!(!subject.is_concerned(&Change::Mail, organization));
            assert!(subject.is_concerned(&Change::Resync, organization));
        }
    }
}
