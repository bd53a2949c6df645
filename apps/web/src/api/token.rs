//! What the token that came with a request is.

use actix_web::{HttpResponse, get, web::Data};
use domain::{OrganizationId, Scope, Tier, TokenId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::state::State;

/// A token, and what it is of.
#[derive(Serialize, ToSchema)]
struct TokenInUse {
    id: TokenId,
    /// What it is called.
    name: String,
    scope: Scope,
    /// When it ends; null for never.
    expires_at: Option<Timestamp>,
    organization: OrganizationInUse,
    /// The e-mail address of whoever made it: it acts in their name.
    user: String,
}

#[derive(Serialize, ToSchema)]
struct OrganizationInUse {
    id: OrganizationId,
    name: String,
    tier: Tier,
}

/// What this token is
///
/// Its name, scope and end, and the organization it is of.
#[utoipa::path(tag = "Tokens", responses((status = 200, body = TokenInUse)))]
#[get("/token")]
pub(super) async fn read(caller: Caller, state: Data<State>) -> HttpResponse {
    let bearer = caller.bearer();
    HttpResponse::Ok().json(TokenInUse {
        id: bearer.token,
        name: bearer.name.clone(),
        scope: bearer.scope,
        expires_at: bearer.expires_at,
        organization: OrganizationInUse {
            id: bearer.tenant().organization(),
            name: bearer.organization_name.clone(),
            tier: caller.tier(&state).0,
        },
        user: bearer.email.to_string(),
    })
}
