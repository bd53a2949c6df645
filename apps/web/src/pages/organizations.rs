//! The organizations of whoever is signed in: changing between them, and making another one.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{OrganizationId, OrganizationName};
use plan::Known;
use serde::Deserialize;
use store::Membership;

use crate::{
    body::Form,
    editing::Draft,
    error::WebError,
    page::{Page, go, html_with},
    pages::account::with_cookie,
    samples::SAMPLES,
    session::{SignedIn, Somebody, Token},
    state::State,
};

#[derive(Template)]
#[template(path = "organizations.html")]
struct OrganizationsPage {
    page: Page,
    memberships: Vec<Membership>,
    /// The one they are signed in to.
    current: Option<OrganizationId>,
    name: String,
    name_error: Option<String>,
}

impl OrganizationsPage {
    fn is_current(&self, row: &Membership) -> bool {
        self.current == Some(row.tenant.organization())
    }
}

/// What is typed to make another one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct New {
    name: String,
}

/// `GET /organizations`
pub(crate) async fn list(
    request: HttpRequest,
    somebody: Somebody,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    show(&request, &somebody, &state, String::new(), None).await
}

async fn show(
    request: &HttpRequest,
    somebody: &Somebody,
    state: &State,
    name: String,
    name_error: Option<String>,
) -> Result<HttpResponse, WebError> {
    let member = SignedIn::by(somebody.hash, state).await?;
    let status = if name_error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = OrganizationsPage {
        memberships: state.store.memberships(&somebody.person).await?,
        current: member.as_ref().map(|member| member.tenant().organization()),
        page: Page::of_somebody(request, somebody, member),
        name,
        name_error,
    };
    html_with(status, &page)
}

/// `POST /organizations`: makes one and goes there.
pub(crate) async fn create(
    request: HttpRequest,
    somebody: Somebody,
    state: Data<State>,
    Form(New { name }): Form<New>,
) -> Result<HttpResponse, WebError> {
    state.throttle.account(&somebody.person.email)?;
    let checked = match name.parse::<OrganizationName>() {
        Ok(checked) => checked,
        Err(error) => return show(&request, &somebody, &state, name, Some(error.to_string())).await,
    };
    let sample = Draft::read(String::new(), SAMPLES[0].text(&state.demo_url), Known::default()).await?.into_plan().ok();
    let organization = state.store.create_organization(&somebody.person, checked, sample).await?;
    enter(&somebody, &state, organization).await
}

/// `POST /organizations/{organization}/switch`
pub(crate) async fn switch(
    organization: Path<OrganizationId>,
    somebody: Somebody,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    enter(&somebody, &state, *organization).await
}

/// Signs the browser in to the organization, under a new token.
async fn enter(somebody: &Somebody, state: &State, organization: OrganizationId) -> Result<HttpResponse, WebError> {
    let token = Token::new();
    if !state.store.switch_organization(&somebody.person, organization, token.hash()).await? {
        return Err(WebError::NotFound);
    }
    state.sessions.forget(&somebody.hash);
    with_cookie(go("/"), &token.cookie(state))
}
