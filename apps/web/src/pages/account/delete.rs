//! Deleting one's account.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;
use store::{DeleteAccountError, Membership, Without};

use super::{password::mistaken, with_cookie};
use crate::{
    body::Form,
    error::WebError,
    mail,
    page::{Page, Section, go, html_with},
    session::{self, SignedIn},
    state::State,
};

#[derive(Template)]
#[template(path = "account_delete.html")]
struct DeletePage {
    page: Page,
    memberships: Vec<Membership>,
    problem: Option<String>,
    password_error: Option<&'static str>,
}

impl DeletePage {
    fn goes(&self, membership: &&Membership) -> bool {
        membership.without == Without::Goes
    }
}

/// What is typed to delete the account.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delete {
    password: String,
}

/// `GET /account/delete`
pub(crate) async fn ask(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    answer(&request, &state, member, StatusCode::OK, None, None).await
}

/// `POST /account/delete`
pub(crate) async fn delete(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Delete>,
) -> Result<HttpResponse, WebError> {
    let password_error = mistaken(&state, &member, form.password).await?;
    if password_error.is_some() {
        return answer(&request, &state, member, StatusCode::UNPROCESSABLE_ENTITY, None, password_error).await;
    }
    let told = mail::account_deleted(&state.origin, &member.email);
    match state.store.delete_account(&member, told).await {
        Ok(()) => {}
        Err(DeleteAccountError::Store(error)) => return Err(error.into()),
        Err(refused) => {
            let problem = Some(refused.to_string());
            return answer(&request, &state, member, StatusCode::CONFLICT, problem, None).await;
        }
    }
    state.sessions.forget_user(member.user_id);
    with_cookie(go("/sign-in?done=deleted"), &session::forget(&state))
}

async fn answer(
    request: &HttpRequest,
    state: &State,
    member: SignedIn,
    status: StatusCode,
    problem: Option<String>,
    password_error: Option<&'static str>,
) -> Result<HttpResponse, WebError> {
    let memberships = state.store.memberships(&member.person()).await?;
    let page = Page::of(request, Section::Account, member);
    html_with(status, &DeletePage { page, memberships, problem, password_error })
}
