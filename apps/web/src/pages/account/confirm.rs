//! Links that show that mail reaches somebody: for the address they signed up with, and for a new one.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::TicketPurpose;
use store::{EmailChangeError, NewTicket, Ticket};

use crate::{
    error::WebError,
    mail,
    page::{Page, Section, go, html, html_with},
    session::{SignedIn, Token},
    state::State,
};

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    page: Page,
    /// The address that is confirmed.
    email: String,
    /// What else follows.
    then: &'static str,
}

#[derive(Template)]
#[template(path = "no_good.html")]
struct NoGoodPage {
    page: Page,
    heading: &'static str,
    text: &'static str,
}

/// `POST /account/confirmation`: another link.
pub(crate) async fn again(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    state.throttle.mail(&member.email)?;
    let link = Token::new();
    let mail = mail::confirm(&state.origin, &link, &member.email);
    state.store.request_confirmation(&member, NewTicket { token_hash: link.hash(), mail: Some(mail) }).await?;
    Ok(go("/account?done=sent"))
}

/// `GET /confirm/{token}`: changes nothing, since programs that look through mail follow links, too.
pub(crate) async fn form(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
) -> Result<HttpResponse, WebError> {
    let Some((_, ticket)) = find(&state, TicketPurpose::Confirm, &token).await? else { return no_good(&request) };
    let page = Page::public(&request, Section::Public);
    html(&ConfirmPage { page, email: ticket.email.to_string(), then: "" })
}

/// `POST /confirm/{token}`. Signs nobody in: who has the mailbox need not be who chose the password.
pub(crate) async fn confirm(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
) -> Result<HttpResponse, WebError> {
    let Some(token) = Token::read(&token) else { return no_good(&request) };
    let Some(user) = state.store.confirm_email(token.hash()).await? else { return no_good(&request) };
    state.sessions.forget_user(user);
    let is_theirs = SignedIn::of(&request).await?.is_some_and(|member| member.user_id == user);
    Ok(go(if is_theirs { "/account?done=confirmed" } else { "/sign-in?done=confirmed" }))
}

/// `GET /change-email/{token}`
pub(crate) async fn new_email_form(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
) -> Result<HttpResponse, WebError> {
    let found = find(&state, TicketPurpose::ChangeEmail, &token).await?;
    let Some(email) = found.and_then(|(_, ticket)| ticket.new_email) else { return no_good(&request) };
    let page = Page::public(&request, Section::Public);
    let then = "It becomes the address of your account. Then sign in with it, here and on all your devices.";
    html(&ConfirmPage { page, email: email.to_string(), then })
}

/// `POST /change-email/{token}`
pub(crate) async fn change_email(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
) -> Result<HttpResponse, WebError> {
    let found = find(&state, TicketPurpose::ChangeEmail, &token).await?;
    let Some((hash, ticket)) = found else { return no_good(&request) };
    let Some(new) = ticket.new_email else { return no_good(&request) };
    let told = mail::email_changed(&state.origin, &ticket.email, &new);
    match state.store.change_email(hash, told).await {
        Ok(user) => {
            state.sessions.forget_user(user);
            Ok(go("/sign-in?done=email"))
        }
        Err(EmailChangeError::NoTicket) => no_good(&request),
        Err(EmailChangeError::EmailTaken) => refused(
            &request,
            StatusCode::CONFLICT,
            "This address was not taken over",
            "It has an account of its own by now. Sign in with your old address, and choose another new one.",
        ),
        Err(EmailChangeError::Store(error)) => Err(error.into()),
    }
}

/// The ticket with this token, and its hash.
async fn find(state: &State, purpose: TicketPurpose, token: &str) -> Result<Option<([u8; 32], Ticket)>, WebError> {
    let Some(hash) = Token::read(token).map(|token| token.hash()) else { return Ok(None) };
    Ok(state.store.ticket(purpose, hash).await?.map(|ticket| (hash, ticket)))
}

/// For a link that was used, has expired, or never was.
pub(super) fn no_good(request: &HttpRequest) -> Result<HttpResponse, WebError> {
    refused(
        request,
        StatusCode::NOT_FOUND,
        "This link is not good any more",
        "A link is good once, and only for a while. Sign in to see how things stand, or ask for another link.",
    )
}

fn refused(
    request: &HttpRequest,
    status: StatusCode,
    heading: &'static str,
    text: &'static str,
) -> Result<HttpResponse, WebError> {
    html_with(status, &NoGoodPage { page: Page::public(request, Section::Public), heading, text })
}
