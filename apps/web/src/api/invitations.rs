//! Invitations: listed, sent, sent again, taken back.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Path},
};
use domain::{Action, Email, InvitationId, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{InvitationRow, NewInvitation};
use utoipa::ToSchema;

use super::{ROOT, body::Body, caller::Caller, list::List};
use crate::{
    error::WebError,
    inviting::{UNCONFIRMED, find, link},
    state::State,
};

/// Somebody who was asked to join and has not yet.
#[derive(Serialize, ToSchema)]
struct Invitation {
    id: InvitationId,
    #[schema(value_type = String)]
    email: Email,
    /// What they are to be.
    role: Role,
    /// The e-mail address of whoever invited them; null if they are gone.
    invited_by: Option<String>,
    /// When the mail was last sent.
    sent_at: Timestamp,
    /// Until when it holds; it may be over.
    expires_at: Timestamp,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            role: row.role,
            invited_by: row.invited_by.map(|email| email.to_string()),
            sent_at: row.sent_at,
            expires_at: row.expires_at,
        }
    }
}

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToInvite {
    email: String,
    /// None above that of whoever made the token, or that the token's scope stands for.
    role: Role,
}

/// List invitations
///
/// The newest first: those that nobody has accepted yet, those that are over included.
#[utoipa::path(tag = "Members", responses((status = 200, body = List<Invitation>)))]
#[get("/invitations")]
pub(super) async fn list(caller: Caller, state: Data<State>) -> Result<HttpResponse, WebError> {
    let invitations = state.store.invitations(caller.tenant()).await?;
    Ok(HttpResponse::Ok().json(List::whole(invitations.into_iter().map(Invitation::from).collect())))
}

/// Invite somebody
///
/// They get a mail with a link, in the name of whoever made the token; whose own address must be confirmed.
#[utoipa::path(
    tag = "Members", security(("token" = ["admin"])),
    request_body = ToInvite,
    responses(
        (status = 201, body = Invitation, headers(("Location" = String))),
        (status = 402, description = "The tier allows no other member."),
        (status = 409, description = "Too many invitations are open."),
        (status = 422, description = "This is no address, or whose it is belongs here or is invited already."),
    ),
)]
#[post("/invitations")]
pub(super) async fn create(caller: Caller, state: Data<State>, body: Body<ToInvite>) -> Result<HttpResponse, WebError> {
    must_invite(&caller)?;
    let ToInvite { email, role } = body.value;
    let email = email.parse::<Email>().map_err(|error| WebError::field("email", error.to_string()))?;
    let new = NewInvitation { email, role, link: link(&state) };
    let made = state.store.invite(caller.tenant(), new).await?;
    let invitation = Invitation::from(find(&state, caller.tenant(), made).await?);
    let location = format!("{ROOT}/invitations/{made}");
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(invitation))
}

/// Lets only callers go on who may invite, and whose maker mail reaches: else anybody's address would be enough to send
/// mail through us.
fn must_invite(caller: &Caller) -> Result<(), WebError> {
    caller.must(Action::Invite)?;
    match caller.bearer().confirmation.may_invite() {
        true => Ok(()),
        false => Err(WebError::Forbidden(UNCONFIRMED.to_owned())),
    }
}

/// Send an invitation again
///
/// With another link: the one before opens nothing any more. It holds anew.
#[utoipa::path(
    tag = "Members", security(("token" = ["admin"])),
    responses(
        (status = 200, body = Invitation),
        (status = 402, description = "It was over, and the tier allows no other member."),
        (status = 409, description = "It was sent less than a minute ago, or too many are open."),
    ),
)]
#[post("/invitations/{invitation}/again")]
pub(super) async fn again(
    caller: Caller,
    state: Data<State>,
    invitation: Path<InvitationId>,
) -> Result<HttpResponse, WebError> {
    find(&state, caller.tenant(), *invitation).await?;
    must_invite(&caller)?;
    state.store.invite_again(caller.tenant(), *invitation, link(&state)).await?;
    Ok(HttpResponse::Ok().json(Invitation::from(find(&state, caller.tenant(), *invitation).await?)))
}

/// Revoke an invitation
///
/// Its link opens nothing any more.
#[utoipa::path(tag = "Members", security(("token" = ["admin"])), responses((status = 204)))]
#[delete("/invitations/{invitation}")]
pub(super) async fn revoke(
    caller: Caller,
    state: Data<State>,
    invitation: Path<InvitationId>,
) -> Result<HttpResponse, WebError> {
    find(&state, caller.tenant(), *invitation).await?;
    caller.must(Action::Invite)?;
    state.store.revoke_invitation(caller.tenant(), *invitation).await?;
    Ok(HttpResponse::NoContent().finish())
}
