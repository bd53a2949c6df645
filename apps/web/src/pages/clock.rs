//! The clock of the whole server, for those who run it: whether it ticks, what waits, who works.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use store::{ClockStatus, WorkerRole, WorkerRow};

use crate::{
    body::Form,
    error::WebError,
    page::{Page, Section, go, html},
    pages::{schedule::Pause, schedules::reason},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "clock.html")]
struct ClockPage {
    page: Page,
    status: ClockStatus,
}

/// Those of one role: their title, what is said if there are none, and themselves.
type Group<'a> = (&'static str, &'static str, Vec<&'a WorkerRow>);

impl ClockPage {
    fn of_role(&self, role: WorkerRole) -> Vec<&WorkerRow> {
        self.status.workers.iter().filter(|worker| worker.heartbeat.role == role).collect()
    }

    fn roles(&self) -> [Group<'_>; 2] {
        [
            (
                "Schedulers",
                "No scheduler has been heard of for 30 s: nothing becomes due until one is started (smokex scheduler).",
                self.of_role(WorkerRole::Scheduler),
            ),
            (
                "Executors",
                "No executor has been heard of for 30 s: runs wait until one is started (smokex executor).",
                self.of_role(WorkerRole::Executor),
            ),
        ]
    }

    /// Whether somebody turns due schedules into runs.
    fn is_going(&self) -> bool {
        self.status.paused.is_none() && !self.of_role(WorkerRole::Scheduler).is_empty()
    }

    /// How it is drawn.
    fn state(&self) -> &'static str {
        match (&self.status.paused, self.is_going()) {
            (Some(_), _) => "paused",
            (None, true) => "passed",
            (None, false) => "failed",
        }
    }

    fn sentence(&self) -> String {
        match &self.status.paused {
            Some(paused) if paused.reason.is_empty() => "Paused, without a reason given.".to_owned(),
            Some(paused) => format!("Paused: {}", paused.reason),
            None if self.is_going() => "The clock ticks.".to_owned(),
            None => "Nothing ticks: no scheduler is alive.".to_owned(),
        }
    }

    /// By how much the last tick of the slowest scheduler was late.
    fn lag(&self) -> String {
        let lags = self.of_role(WorkerRole::Scheduler).into_iter().map(|worker| worker.heartbeat.lag);
        lags.max().map_or_else(|| "–".to_owned(), |lag| lag.to_string())
    }

    fn busy(&self) -> u32 {
        self.of_role(WorkerRole::Executor).iter().map(|worker| worker.heartbeat.busy).sum()
    }

    fn slots(&self) -> u32 {
        self.of_role(WorkerRole::Executor).iter().map(|worker| worker.heartbeat.slots).sum()
    }

    /// The end of its id, which tells processes of one machine apart.
    fn short(&self, worker: &WorkerRow) -> String {
        let id = worker.heartbeat.id.to_string();
        id[id.len() - 6..].to_owned()
    }
}

/// `GET /clock`
pub(crate) async fn page(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    operators_only(&member)?;
    let status = state.store.clock().await?;
    html(&ClockPage { page: Page::of(&request, Section::Clock, member), status })
}

/// `POST /clock/pause`
pub(crate) async fn pause(
    member: SignedIn,
    state: Data<State>,
    Form(pause): Form<Pause>,
) -> Result<HttpResponse, WebError> {
    operators_only(&member)?;
    state.store.pause_clock(member.email.as_str(), &reason(&pause.reason)).await?;
    Ok(go("/clock"))
}

/// `POST /clock/resume`
pub(crate) async fn resume(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    operators_only(&member)?;
    state.store.resume_clock().await?;
    Ok(go("/clock"))
}

/// For everybody else there is no such page.
fn operators_only(member: &SignedIn) -> Result<(), WebError> {
    if member.is_operator { Ok(()) } else { Err(WebError::NotFound) }
}
