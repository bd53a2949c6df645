//! The lists of schedules, of a plan and of all plans, and what is done to many at once.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query as Read},
};
use askama::Template;
use domain::{Action, PlanId};
use serde::Deserialize;
use store::{PlanDetail, ScheduleFilter, ScheduleRow, Which};
use url::form_urlencoded;

use crate::{
    body::Form,
    error::WebError,
    filter::Query,
    page::{Page, Section, go, html},
    session::SignedIn,
    state::State,
};

/// What one click schedules: its name, its kind, the field that says when, and what it says.
pub(crate) const QUICK: [(&str, &str, &str, &str); 3] = [
    ("Every hour", "every", "interval", "1h"),
    ("Every day at 09:00", "cron", "cron", "0 9 * * *"),
    ("Weekdays at 09:00", "cron", "cron", "0 9 * * mon-fri"),
];

/// The longest reason for a pause, in characters.
const LONGEST_REASON: usize = 200;

#[derive(Template)]
#[template(path = "schedules.html")]
struct SchedulesPage {
    page: Page,
    query: Query,
    /// The only plan whose schedules are shown.
    plan: Option<PlanDetail>,
    rows: Vec<ScheduleRow>,
    /// The query of the link to older ones.
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "schedules_clear.html")]
struct ClearPage {
    page: Page,
    tag: String,
}

impl SchedulesPage {
    fn is_chosen(&self, word: &str) -> bool {
        self.query.get("state") == Some(word)
    }
}

/// Which schedules, and why.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Many {
    /// Empty for all.
    tag: String,
    reason: String,
}

impl Many {
    fn which(&self) -> Which {
        match self.tag.trim() {
            "" => Which::All,
            tag => Which::Tag(tag.to_owned()),
        }
    }

    /// The list these are in.
    fn list(&self) -> String {
        match self.tag.trim() {
            "" => "/schedules".to_owned(),
            tag => format!(
                "/schedules?{}",
                form_urlencoded::Serializer::new(String::new()).append_pair("tag", tag).finish()
            ),
        }
    }
}

/// The word of a schedule's pill.
pub(crate) fn state_of(schedule: &ScheduleRow) -> &'static str {
    match (schedule.paused.is_some() || schedule.over_limit.is_some(), schedule.next_due_at) {
        (true, _) => "paused",
        (false, Some(_)) => "active",
        (false, None) => "over",
    }
}

/// Why something is paused, as it is kept: one line, which may be empty.
pub(crate) fn reason(typed: &str) -> String {
    typed.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_REASON).collect()
}

/// `GET /schedules?tag=…&state=…&after=…`
pub(crate) async fn all(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    list(&request, member, &state, None).await
}

/// `GET /plans/{plan}/schedules`
pub(crate) async fn of_plan(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    list(&request, member, &state, Some(plan)).await
}

async fn list(
    request: &HttpRequest,
    member: SignedIn,
    state: &State,
    plan: Option<PlanDetail>,
) -> Result<HttpResponse, WebError> {
    let query = Query::of(request.query_string());
    let enabled = match query.get("state") {
        Some("active") => Some(true),
        Some("paused") => Some(false),
        _ => None,
    };
    let filter = ScheduleFilter {
        plan: plan.as_ref().map(|plan| plan.id),
        tag: query.get("tag").map(|tag| tag.trim().to_owned()),
        enabled,
        page: query.page(),
    };
    let list = state.store.schedules(member.tenant(), filter).await?;
    let older = list.next.as_ref().map(|cursor| query.from(Some(cursor)));
    let section = if plan.is_some() { Section::Plans } else { Section::Schedules };
    html(&SchedulesPage { page: Page::of(request, section, member), query, plan, rows: list.items, older })
}

/// `POST /schedules/pause`
pub(crate) async fn pause(
    member: SignedIn,
    state: Data<State>,
    Form(many): Form<Many>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::PauseSchedules)?;
    state.store.pause_schedules(member.tenant(), member.user_id, many.which(), &reason(&many.reason)).await?;
    Ok(go(&many.list()))
}

/// `POST /schedules/resume`
pub(crate) async fn resume(
    member: SignedIn,
    state: Data<State>,
    Form(many): Form<Many>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::PauseSchedules)?;
    state.store.resume_schedules(member.tenant(), many.which()).await?;
    Ok(go(&many.list()))
}

/// `GET /schedules/clear?tag=…`
pub(crate) async fn ask_to_clear(
    request: HttpRequest,
    member: SignedIn,
    Read(many): Read<Many>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::ChangeSchedules)?;
    html(&ClearPage { page: Page::of(&request, Section::Schedules, member), tag: tag(&many)? })
}

/// `POST /schedules/clear`
pub(crate) async fn clear(
    member: SignedIn,
    state: Data<State>,
    Form(many): Form<Many>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::ChangeSchedules)?;
    state.store.clear_schedules(member.tenant(), &tag(&many)?).await?;
    Ok(go("/schedules"))
}

/// All schedules are never deleted at once by leaving something out.
fn tag(many: &Many) -> Result<String, WebError> {
    match many.tag.trim() {
        "" => Err(WebError::BadRequest("It does not say which tag the schedules have.".to_owned())),
        tag => Ok(tag.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!(reason(" \n\t "), "");
        assert_eq!(reason(" maintenance\r\nuntil  noon "), "maintenance until noon");
        assert_eq!(reason(&"é".repeat(500)).chars().count(), LONGEST_REASON);
    }
}
