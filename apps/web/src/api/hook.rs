//! A plan's hook: the address that a deployment calls. Here it is made and deleted; `call` is the address itself.

pub(super) mod call;

use actix_web::{
    HttpResponse, delete, get, put,
    web::{Data, Path},
};
use domain::{Action, PlanId};
use jiff::Timestamp;
use serde::Serialize;
use store::{HookMade, HookRow};
use utoipa::ToSchema;

use super::{ROOT, caller::Caller, plans::find};
use crate::{error::WebError, session::Token, state::State};

/// The address that runs a plan, as deployments call it.
pub(crate) fn address(state: &State, token: &Token) -> String {
    format!("{}{ROOT}/hooks/{}", state.origin.as_str().trim_end_matches('/'), token.text())
}

/// A plan's hook, without its address.
#[derive(Serialize, ToSchema)]
struct Hook {
    /// The e-mail address of whoever made it; null if they are gone.
    created_by: Option<String>,
    created_at: Timestamp,
    /// When it was called last, to the minute; null before the first time.
    last_used_at: Option<Timestamp>,
}

impl From<HookRow> for Hook {
    fn from(row: HookRow) -> Self {
        Self {
            created_by: row.created_by.map(|email| email.to_string()),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The address of a hook that was just made.
#[derive(Serialize, ToSchema)]
struct HookAddress {
    /// To be called with POST. Whoever knows it may run the plan; nobody tells it again.
    url: String,
}

/// Read a plan's hook
///
/// Who made it, and when it was used. Its address is told only when it is made.
#[utoipa::path(tag = "Hooks", security(("token" = ["write"])), responses((status = 200, body = Hook)))]
#[get("/plans/{plan}/hook")]
pub(super) async fn read(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    caller.must(Action::EditPlans)?;
    let hook = state.store.plan_hook(caller.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    Ok(HttpResponse::Ok().json(Hook::from(hook)))
}

/// Make a plan's hook, or give it another address
///
/// The address before, if there was one, leads nowhere from then on.
#[utoipa::path(
    tag = "Hooks", security(("token" = ["write"])),
    responses(
        (status = 201, description = "The plan had no hook before.", body = HookAddress),
        (status = 200, description = "The address before is dead.", body = HookAddress),
    ),
)]
#[put("/plans/{plan}/hook")]
pub(super) async fn make(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    caller.must(Action::EditPlans)?;
    let token = Token::new();
    let made = state.store.make_hook(caller.tenant(), *plan, token.hash()).await?;
    let url = address(&state, &token);
    Ok(match made {
        HookMade::New => HttpResponse::Created(),
        HookMade::Rotated => HttpResponse::Ok(),
    }
    .json(HookAddress { url }))
}

/// Delete a plan's hook
///
/// Its address leads nowhere from then on.
#[utoipa::path(tag = "Hooks", security(("token" = ["write"])), responses((status = 204)))]
#[delete("/plans/{plan}/hook")]
pub(super) async fn delete(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    caller.must(Action::EditPlans)?;
    state.store.delete_hook(caller.tenant(), *plan).await?;
    Ok(HttpResponse::NoContent().finish())
}
