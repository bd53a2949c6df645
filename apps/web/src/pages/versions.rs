//! The versions of a plan, which never change.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use domain::PlanId;
use store::{PlanDetail, PlanVersion, VersionRow};

use crate::{
    error::WebError,
    filter::Query,
    page::{Page, Section, html},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "versions.html")]
struct VersionsPage {
    page: Page,
    plan: PlanDetail,
    versions: Vec<VersionRow>,
    /// The query of the link to older ones.
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "version.html")]
struct VersionPage {
    page: Page,
    plan: PlanDetail,
    version: PlanVersion,
}

/// `GET /plans/{plan}/versions`
pub(crate) async fn list(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let query = Query::of(request.query_string());
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    let list = state.store.plan_versions(member.tenant(), plan.id, query.page()).await?;
    let older = list.next.as_ref().map(|cursor| query.from(Some(cursor)));
    html(&VersionsPage { page: Page::of(&request, Section::Plans, member), plan, versions: list.items, older })
}

/// `GET /plans/{plan}/versions/{version}`
pub(crate) async fn version(
    request: HttpRequest,
    path: Path<(PlanId, u32)>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let (plan, version) = path.into_inner();
    let plan = state.store.plan(member.tenant(), plan).await?.ok_or(WebError::NotFound)?;
    let version = state.store.plan_version(member.tenant(), plan.id, version).await?.ok_or(WebError::NotFound)?;
    html(&VersionPage { page: Page::of(&request, Section::Plans, member), plan, version })
}
