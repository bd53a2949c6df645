//! Invitations, as pages and API send them.

use domain::InvitationId;
use store::{InvitationLink, InvitationRow, Tenant};

use crate::{error::WebError, session::Token, state::State};

/// What is said to whoever has not shown that mail reaches them.
pub(crate) const UNCONFIRMED: &str = "Whoever invites others has a confirmed e-mail address.";

/// A new link, built from the configured origin. The token stands in its query, which is not logged.
pub(crate) fn link(state: &State) -> InvitationLink {
    let token = Token::new();
    let mut address = state.origin.join("/invitations").expect("the path is one");
    address.query_pairs_mut().append_pair("token", &token.text());
    InvitationLink { address: address.into(), token_hash: token.hash() }
}

/// The invitation, which must be there.
pub(crate) async fn find(state: &State, tenant: &Tenant, invitation: InvitationId) -> Result<InvitationRow, WebError> {
    let all = state.store.invitations(tenant).await?;
    all.into_iter().find(|row| row.id == invitation).ok_or(WebError::NotFound)
}
