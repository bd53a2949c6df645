//! Which operators may run a plan.

use actix_web::{
    HttpResponse, get, put,
    web::{Data, Path},
};
use domain::{Action, PlanId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{body::Body, caller::Caller, plans};
use crate::{error::WebError, state::State};

/// The operators who may run and stop a plan.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanOperators {
    /// The ids of those members; empty if all operators may. Members of higher roles may anyway.
    operators: Vec<UserId>,
}

/// Read who may run a plan
#[utoipa::path(tag = "Plans", responses((status = 200, body = PlanOperators)))]
#[get("/plans/{plan}/operators")]
pub(super) async fn read(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    plans::find(&state, &caller, *plan).await?;
    told(&caller, &state, *plan).await
}

/// Say who may run a plan
///
/// Of the operators; with an empty list all of them.
#[utoipa::path(
    tag = "Plans", security(("token" = ["write"])),
    request_body = PlanOperators,
    responses(
        (status = 200, body = PlanOperators),
        (status = 422, description = "One of them is no operator of the organization."),
    ),
)]
#[put("/plans/{plan}/operators")]
pub(super) async fn save(
    caller: Caller,
    state: Data<State>,
    plan: Path<PlanId>,
    body: Body<PlanOperators>,
) -> Result<HttpResponse, WebError> {
    plans::find(&state, &caller, *plan).await?;
    caller.must(Action::EditPlans)?;
    let known = state.store.plan_operators(caller.tenant(), *plan).await?;
    let PlanOperators { operators } = body.value;
    if let Some(other) = operators.iter().find(|id| known.iter().all(|one| one.user != **id)) {
        let message = format!("{other} is no operator here. Name operators only: members of higher roles may anyway.");
        return Err(WebError::field("operators", message));
    }
    state.store.name_plan_operators(caller.tenant(), *plan, operators).await?;
    told(&caller, &state, *plan).await
}

async fn told(caller: &Caller, state: &State, plan: PlanId) -> Result<HttpResponse, WebError> {
    let known = state.store.plan_operators(caller.tenant(), plan).await?;
    let operators = known.into_iter().filter(|one| one.is_named).map(|one| one.user).collect();
    Ok(HttpResponse::Ok().json(PlanOperators { operators }))
}
