//! The members of the organization: listed, given other roles, removed.

use actix_web::{
    HttpResponse, delete, get, patch,
    web::{Data, Path, Query},
};
use domain::{Action, Email, Role, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::MemberRow;
use utoipa::ToSchema;

use super::{
    body::Body,
    caller::Caller,
    list::{List, Part},
};
use crate::{error::WebError, state::State};

/// Somebody who belongs to the organization.
#[derive(Serialize, ToSchema)]
struct Member {
    /// The user: the same one in every organization.
    id: UserId,
    #[schema(value_type = String)]
    email: Email,
    role: Role,
    joined_at: Timestamp,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self { id: row.user, email: row.email, role: row.role, joined_at: row.joined_at }
    }
}

/// What a member is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleToGive {
    /// None above that of whoever made the token, or that the token's scope stands for.
    role: Role,
}

/// List members
///
/// In the order of their accounts, the oldest first.
#[utoipa::path(tag = "Members", params(Part), responses((status = 200, body = List<Member>)))]
#[get("/members")]
pub(super) async fn list(caller: Caller, state: Data<State>, part: Query<Part>) -> Result<HttpResponse, WebError> {
    let page = state.store.members(caller.tenant(), part.read()?).await?;
    Ok(HttpResponse::Ok().json(List::of(page, Member::from)))
}

/// Give a member another role
///
/// Only owners manage owners, and no token may do it.
#[utoipa::path(
    tag = "Members", security(("token" = ["admin"])),
    request_body = RoleToGive,
    responses((status = 200, body = Member), (status = 409, description = "This is the last owner.")),
)]
#[patch("/members/{member}")]
pub(super) async fn change(
    caller: Caller,
    state: Data<State>,
    member: Path<UserId>,
    body: Body<RoleToGive>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *member).await?;
    caller.must(Action::ManageMembers)?;
    state.store.change_role(caller.tenant(), *member, body.value.role).await?;
    state.sessions.forget_organization(caller.tenant().organization());
    Ok(HttpResponse::Ok().json(Member::from(find(&state, &caller, *member).await?)))
}

/// Remove a member
///
/// They are out at once, and so are the tokens they made. What else they made stays.
#[utoipa::path(
    tag = "Members", security(("token" = ["admin"])),
    responses((status = 204), (status = 409, description = "This is the last owner.")),
)]
#[delete("/members/{member}")]
pub(super) async fn remove(caller: Caller, state: Data<State>, member: Path<UserId>) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *member).await?;
    caller.must(Action::ManageMembers)?;
    state.store.remove_member(caller.tenant(), *member).await?;
    state.sessions.forget_organization(caller.tenant().organization());
    Ok(HttpResponse::NoContent().finish())
}

async fn find(state: &State, caller: &Caller, member: UserId) -> Result<MemberRow, WebError> {
    state.store.member_row(caller.tenant(), member).await?.ok_or(WebError::NotFound)
}
