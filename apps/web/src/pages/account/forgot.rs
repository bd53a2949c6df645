//! A forgotten password: a link is asked for, and a new password chosen with it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{Email, Password, TicketPurpose};
use serde::Deserialize;
use store::NewTicket;
use tokio::time::Instant;

use super::{ANSWER_TAKES, confirm::no_good};
use crate::{
    address,
    body::Form,
    config::MailDelivery,
    error::WebError,
    mail,
    page::{Page, Section, go, html, html_with},
    session::Token,
    state::State,
};

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    page: Page,
    email: String,
    email_error: Option<String>,
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    page: Page,
    sentence: &'static str,
    delivery: MailDelivery,
}

impl MailboxPage {
    fn is_in_a_folder(&self) -> bool {
        self.delivery == MailDelivery::Folder
    }
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    page: Page,
    token: String,
    password_error: Option<String>,
}

/// Whose password is forgotten.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Forgot {
    email: String,
}

/// The password that is chosen.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reset {
    password: String,
}

/// `GET /forgot`
pub(crate) async fn form(request: HttpRequest) -> Result<HttpResponse, WebError> {
    let page = Page::public(&request, Section::Public);
    html(&ForgotPage { page, email: String::new(), email_error: None })
}

/// `POST /forgot`: the same for every address, whether it has an account or not.
pub(crate) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<Forgot>,
) -> Result<HttpResponse, WebError> {
    let begun = Instant::now();
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let email = match form.email.parse::<Email>() {
        Ok(email) => email,
        Err(error) => {
            let page = Page::public(&request, Section::Public);
            let page = ForgotPage { page, email: form.email, email_error: Some(error.to_string()) };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    state.throttle.mail(&email)?;
    let link = Token::new();
    let mail = mail::reset(&state.origin, &link, &email);
    state.store.request_reset(&email, NewTicket { token_hash: link.hash(), mail: Some(mail) }).await?;
    tokio::time::sleep_until(begun + ANSWER_TAKES).await;
    Ok(go("/forgot/sent"))
}

/// `GET /forgot/sent`
pub(crate) async fn sent(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    let sentence = "If there is an account with this address, a link to choose a new password is on its way.";
    look_into_mailbox(&request, &state, sentence)
}

/// The page that says so.
pub(super) fn look_into_mailbox(
    request: &HttpRequest,
    state: &State,
    sentence: &'static str,
) -> Result<HttpResponse, WebError> {
    html(&MailboxPage { page: Page::public(request, Section::Public), sentence, delivery: state.config.mail })
}

/// `GET /reset/{token}`: changes nothing, since programs that look through mail follow links, too.
pub(crate) async fn reset_form(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
) -> Result<HttpResponse, WebError> {
    let hash = Token::read(&token).map(|token| token.hash());
    let is_good = match hash {
        Some(hash) => state.store.ticket(TicketPurpose::Reset, hash).await?.is_some(),
        None => false,
    };
    if !is_good {
        return no_good(&request);
    }
    let page = Page::public(&request, Section::Public);
    html(&ResetPage { page, token: token.into_inner(), password_error: None })
}

/// `POST /reset/{token}`
pub(crate) async fn reset(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
    Form(form): Form<Reset>,
) -> Result<HttpResponse, WebError> {
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let Some(hash) = Token::read(&token).map(|token| token.hash()) else { return no_good(&request) };
    let Some(ticket) = state.store.ticket(TicketPurpose::Reset, hash).await? else { return no_good(&request) };
    let password = match form.password.parse::<Password>() {
        Ok(password) => password,
        Err(error) => {
            let page = Page::public(&request, Section::Public);
            let page = ResetPage { page, token: token.into_inner(), password_error: Some(error.to_string()) };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let password_hash = state.passwords.hash(password.expose().to_owned()).await?;
    let told = mail::password_changed(&state.origin, &ticket.email);
    let Some(user) = state.store.reset_password(hash, password_hash, told).await? else { return no_good(&request) };
    state.sessions.forget_user(user);
    Ok(go("/sign-in?done=reset"))
}
