//! The tokens of the organization: listed, made, revoked.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Path},
};
use domain::{Action, Scope, TokenId, TokenName, token::InvalidTokenName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{NewToken, TokenRow};
use utoipa::ToSchema;

use super::{
    ROOT,
    body::Body,
    caller::{self, Caller},
    list::List,
};
use crate::{error::WebError, session::Token, state::State};

/// A token in the list of tokens.
#[derive(Serialize, ToSchema)]
struct TokenItem {
    id: TokenId,
    /// What it is called.
    name: String,
    scope: Scope,
    /// The e-mail address of whoever made it: it acts in their name, and goes when they leave.
    created_by: String,
    created_at: Timestamp,
    /// When it ends; null for never.
    expires_at: Option<Timestamp>,
    /// When it was used last, to the minute; null before the first time.
    last_used_at: Option<Timestamp>,
}

impl From<TokenRow> for TokenItem {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scope: row.scope,
            created_by: row.created_by.to_string(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenToCreate {
    /// What it is called: 1 to 100 characters on one line.
    #[schema(min_length = 1, max_length = 100, examples("deployments"))]
    name: String,
    scope: Scope,
    /// When it ends, in the future; null or missing for never.
    expires_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
struct NewlyMade {
    id: TokenId,
    /// The token itself, which nobody tells again.
    token: String,
}

/// List tokens
///
/// The newest first, those that have ended included.
#[utoipa::path(tag = "Tokens", security(("token" = ["admin"])), responses((status = 200, body = List<TokenItem>)))]
#[get("/tokens")]
pub(super) async fn list(caller: Caller, state: Data<State>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ManageTokens)?;
    let tokens = state.store.tokens(caller.tenant()).await?;
    Ok(HttpResponse::Ok().json(List::whole(tokens.into_iter().map(TokenItem::from).collect())))
}

/// Create a token
///
/// It acts in the name of whoever made the token that asks, and is told once.
#[utoipa::path(
    tag = "Tokens", security(("token" = ["admin"])),
    request_body = TokenToCreate,
    responses(
        (status = 201, body = NewlyMade, headers(("Location" = String))),
        (status = 409, description = "The organization has as many tokens as it may."),
    ),
)]
#[post("/tokens")]
pub(super) async fn create(
    caller: Caller,
    state: Data<State>,
    body: Body<TokenToCreate>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::ManageTokens)?;
    let TokenToCreate { name, scope, expires_at } = body.value;
    let name: TokenName = name.parse().map_err(|error: InvalidTokenName| WebError::field("name", error.to_string()))?;
    if expires_at.is_some_and(|at| at <= Timestamp::now()) {
        return Err(WebError::field("expires_at", "A token ends in the future, or never."));
    }
    let token = Token::new();
    let new = NewToken { name, scope, expires_at, token_hash: token.hash() };
    let id = state.store.create_token(caller.tenant(), new).await?;
    let location = format!("{ROOT}/tokens/{id}");
    let made = NewlyMade { id, token: caller::text(&token) };
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(made))
}

/// Revoke a token
///
/// From then on nobody gets in by it.
#[utoipa::path(tag = "Tokens", security(("token" = ["admin"])), responses((status = 204)))]
#[delete("/tokens/{token}")]
pub(super) async fn revoke(caller: Caller, state: Data<State>, token: Path<TokenId>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ManageTokens)?;
    state.store.revoke_token(caller.tenant(), *token).await?;
    Ok(HttpResponse::NoContent().finish())
}
