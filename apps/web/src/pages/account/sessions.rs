//! Ending sessions from another browser.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::SessionId;

use crate::{error::WebError, page::go, session::SignedIn, state::State};

/// `POST /account/sessions/{session}/end`
pub(crate) async fn end(member: SignedIn, state: Data<State>, session: Path<String>) -> Result<HttpResponse, WebError> {
    let session: SessionId = session.parse().map_err(|_| WebError::NotFound)?;
    if !state.store.revoke_session(&member, session).await? {
        return Err(WebError::NotFound);
    }
    state.sessions.forget_user(member.user_id);
    Ok(go("/account?done=ended"))
}

/// `POST /account/sessions/end`: all but this one.
pub(crate) async fn end_others(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    state.store.revoke_other_sessions(&member).await?;
    state.sessions.forget_user(member.user_id);
    Ok(go("/account?done=others"))
}
