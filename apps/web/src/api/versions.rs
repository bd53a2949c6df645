//! The versions of a plan.

use actix_web::{
    HttpResponse, get,
    web::{Data, Path, Query},
};
use domain::PlanId;
use jiff::Timestamp;
use serde::Serialize;
use store::VersionRow;
use utoipa::ToSchema;

use super::{
    caller::Caller,
    list::{List, Part},
    plans::find,
};
use crate::{error::WebError, state::State};

/// A version in the list of a plan's versions.
#[derive(Serialize, ToSchema)]
struct VersionItem {
    /// From 1.
    version: u32,
    /// The plan's name then.
    name: String,
    /// How many steps it has.
    steps: u32,
    /// The e-mail address of whoever wrote it; null if they are gone.
    author: Option<String>,
    /// When it was saved.
    created_at: Timestamp,
}

/// A version with what it says.
#[derive(Serialize, ToSchema)]
struct Version {
    #[serde(flatten)]
    item: VersionItem,
    /// The YAML as it was written.
    text: String,
}

impl From<VersionRow> for VersionItem {
    fn from(row: VersionRow) -> Self {
        Self {
            version: row.version,
            name: row.name,
            steps: row.steps,
            author: row.author.map(|email| email.to_string()),
            created_at: row.created_at,
        }
    }
}

/// List the versions of a plan
///
/// The newest first.
#[utoipa::path(tag = "Plans", params(Part), responses((status = 200, body = List<VersionItem>)))]
#[get("/plans/{plan}/versions")]
pub(super) async fn list(
    caller: Caller,
    state: Data<State>,
    plan: Path<PlanId>,
    part: Query<Part>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    let page = state.store.plan_versions(caller.tenant(), *plan, part.read()?).await?;
    Ok(HttpResponse::Ok().json(List::of(page, VersionItem::from)))
}

/// Read a version of a plan
#[utoipa::path(tag = "Plans", responses((status = 200, body = Version)))]
#[get("/plans/{plan}/versions/{version}")]
pub(super) async fn read(
    caller: Caller,
    state: Data<State>,
    path: Path<(PlanId, u32)>,
) -> Result<HttpResponse, WebError> {
    let (plan, version) = path.into_inner();
    let found = state.store.plan_version(caller.tenant(), plan, version).await?.ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().json(Version { item: found.row.into(), text: found.text }))
}
