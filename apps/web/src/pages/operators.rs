//! Which operators may run a plan.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{Action, PlanId, UserId};
use url::form_urlencoded;

use crate::{body::Whole, error::WebError, page::go, session::SignedIn, state::State};

/// `POST /plans/{plan}/operators`: those whose `operator` the form holds; all if it holds none.
pub(crate) async fn save(
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
    Whole(form): Whole,
) -> Result<HttpResponse, WebError> {
    state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    member.must(Action::EditPlans)?;
    let chosen = form_urlencoded::parse(&form).filter(|(name, _)| name == "operator");
    // An id that is none belongs to nobody.
    let operators: Vec<UserId> = chosen.filter_map(|(_, id)| id.parse().ok()).collect();
    state.store.name_plan_operators(member.tenant(), *plan, operators).await?;
    Ok(go(&format!("/plans/{plan}")))
}
