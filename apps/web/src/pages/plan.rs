//! One plan: what it is doing, running it, deleting it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, Cause, Health, PlanId, RunId};
use plan::OutlineStep;
use store::{HookRow, NewRun, PageRequest, PlanDetail, PlanOperator, RunFilter, RunRow, ScheduleRow};

use crate::{
    error::WebError,
    page::{Page, Section, go, html},
    pages::plans::{bars, word_of},
    session::SignedIn,
    show::bars::Bars,
    starting::start,
    state::State,
};

/// How many runs the page lists.
const RECENT: u32 = 10;

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    page: Page,
    plan: PlanDetail,
    state: &'static str,
    bars: Bars,
    steps: Vec<OutlineStep>,
    runs: Vec<RunRow>,
    /// The schedule that comes due next.
    next: Option<ScheduleRow>,
    /// Who may be named to run it, and who is.
    operators: Vec<PlanOperator>,
    /// Whether whoever looks may run it.
    may_run: bool,
    /// The address that deployments call, if there is one.
    hook: Option<HookRow>,
}

impl PlanPage {
    fn names_nobody(&self) -> bool {
        !self.operators.iter().any(|one| one.is_named)
    }
}

#[derive(Template)]
#[template(path = "plan_delete.html")]
struct DeletePage {
    page: Page,
    plan: PlanDetail,
}

/// `GET /plans/{plan}`
pub(crate) async fn overview(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    let recent = PageRequest { after: None, size: RECENT };
    let recent = RunFilter { plan: Some(plan.id), page: recent, ..RunFilter::default() };
    let (runs, mut coming, operators, is_named, hook) = tokio::try_join!(
        state.store.runs(member.tenant(), recent),
        state.store.coming_schedules(member.tenant(), Some(plan.id), 1),
        state.store.plan_operators(member.tenant(), plan.id),
        state.store.may_operate(member.tenant(), plan.id),
        state.store.plan_hook(member.tenant(), plan.id),
    )?;
    let is_failing = matches!(plan.health, Some(Health::Failing | Health::Errored));
    html(&PlanPage {
        next: coming.pop(),
        operators,
        hook,
        may_run: is_named && plan.over_limit.is_none() && member.role.may(Action::Run),
        page: Page::of(&request, Section::Plans, member).failing(is_failing),
        state: if plan.over_limit.is_some() { "paused" } else { word_of(plan.health) },
        bars: bars(&plan.recent),
        steps: steps(&plan.outline)?,
        plan,
        runs: runs.items,
    })
}

/// The steps of a stored outline.
pub(crate) fn steps(outline: &str) -> Result<Vec<OutlineStep>, WebError> {
    serde_json::from_str(outline).map_err(|error| WebError::internal(format!("an outline was not read: {error}")))
}

/// `POST /plans/{plan}/runs`
pub(crate) async fn run(plan: Path<PlanId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let run = queue(&state, &member, *plan, BTreeMap::new()).await?;
    Ok(go(&format!("/runs/{run}")))
}

/// Asks for a run of the plan's current version, with these values for its variables.
pub(crate) async fn queue(
    state: &State,
    member: &SignedIn,
    plan: PlanId,
    variables: BTreeMap<String, String>,
) -> Result<RunId, WebError> {
    member.must(Action::Run)?;
    let new = NewRun { user: Some(member.user_id), variables, ..NewRun::of(plan, Cause::Manual) };
    Ok(start(state, member.tenant(), new).await?.id)
}

/// `GET /plans/{plan}/delete`
pub(crate) async fn ask_to_delete(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    member.must(Action::DeletePlans)?;
    html(&DeletePage { page: Page::of(&request, Section::Plans, member), plan })
}

/// `POST /plans/{plan}/delete`
pub(crate) async fn delete(plan: Path<PlanId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::DeletePlans)?;
    if state.store.delete_plan(member.tenant(), *plan).await? { Ok(go("/plans")) } else { Err(WebError::NotFound) }
}
