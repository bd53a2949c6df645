//! The second step of signing in: the password was right, and a code is asked for. Between the steps the browser
//! has a ticket and no session yet.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use askama::Template;
use domain::{TicketPurpose, UserId};
use serde::Deserialize;
use store::NewTicket;

use super::{
    change_session, local,
    second_factor::{Taken, WRONG_CODE, take},
    with_cookie,
};
use crate::{
    address,
    body::Form,
    error::WebError,
    mail,
    page::{Page, Section, go, html_with},
    session::{self, Token},
    state::State,
};

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    page: Page,
    next: String,
    code_error: Option<&'static str>,
}

/// What is typed, and where to go then.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SecondStep {
    code: String,
    next: String,
}

/// Sends the browser on to the second step.
pub(super) async fn begin(state: &State, user: UserId, next: &str) -> Result<HttpResponse, WebError> {
    let token = Token::new();
    let ticket = NewTicket { token_hash: token.hash(), mail: None };
    state.store.issue_ticket(user, TicketPurpose::SecondStep, ticket).await?;
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    with_cookie(go(&format!("/sign-in/code?{query}")), &token.step_cookie(state))
}

/// `GET /sign-in/code`
pub(crate) async fn form(
    request: HttpRequest,
    state: Data<State>,
    query: Query<SecondStep>,
) -> Result<HttpResponse, WebError> {
    let hash = Token::of_step(&request, &state).map(|token| token.hash());
    match hash {
        Some(hash) if state.store.ticket(TicketPurpose::SecondStep, hash).await?.is_some() => {
            code_page(&request, StatusCode::OK, query.into_inner().next, None)
        }
        _ => Ok(go("/sign-in")),
    }
}

/// `POST /sign-in/code`
pub(crate) async fn check(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<SecondStep>,
) -> Result<HttpResponse, WebError> {
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let Some(hash) = Token::of_step(&request, &state).map(|token| token.hash()) else { return Ok(go("/sign-in")) };
    let Some(ticket) = state.store.ticket(TicketPurpose::SecondStep, hash).await? else { return Ok(go("/sign-in")) };
    let Some(taken) = take(&state, ticket.user, &form.code).await? else {
        return code_page(&request, StatusCode::UNPROCESSABLE_ENTITY, form.next, Some(WRONG_CODE));
    };
    if state.store.redeem_ticket(TicketPurpose::SecondStep, hash).await?.is_none() {
        return Ok(go("/sign-in"));
    }
    if let Taken::Recovery(left) = taken {
        state.store.queue_mail(mail::recovery_code_used(&state.origin, &ticket.email, left)).await?;
    }
    let token = change_session(&request, &state, ticket.user).await?;
    let response = with_cookie(go(local(&form.next)), &token.cookie(&state))?;
    with_cookie(response, &session::forget_step(&state))
}

fn code_page(
    request: &HttpRequest,
    status: StatusCode,
    next: String,
    code_error: Option<&'static str>,
) -> Result<HttpResponse, WebError> {
    html_with(status, &CodePage { page: Page::public(request, Section::Public), next, code_error })
}
