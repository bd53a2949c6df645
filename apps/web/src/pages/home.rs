//! The start page: for members how everything is doing, for everybody else what this is.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use domain::{Health, RunState};
use store::{PageRequest, PlanFilter, PlanRow, RunFilter, RunRow, ScheduleRow, Summary};

use crate::{
    error::WebError,
    page::{Page, Section, go, html},
    samples::{SAMPLE_NAME, Sample},
    session::{SignedIn, Somebody},
    state::State,
};

/// How many failing plans are told about one by one.
const FAILING: u32 = 5;
/// How many runs are listed.
const RECENT: u32 = 10;
/// How many schedules.
const COMING: u32 = 5;

#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage {
    page: Page,
    example: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    summary: Summary,
    failing: Vec<Failing>,
    runs: Vec<RunRow>,
    /// The schedules that come due next.
    coming: Vec<ScheduleRow>,
    /// The plan to begin with, while nothing was ever run.
    first: Option<PlanRow>,
}

impl HomePage {
    /// Whether this is the plan that every organization begins with.
    fn is_sample(&self, plan: &PlanRow) -> bool {
        plan.name == SAMPLE_NAME
    }
}

/// A plan that fails, with the run that says so.
struct Failing {
    plan: PlanRow,
    run: RunRow,
}

/// `GET /`
pub(crate) async fn home(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    let Some(member) = SignedIn::of(&request).await? else {
        if Somebody::of(&request).await?.is_some() {
            return Ok(go("/organizations"));
        }
        let page = Page::public(&request, Section::Public);
        let example = Sample::find("failure").map(|sample| sample.text(&state.demo_url)).unwrap_or_default();
        return html(&LandingPage { page, example });
    };
    let tenant = *member.tenant();
    let recent = RunFilter { page: first(RECENT), ..RunFilter::default() };
    let (summary, runs, coming) = tokio::try_join!(
        state.store.summary(&tenant),
        state.store.runs(&tenant, recent),
        state.store.coming_schedules(&tenant, None, COMING),
    )?;
    let runs = runs.items;
    let beginning = if runs.is_empty() {
        let any = PlanFilter { page: first(1), ..PlanFilter::default() };
        state.store.plans(&tenant, any).await?.items.pop()
    } else {
        None
    };
    let failing = if summary.failing + summary.errored > 0 { failing(&state, &member).await? } else { Vec::new() };
    let page = Page::of(&request, Section::Home, member).failing(!failing.is_empty());
    html(&HomePage { page, summary, failing, runs, coming, first: beginning })
}

async fn failing(state: &State, member: &SignedIn) -> Result<Vec<Failing>, WebError> {
    let tenant = member.tenant();
    let health = vec![Health::Failing, Health::Errored];
    let filter = PlanFilter { health, page: first(FAILING), ..PlanFilter::default() };
    let with_run = async |plan: PlanRow| {
        let states = vec![RunState::Failed, RunState::Errored];
        let last = RunFilter { plan: Some(plan.id), states, page: first(1), ..RunFilter::default() };
        let run = state.store.runs(tenant, last).await?.items.pop();
        Ok::<_, WebError>(run.map(|run| Failing { plan, run }))
    };
    let plans = state.store.plans(tenant, filter).await?.items;
    let failing = futures_util::future::try_join_all(plans.into_iter().map(with_run)).await?;
    Ok(failing.into_iter().flatten().collect())
}

fn first(size: u32) -> PageRequest {
    PageRequest { after: None, size }
}
