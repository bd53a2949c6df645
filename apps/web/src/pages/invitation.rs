//! An invitation as whoever has its link sees it: accepting it with the account that is signed in, or with a new
//! one.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{Email, Password};
use serde::Deserialize;
use store::{AcceptError, InvitationDetail, NewTicket, SignUpError};
use tokio::time::Instant;

use crate::{
    address,
    body::Form,
    error::WebError,
    filter::Query,
    mail,
    page::{Page, go, html, html_with},
    pages::account::{ANSWER_TAKES, begin_session, with_cookie},
    session::{SignedIn, Somebody, Token},
    state::State,
};

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    page: Page,
    invitation: InvitationDetail,
    token: String,
    /// What is typed to sign up.
    email: String,
    email_error: Option<String>,
    password_error: Option<String>,
    /// Why it was not accepted.
    problem: Option<String>,
}

impl InvitationPage {
    /// Whether another address was invited than the one that is signed in.
    fn is_for_another(&self) -> bool {
        self.page.email.as_ref().is_some_and(|email| *email != self.invitation.email)
    }
}

/// A token, and what is typed to sign up with it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Accept {
    token: String,
    email: String,
    password: String,
}

/// `GET /invitations?token=…`: changes nothing.
pub(crate) async fn page(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let query = Query::of(request.query_string());
    let form = Accept { token: query.get("token").unwrap_or_default().to_owned(), ..Accept::default() };
    html(&read(&request, &state, form).await?)
}

async fn read(request: &HttpRequest, state: &State, form: Accept) -> Result<InvitationPage, WebError> {
    let token = Token::read(&form.token).ok_or(WebError::NoInvitation)?;
    let invitation = state.store.invitation(token.hash()).await?.ok_or(WebError::NoInvitation)?;
    let page = match Somebody::of(request).await? {
        Some(somebody) => Page::of_somebody(request, &somebody, SignedIn::of(request).await?),
        None => Page::public(request, crate::page::Section::Public),
    };
    let email = if form.email.is_empty() { invitation.email.to_string() } else { form.email };
    Ok(InvitationPage {
        page,
        invitation,
        token: form.token,
        email,
        email_error: None,
        password_error: None,
        problem: None,
    })
}

/// `POST /invitations`: whoever is signed in joins, and their browser goes there under a new token.
pub(crate) async fn accept(
    request: HttpRequest,
    somebody: Somebody,
    state: Data<State>,
    Form(form): Form<Accept>,
) -> Result<HttpResponse, WebError> {
    let token = Token::read(&form.token).ok_or(WebError::NoInvitation)?;
    let session = Token::new();
    match state.store.accept_invitation(&somebody.person, token.hash(), session.hash()).await {
        Ok(()) => {
            state.sessions.forget(&somebody.hash);
            with_cookie(go("/"), &session.cookie(&state))
        }
        Err(error) => not_accepted(&request, &state, form, error).await,
    }
}

/// `POST /invitations/sign-up`: a new account that belongs to the organization. Whether the address was free is told
/// no more than at any other sign-up; whoever has an account already signs in and comes back here.
pub(crate) async fn sign_up(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<Accept>,
) -> Result<HttpResponse, WebError> {
    let begun = Instant::now();
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let token = Token::read(&form.token).ok_or(WebError::NoInvitation)?;
    let (email, password) = match (form.email.parse::<Email>(), form.password.parse::<Password>()) {
        (Ok(email), Ok(password)) => (email, password),
        (email, password) => {
            let typed = form.email.clone();
            let page = InvitationPage {
                email_error: email.err().map(|error| error.to_string()),
                password_error: password.err().map(|error| error.to_string()),
                ..read(&request, &state, form).await?
            };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &InvitationPage { email: typed, ..page });
        }
    };
    let password_hash = state.passwords.hash(password.expose().to_owned()).await?;
    let link = Token::new();
    let confirmation = NewTicket { token_hash: link.hash(), mail: Some(mail::confirm(&state.origin, &link, &email)) };
    let session = match state.store.sign_up_invited(email, password_hash, token.hash(), confirmation).await {
        Ok(user) => begin_session(&request, &state, user).await?,
        // A token without a session.
        Err(AcceptError::SignUp(SignUpError::EmailTaken)) => Token::new(),
        Err(error) => return not_accepted(&request, &state, form, error).await,
    };
    tokio::time::sleep_until(begun + ANSWER_TAKES).await;
    let next = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &format!("/invitations?token={}", token.text()))
        .finish();
    with_cookie(go(&format!("/welcome?{next}")), &session.cookie(&state))
}

async fn not_accepted(
    request: &HttpRequest,
    state: &State,
    form: Accept,
    error: AcceptError,
) -> Result<HttpResponse, WebError> {
    let problem = Some(error.to_string());
    let status = match error {
        AcceptError::Gone => return Err(WebError::NoInvitation),
        AcceptError::OverLimit(_) => StatusCode::PAYMENT_REQUIRED,
        AcceptError::AlreadyMember(_) => StatusCode::CONFLICT,
        AcceptError::SignUp(SignUpError::Store(error)) => return Err(error.into()),
        AcceptError::SignUp(SignUpError::EmailTaken) => return Err(WebError::internal(error.to_string())),
    };
    html_with(status, &InvitationPage { problem, ..read(request, state, form).await? })
}
