//! Changing the password, and asking for it where it is not enough to be signed in.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use domain::Password;
use serde::Deserialize;

use super::{
    overview::{Mistakes, refused},
    set_cookie,
};
use crate::{
    body::Form,
    error::WebError,
    mail,
    page::go,
    session::{SignedIn, Token},
    state::State,
};

/// What is typed to change the password.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    current_password: String,
    new_password: String,
}

/// What is said of a password that is not theirs.
pub(super) const WRONG: &str = "This is not your password.";

/// `POST /account/password`
pub(crate) async fn change(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Change>,
) -> Result<HttpResponse, WebError> {
    let new = form.new_password.parse::<Password>();
    let is_theirs = is_theirs(&state, &member, form.current_password).await?;
    let (Ok(new), true) = (&new, is_theirs) else {
        let mistakes = Mistakes {
            current_password: (!is_theirs).then(|| WRONG.to_owned()),
            new_password: new.err().map(|error| error.to_string()),
            ..Mistakes::default()
        };
        return refused(&request, &state, member, mistakes).await;
    };
    let password_hash = state.passwords.hash(new.expose().to_owned()).await?;
    let token = Token::new();
    let told = mail::password_changed(&state.origin, &member.email);
    state.store.change_password(&member, password_hash, token.hash(), told).await?;
    state.sessions.forget_user(member.user_id);
    let mut response = go("/account?done=password");
    set_cookie(&mut response, &token.cookie(&state))?;
    Ok(response)
}

/// Whether this is the member's password. Each try counts as one at signing in.
pub(super) async fn is_theirs(state: &State, member: &SignedIn, password: String) -> Result<bool, WebError> {
    state.throttle.account(&member.email)?;
    let hash = state.store.password_hash(&member.email).await?.map(|(_, hash)| hash);
    state.passwords.verify(password, hash).await
}
