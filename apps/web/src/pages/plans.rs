//! The list of plans.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use domain::{Elapsed, Health, RunState};
use store::{PlanFilter, PlanRow, RecentRun};

use crate::{
    error::WebError,
    filter::Query,
    page::{Page, Section, html},
    session::SignedIn,
    show::bars::Bars,
    state::State,
};

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    page: Page,
    query: Query,
    plans: Vec<Row>,
    /// The query of the link to older ones.
    older: Option<String>,
}

/// A plan with how it is drawn.
struct Row {
    plan: PlanRow,
    state: &'static str,
    bars: Bars,
}

impl PlansPage {
    fn healths(&self) -> &'static [Health] {
        Health::ALL
    }

    fn is_chosen(&self, health: &Health) -> bool {
        self.query.all("state").any(|word| word == health.as_str())
    }

    fn failing(&self) -> usize {
        self.plans.iter().filter(|row| matches!(row.plan.health, Some(Health::Failing | Health::Errored))).count()
    }
}

/// `GET /plans?q=…&state=…&after=…`
pub(crate) async fn list(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let query = Query::of(request.query_string());
    let filter =
        PlanFilter { search: query.get("q").map(str::to_owned), health: query.words("state"), page: query.page() };
    let list = state.store.plans(member.tenant(), filter).await?;
    let older = list.next.as_ref().map(|cursor| query.from(Some(cursor)));
    let plans = list.items.into_iter().map(Row::from).collect();
    let mut page = PlansPage { page: Page::of(&request, Section::Plans, member), query, plans, older };
    let is_failing = page.failing() > 0;
    page.page = page.page.failing(is_failing);
    html(&page)
}

impl From<PlanRow> for Row {
    fn from(plan: PlanRow) -> Self {
        let under_way = plan.last_run.as_ref().map(|run| run.state).filter(|state| !state.is_final());
        let state = match under_way {
            Some(state) => state.as_str(),
            None if plan.over_limit.is_some() => "paused",
            None => word_of(plan.health),
        };
        Self { state, bars: bars(&plan.recent), plan }
    }
}

/// The word of the pill; empty before the first verdict.
pub(crate) fn word_of(health: Option<Health>) -> &'static str {
    match health {
        Some(Health::Passing) => "passed",
        Some(Health::Slow) => "slow",
        Some(Health::Failing) => "failed",
        Some(Health::Errored) => "errored",
        None => "",
    }
}

/// The last runs of a plan as bars.
pub(crate) fn bars(recent: &[RecentRun]) -> Bars {
    let runs: Vec<(&'static str, u64)> = recent
        .iter()
        .rev()
        .map(|run| {
            let Elapsed(micros) = run.duration;
            (if run.slow && run.state == RunState::Passed { "slow" } else { run.state.as_str() }, micros)
        })
        .collect();
    Bars::new(&runs)
}
