//! Changing the password, and asking for it where it is not enough to be signed in.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use domain::Password;
use serde::Deserialize;

use super::{
    overview::{Mistakes, refused},
    with_cookie,
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

/// `POST /account/password`
pub(crate) async fn change(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Change>,
) -> Result<HttpResponse, WebError> {
    let new = form.new_password.parse::<Password>();
    let current_password = mistaken(&state, &member, form.current_password).await?;
    let (Ok(new), None) = (&new, current_password) else {
        let mistakes = Mistakes {
            current_password,
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
    with_cookie(go("/account?done=password"), &token.cookie(&state))
}

/// What to say of a password that is not the member's; none if it is theirs. Each try counts as one at signing in.
pub(super) async fn mistaken(
    state: &State,
    member: &SignedIn,
    password: String,
) -> Result<Option<&'static str>, WebError> {
    state.throttle.account(&member.email)?;
    let hash = state.store.password_hash(&member.email).await?.map(|(_, hash)| hash);
    let is_theirs = state.passwords.verify(password, hash).await?;
    Ok((!is_theirs).then_some("This is not your password."))
}
