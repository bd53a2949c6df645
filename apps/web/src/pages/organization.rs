//! The organization itself: its name, and deleting it.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{Action, OrganizationName};
use serde::Deserialize;
use store::DeleteOrganizationError;

use crate::{
    body::Form,
    error::WebError,
    page::{Page, Section, go, html, html_with},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "organization.html")]
struct OrganizationPage {
    page: Page,
    name: String,
    name_error: Option<String>,
}

#[derive(Template)]
#[template(path = "organization/delete.html")]
struct DeletePage {
    page: Page,
    name: String,
    typed: String,
    typed_error: Option<String>,
    /// Why it was not done, whatever was typed.
    problem: Option<String>,
}

/// What is typed: the new name, or the name of what is to be deleted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    name: String,
}

/// `GET /organization`
pub(crate) async fn page(request: HttpRequest, member: SignedIn) -> Result<HttpResponse, WebError> {
    let name = member.organization_name.clone();
    html(&OrganizationPage { page: Page::of(&request, Section::Organization, member), name, name_error: None })
}

/// `POST /organization`: another name.
pub(crate) async fn rename(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(Named { name }): Form<Named>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Rename)?;
    match name.parse::<OrganizationName>() {
        Ok(checked) => {
            state.store.rename_organization(member.tenant(), checked).await?;
            state.sessions.forget_organization(member.tenant().organization());
            Ok(go("/organization"))
        }
        Err(error) => {
            let page = Page::of(&request, Section::Organization, member);
            let page = OrganizationPage { page, name, name_error: Some(error.to_string()) };
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

/// `GET /organization/delete`
pub(crate) async fn ask_to_delete(request: HttpRequest, member: SignedIn) -> Result<HttpResponse, WebError> {
    member.must(Action::DeleteOrganization)?;
    let name = member.organization_name.clone();
    let page = Page::of(&request, Section::Organization, member);
    html(&DeletePage { page, name, typed: String::new(), typed_error: None, problem: None })
}

/// `POST /organization/delete`: if its name was typed.
pub(crate) async fn delete(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(Named { name: typed }): Form<Named>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::DeleteOrganization)?;
    let (tenant, name) = (*member.tenant(), member.organization_name.clone());
    let page = Page::of(&request, Section::Organization, member);
    if typed.trim() != name {
        let typed_error = Some("This is not its name. Type it just as it stands above.".to_owned());
        let page = DeletePage { page, name, typed, typed_error, problem: None };
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    match state.store.delete_organization(&tenant).await {
        Ok(()) => {
            tracing::info!(organization = %tenant.organization(), "an organization was deleted");
            state.sessions.forget_organization(tenant.organization());
            Ok(go("/organizations"))
        }
        Err(error @ DeleteOrganizationError::Subscribed) => {
            let page = DeletePage { page, name, typed, typed_error: None, problem: Some(error.to_string()) };
            html_with(StatusCode::CONFLICT, &page)
        }
        Err(DeleteOrganizationError::Member(error)) => Err(error.into()),
    }
}
