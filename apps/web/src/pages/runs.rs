//! The list of runs of all plans.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use domain::{Cause, PlanId, RunState};
use jiff::{SignedDuration, Timestamp};
use store::{PlanDetail, RunFilter, RunRow};

use crate::{
    error::WebError,
    filter::Query,
    page::{Page, Section, html},
    session::SignedIn,
    state::State,
};

/// The choices of "how far back": word, hours, and what people read.
pub(crate) const TIMES: [(&str, i64, &str); 4] = [
    ("hour", 1, "Last hour"),
    ("day", 24, "Last 24 hours"),
    ("week", 168, "Last 7 days"),
    ("month", 720, "Last 30 days"),
];

#[derive(Template)]
#[template(path = "runs.html")]
struct RunsPage {
    page: Page,
    query: Query,
    /// The only plan whose runs are shown.
    plan: Option<PlanDetail>,
    runs: Vec<RunRow>,
    /// The query of the link to older ones.
    older: Option<String>,
}

impl RunsPage {
    fn states(&self) -> &'static [RunState] {
        RunState::ALL
    }

    fn causes(&self) -> [(&'static str, &'static str); 4] {
        let words = |cause: Cause| match cause {
            Cause::Manual => (cause.as_str(), "Somebody"),
            Cause::Api => (cause.as_str(), "API"),
            Cause::Schedule => (cause.as_str(), "Schedule"),
            Cause::Hook => (cause.as_str(), "Hook"),
        };
        [Cause::Manual, Cause::Schedule, Cause::Api, Cause::Hook].map(words)
    }

    fn times(&self) -> &'static [(&'static str, i64, &'static str)] {
        &TIMES
    }

    fn is_chosen(&self, name: &str, word: &str) -> bool {
        self.query.all(name).any(|chosen| chosen == word)
    }
}

/// `GET /runs?q=…&plan=…&state=…&cause=…&time=…&after=…`
pub(crate) async fn list(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let query = Query::of(request.query_string());
    let plan = match query.get("plan").map(str::parse::<PlanId>) {
        None => None,
        Some(Err(_)) => return Err(WebError::NotFound),
        Some(Ok(plan)) => Some(state.store.plan(member.tenant(), plan).await?.ok_or(WebError::NotFound)?),
    };
    let hours = TIMES.iter().find(|(word, ..)| query.get("time") == Some(word)).map(|(_, hours, _)| *hours);
    let filter = RunFilter {
        plan: plan.as_ref().map(|plan| plan.id),
        states: query.words("state"),
        cause: query.words("cause").pop(),
        search: query.get("q").map(str::to_owned),
        since: hours.map(|hours| Timestamp::now() - SignedDuration::from_hours(hours)),
        until: None,
        page: query.page(),
    };
    let list = state.store.runs(member.tenant(), filter).await?;
    let older = list.next.as_ref().map(|cursor| query.from(Some(cursor)));
    html(&RunsPage { page: Page::of(&request, Section::Runs, member), query, plan, runs: list.items, older })
}
