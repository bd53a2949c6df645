//! Asking for another e-mail address. It changes when the link that is sent there is followed.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use domain::Email;
use serde::Deserialize;
use store::NewTicket;

use super::{
    overview::{Mistakes, refused},
    password::mistaken,
};
use crate::{
    body::Form,
    error::WebError,
    mail,
    page::go,
    session::{SignedIn, Token},
    state::State,
};

/// What is typed to change the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    email: String,
    email_password: String,
}

/// `POST /account/email`. An address that has an account gets another mail, and the answer is the same.
pub(crate) async fn change(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Change>,
) -> Result<HttpResponse, WebError> {
    let email = match form.email.parse::<Email>() {
        Ok(email) if email == member.email => Err("This is your address already.".to_owned()),
        Ok(email) => Ok(email),
        Err(error) => Err(error.to_string()),
    };
    let email_password = mistaken(&state, &member, form.email_password).await?;
    let email = match email {
        Ok(email) if email_password.is_none() => email,
        email => {
            let mistakes =
                Mistakes { email: email.err(), email_password, typed_email: form.email, ..Mistakes::default() };
            return refused(&request, &state, member, mistakes).await;
        }
    };
    state.throttle.mail(&email)?;
    let link = Token::new();
    let mail = if state.store.password_hash(&email).await?.is_some() {
        mail::taken(&state.origin, &email)
    } else {
        mail::new_email(&state.origin, &link, &email)
    };
    let told = mail::email_is_changing(&state.origin, &member.email, &email);
    // Of an address that is taken, nobody knows this token.
    let ticket = NewTicket { token_hash: link.hash(), mail: Some(mail) };
    state.store.request_email_change(&member, email, ticket, told).await?;
    Ok(go("/account?done=email"))
}
