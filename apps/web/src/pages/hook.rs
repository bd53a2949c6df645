//! The address of a plan that deployments call: made, shown once, rotated, deleted.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, PlanId};
use store::{HookMade, PlanDetail};

use crate::{
    api,
    error::WebError,
    page::{Page, Section, go, html},
    session::{SignedIn, Token},
    state::State,
};

#[derive(Template)]
#[template(path = "hook.html")]
struct MadePage {
    page: Page,
    plan: PlanDetail,
    address: String,
    was_rotated: bool,
}

#[derive(Template)]
#[template(path = "hook/rotate.html")]
struct RotatePage {
    page: Page,
    plan: PlanDetail,
}

#[derive(Template)]
#[template(path = "hook/delete.html")]
struct DeletePage {
    page: Page,
    plan: PlanDetail,
}

/// `POST /plans/{plan}/hook`: makes the address or another one, and shows it this once.
pub(crate) async fn make(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = find(&state, &member, *plan).await?;
    let token = Token::new();
    let made = state.store.make_hook(member.tenant(), plan.id, token.hash()).await?;
    let address = api::hook::address(&state, &token);
    let page = Page::of(&request, Section::Plans, member);
    html(&MadePage { page, plan, address, was_rotated: made == HookMade::Rotated })
}

/// `GET /plans/{plan}/hook/rotate`
pub(crate) async fn ask_to_rotate(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = find_with_hook(&state, &member, *plan).await?;
    html(&RotatePage { page: Page::of(&request, Section::Plans, member), plan })
}

/// `GET /plans/{plan}/hook/delete`
pub(crate) async fn ask_to_delete(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = find_with_hook(&state, &member, *plan).await?;
    html(&DeletePage { page: Page::of(&request, Section::Plans, member), plan })
}

/// `POST /plans/{plan}/hook/delete`
pub(crate) async fn delete(plan: Path<PlanId>, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let plan = find(&state, &member, *plan).await?;
    state.store.delete_hook(member.tenant(), plan.id).await?;
    Ok(go(&format!("/plans/{}", plan.id)))
}

/// The plan, which must be there, for members who may change it.
async fn find(state: &State, member: &SignedIn, plan: PlanId) -> Result<PlanDetail, WebError> {
    let plan = state.store.plan(member.tenant(), plan).await?.ok_or(WebError::NotFound)?;
    member.must(Action::EditPlans)?;
    Ok(plan)
}

async fn find_with_hook(state: &State, member: &SignedIn, plan: PlanId) -> Result<PlanDetail, WebError> {
    let plan = find(state, member, plan).await?;
    state.store.plan_hook(member.tenant(), plan.id).await?.ok_or(WebError::NotFound)?;
    Ok(plan)
}
