//! What is done to several schedules at once: to those with a tag, or to all.

use actix_web::{
    HttpResponse, delete, post,
    web::{Data, Query},
};
use domain::Action;
use serde::{Deserialize, Serialize};
use store::Which;
use utoipa::{IntoParams, ToSchema};

use super::PauseWhy;
use crate::{
    api::{body::Body, caller::Caller},
    error::WebError,
    pages::schedules::reason,
    state::State,
};

/// Which schedules.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Several {
    /// Those with this tag; all, if there is none here.
    #[param(min_length = 1)]
    tag: Option<String>,
}

/// Which schedules are to go.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Tagged {
    /// Those with this tag. All are never deleted at once by leaving something out.
    #[param(min_length = 1)]
    tag: String,
}

/// How many it was done to.
#[derive(Serialize, ToSchema)]
struct HowMany {
    schedules: u64,
}

/// A tag that came out empty is a mistake of a script, and does not stand for all.
fn tag(text: String) -> Result<String, WebError> {
    if text.trim().is_empty() {
        return Err(WebError::BadRequest("`tag` is empty: it does not say which schedules.".to_owned()));
    }
    Ok(text)
}

impl Several {
    fn which(self) -> Result<Which, WebError> {
        self.tag.map_or(Ok(Which::All), |text| tag(text).map(Which::Tag))
    }
}

/// Pause several schedules
///
/// Those with a tag, or all. Tells how many were not paused before. What is due meanwhile is not made up for.
#[utoipa::path(
    tag = "Schedules", security(("token" = ["run"])),
    params(Several),
    request_body = Option<PauseWhy>,
    responses((status = 200, body = HowMany)),
)]
#[post("/schedules/pause")]
pub(in crate::api) async fn pause_many(
    caller: Caller,
    state: Data<State>,
    several: Query<Several>,
    body: Body<Option<PauseWhy>>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::PauseSchedules)?;
    let (which, reason) = (several.into_inner().which()?, reason(&body.value.unwrap_or_default().reason));
    let user = caller.bearer().user_id;
    let schedules = state.store.pause_schedules(caller.tenant(), user, which, &reason).await?;
    Ok(HttpResponse::Ok().json(HowMany { schedules }))
}

/// Resume several schedules
///
/// Those with a tag, or all. Tells how many were paused.
#[utoipa::path(tag = "Schedules", security(("token" = ["run"])), params(Several), responses((status = 200, body = HowMany)))]
#[post("/schedules/resume")]
pub(in crate::api) async fn resume_many(
    caller: Caller,
    state: Data<State>,
    several: Query<Several>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::PauseSchedules)?;
    let schedules = state.store.resume_schedules(caller.tenant(), several.into_inner().which()?).await?;
    Ok(HttpResponse::Ok().json(HowMany { schedules }))
}

/// Delete several schedules
///
/// Those with a tag. Their runs stay, and so do runs that are queued already.
#[utoipa::path(tag = "Schedules", security(("token" = ["write"])), params(Tagged), responses((status = 200, body = HowMany)))]
#[delete("/schedules")]
pub(in crate::api) async fn delete_many(
    caller: Caller,
    state: Data<State>,
    tagged: Query<Tagged>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::ChangeSchedules)?;
    let schedules = state.store.clear_schedules(caller.tenant(), &tag(tagged.into_inner().tag)?).await?;
    Ok(HttpResponse::Ok().json(HowMany { schedules }))
}
