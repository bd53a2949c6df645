//! The page about a person's own account.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use askama::Template;
use serde::Deserialize;
use store::{SecondFactor, SessionRow};

use crate::{
    error::WebError,
    page::{Page, Section, html_with},
    session::SignedIn,
    show::browser,
    state::State,
};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    member: SignedIn,
    sessions: Vec<SessionRow>,
    /// The second factor that is asked for.
    factor: Option<SecondFactor>,
    note: Option<&'static str>,
    mistakes: Mistakes,
}

/// What is wrong with what was typed, by field, and what was typed and may be shown again.
#[derive(Default)]
pub(super) struct Mistakes {
    pub(super) current_password: Option<&'static str>,
    pub(super) new_password: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_password: Option<&'static str>,
    pub(super) typed_email: String,
    pub(super) factor_password: Option<&'static str>,
    pub(super) code: Option<&'static str>,
}

impl AccountPage {
    fn is_this_one(&self, session: &SessionRow) -> bool {
        session.id == self.member.session_id
    }

    fn browser(&self, session: &SessionRow) -> String {
        browser::name(&session.user_agent)
    }
}

/// What was done before.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    done: String,
}

impl Done {
    fn note(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "sent" => Some("Another link to confirm your address is on its way."),
            "confirmed" => Some("Your e-mail address is confirmed."),
            "password" => Some("Your password is changed, and all other sessions are ended."),
            "email" => Some("A link is on its way to the new address. The address changes once you follow it."),
            "factor-off" => Some("The second factor is off, and all other sessions are ended."),
            "ended" => Some("The session is ended."),
            "others" => Some("All other sessions are ended."),
            _ => None,
        }
    }
}

/// `GET /account`
pub(crate) async fn page(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    query: Query<Done>,
) -> Result<HttpResponse, WebError> {
    answer(&request, &state, member, StatusCode::OK, query.note(), Mistakes::default()).await
}

/// The page again, with what is wrong at its fields.
pub(super) async fn refused(
    request: &HttpRequest,
    state: &State,
    member: SignedIn,
    mistakes: Mistakes,
) -> Result<HttpResponse, WebError> {
    answer(request, state, member, StatusCode::UNPROCESSABLE_ENTITY, None, mistakes).await
}

async fn answer(
    request: &HttpRequest,
    state: &State,
    member: SignedIn,
    status: StatusCode,
    note: Option<&'static str>,
    mistakes: Mistakes,
) -> Result<HttpResponse, WebError> {
    let sessions = state.store.sessions(&member).await?;
    let factor = state.store.second_factor(member.user_id).await?.filter(|factor| factor.enabled_at.is_some());
    let page = Page::of(request, Section::Account, member.clone());
    html_with(status, &AccountPage { page, member, sessions, factor, note, mistakes })
}
