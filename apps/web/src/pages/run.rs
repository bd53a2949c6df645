//! One run: its sentence, its steps as they come in, and everything about the step that is looked at.

mod step;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, Restriction, RunId, RunState, ScheduleId};
use jiff::Timestamp;
use store::{CancelOutcome, RunDetail, RunRow};

use self::step::{Chosen, Line, Tab};
use crate::{
    error::WebError,
    filter::Query,
    page::{Page, Section, go, html, html_of, rendered},
    pages::plan::queue,
    session::SignedIn,
    show::times,
    starting::{NOT_NAMED, same},
    state::State,
};

#[derive(Template)]
#[template(path = "run.html", blocks = ["title", "live"])]
struct RunPage {
    page: Page,
    row: RunRow,
    /// What wanted it, unless somebody did.
    schedule: Option<Origin>,
    lines: Vec<Line>,
    chosen: Option<Chosen>,
    /// Of this page's address, to be kept when it is read again.
    query: String,
}

/// The schedule that a run is an occurrence of.
struct Origin {
    id: ScheduleId,
    /// None if it was deleted.
    name: Option<String>,
}

impl RunPage {
    fn read(page: Page, run: RunDetail, schedule: Option<Origin>, query_string: &str) -> Result<Self, WebError> {
        let RunDetail { row, outline, steps } = run;
        let query = Query::of(query_string);
        let wanted = query.get("step").and_then(|number| number.parse::<usize>().ok());
        let mut lines = step::lines(&outline, &steps)?;
        let position = wanted.filter(|number| (1..=lines.len()).contains(number)).map(|number| number - 1);
        let chosen = match position.or_else(|| step::most_telling(&lines)) {
            Some(position) => {
                lines[position].is_chosen = true;
                Some(Chosen::read(&lines[position], steps.get(position), Tab::of(query.get("tab")))?)
            }
            None => None,
        };
        let query = if query_string.is_empty() { String::new() } else { format!("?{query_string}") };
        let is_failing = matches!(row.state, RunState::Failed | RunState::Errored);
        Ok(Self { page: page.failing(is_failing), row, schedule, lines, chosen, query })
    }

    fn state(&self) -> &'static str {
        shown_state(&self.row)
    }

    fn is_over(&self) -> bool {
        self.row.state.is_final()
    }

    /// Whether it was to begin at all.
    fn was_let_in(&self) -> bool {
        !matches!(self.row.state, RunState::Refused | RunState::Skipped)
    }

    /// What a run that has not begun waits for.
    fn waits(&self) -> &'static str {
        match (self.row.restriction, self.row.serial) {
            (Restriction::Global, _) => "Waits until nothing else of your organization is going.",
            (Restriction::Itself, _) => "Waits until no other run of this plan is going.",
            (Restriction::None, true) => "Waits until the run before of its schedule has ended.",
            (Restriction::None, false) => "Waits for a free executor.",
        }
    }

    /// How long after its due time it was queued.
    fn lateness(&self, due: &Timestamp) -> String {
        format!("{} late", times::late(due, &self.row.queued_at))
    }

    /// How many steps were run to their end.
    fn ended(&self) -> usize {
        self.lines.iter().filter(|line| line.was_run()).count()
    }

    /// What stands in front of the title.
    fn sign(&self) -> &'static str {
        match self.row.state {
            RunState::Failed | RunState::Errored => "✕ ",
            RunState::Passed => "✓ ",
            _ => "",
        }
    }

    /// The step that runs now.
    fn under_way(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.state == "running")
    }

    /// Whether the sentence at the top says this already.
    fn tells(&self, reason: &str) -> bool {
        self.row.reason.as_deref().is_some_and(|told| told.ends_with(reason))
    }

    /// What became of the steps around the one that the reason is about.
    fn since(&self) -> String {
        let count = |number: u32, what: &str| match number {
            0 => None,
            1 => Some(format!("1 step {what}")),
            number => Some(format!("{number} steps {what}")),
        };
        let parts = [
            count(self.row.steps_passed, "passed"),
            count(self.row.steps_failed, "failed"),
            count(self.row.steps_skipped, "not run"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The word of a run's pill.
pub(crate) fn shown_state(row: &RunRow) -> &'static str {
    if row.slow && row.state == RunState::Passed { "slow" } else { row.state.as_str() }
}

/// When an executor began with it; before that, when it was asked for.
pub(crate) fn began(row: &RunRow) -> &Timestamp {
    row.started_at.as_ref().unwrap_or(&row.queued_at)
}

async fn load(request: &HttpRequest, run: RunId, member: SignedIn, state: &State) -> Result<RunPage, WebError> {
    let detail = state.store.run(member.tenant(), run).await?.ok_or(WebError::NotFound)?;
    let schedule = match detail.row.schedule {
        Some(id) => {
            let name = state.store.schedule(member.tenant(), id).await?.map(|schedule| schedule.row.name);
            Some(Origin { id, name })
        }
        None => None,
    };
    RunPage::read(Page::of(request, Section::Runs, member), detail, schedule, request.query_string())
}

/// `GET /runs/{run}?step=…&tab=…`
pub(crate) async fn page(
    request: HttpRequest,
    run: Path<RunId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    html(&load(&request, *run, member, &state).await?)
}

/// `GET /runs/{run}/live?step=…&tab=…`: the title, the icon and the part of the page that changes.
pub(crate) async fn live(
    request: HttpRequest,
    run: Path<RunId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let page = load(&request, *run, member, &state).await?;
    // Both are escaped already: they are parts of a template.
    let (title, part) = (rendered(&page.as_title())?, rendered(&page.as_live())?);
    let icon = page.page.icon().map(|icon| format!("<link rel=\"icon\" href=\"{icon}\">")).unwrap_or_default();
    Ok(html_of(format!("<title>{title} · smokex</title>{icon}\n{part}")))
}

/// `POST /runs/{run}/cancel`
pub(crate) async fn cancel(run: Path<RunId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::Cancel)?;
    match state.store.cancel_run(member.tenant(), *run).await? {
        // Over already: its page says how it ended.
        CancelOutcome::Cancelled | CancelOutcome::Cancelling | CancelOutcome::Over(_) => {
            Ok(go(&format!("/runs/{run}")))
        }
        CancelOutcome::NotYours => Err(WebError::Forbidden(NOT_NAMED.to_owned())),
        CancelOutcome::NotFound => Err(WebError::NotFound),
    }
}

/// `POST /runs/{run}/again`: runs the current version of its plan, with the variables that were given for it.
pub(crate) async fn again(run: Path<RunId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let before = state.store.run_row(member.tenant(), *run).await?.ok_or(WebError::NotFound)?;
    let variables = same(&state, member.tenant(), &before).await?;
    let next = queue(&state, &member, before.plan_id, variables).await?;
    Ok(go(&format!("/runs/{next}")))
}
