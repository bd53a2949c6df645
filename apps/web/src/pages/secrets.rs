//! The secrets of an organization: their names, who changed them, which plans use them. Values go in and never come
//! out: no page holds one, not even the one that was just typed.

mod uses;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query as Read},
};
use askama::Template;
use domain::{Action, SecretName, SecretValue};
use serde::Deserialize;
use store::{AddSecretError, SecretChangeRow, SecretRow};

use crate::{
    body::Form,
    error::WebError,
    page::{Page, Section, go, html, html_with},
    session::SignedIn,
    state::State,
};
use uses::Uses;

/// How many changes the page tells of.
const CHANGES: u32 = 20;

#[derive(Template)]
#[template(path = "secrets.html")]
struct SecretsPage {
    page: Page,
    secrets: Vec<SecretRow>,
    uses: Uses,
    changes: Vec<SecretChangeRow>,
    may_edit: bool,
    name: String,
    name_error: Option<String>,
    value_error: Option<String>,
}

#[derive(Template)]
#[template(path = "secret.html")]
struct SecretPage {
    page: Page,
    secret: SecretRow,
    uses: Uses,
    value_error: Option<String>,
}

#[derive(Template)]
#[template(path = "secret_delete.html")]
struct DeletePage {
    page: Page,
    secret: SecretRow,
    uses: Uses,
}

/// What is typed. Holds a value in the clear, and so is never printed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    name: String,
    value: String,
}

/// Which name the form begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    name: String,
}

/// `GET /secrets?name=…`
pub(crate) async fn list(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Read(Start { name }): Read<Start>,
) -> Result<HttpResponse, WebError> {
    html(&SecretsPage { name, ..SecretsPage::load(&request, member, &state).await? })
}

/// `POST /secrets`
pub(crate) async fn add(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(Typed { name, value }): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::ChangeSecrets)?;
    let (checked, value) = (name.parse::<SecretName>(), value.parse::<SecretValue>());
    let problem = match (&checked, &value) {
        (Ok(checked), Ok(value)) => {
            match state.store.add_secret(member.tenant(), member.user_id, checked.clone(), value.clone()).await {
                Ok(()) => return Ok(go("/secrets")),
                Err(AddSecretError::Store(error)) => return Err(error.into()),
                Err(AddSecretError::NotFound) => return Err(WebError::NotFound),
                Err(problem @ (AddSecretError::Exists | AddSecretError::TooMany)) => Some(problem.to_string()),
            }
        }
        _ => None,
    };
    let page = SecretsPage {
        name,
        name_error: problem.or_else(|| checked.err().map(|error| error.to_string())),
        value_error: value.err().map(|error| error.to_string()),
        ..SecretsPage::load(&request, member, &state).await?
    };
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl SecretsPage {
    async fn load(request: &HttpRequest, member: SignedIn, state: &State) -> Result<Self, WebError> {
        let (secrets, uses, changes) = tokio::try_join!(
            async { Ok::<_, WebError>(state.store.secrets(member.tenant()).await?) },
            Uses::of(state, &member),
            async { Ok(state.store.secret_changes(member.tenant(), CHANGES).await?) },
        )?;
        Ok(Self {
            may_edit: member.role.may(Action::ChangeSecrets),
            page: Page::of(request, Section::Secrets, member),
            secrets,
            uses,
            changes,
            name: String::new(),
            name_error: None,
            value_error: None,
        })
    }

    /// The names that plans use and that are not there.
    fn missing(&self) -> Vec<&str> {
        self.uses.names().filter(|name| self.secrets.iter().all(|secret| secret.name != *name)).collect()
    }

    fn is_refused(&self) -> bool {
        self.name_error.is_some() || self.value_error.is_some()
    }
}

/// `GET /secrets/{secret}`: the form for another value.
pub(crate) async fn edit(
    request: HttpRequest,
    secret: Path<String>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let secret = find(&state, &member, &secret).await?;
    let uses = Uses::of(&state, &member).await?;
    html(&SecretPage { page: Page::of(&request, Section::Secrets, member), secret, uses, value_error: None })
}

/// `POST /secrets/{secret}`
pub(crate) async fn replace(
    request: HttpRequest,
    secret: Path<String>,
    member: SignedIn,
    state: Data<State>,
    Form(Typed { value, .. }): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    let secret = find(&state, &member, &secret).await?;
    let value = match value.parse::<SecretValue>() {
        Ok(value) => value,
        Err(error) => {
            let uses = Uses::of(&state, &member).await?;
            let page = Page::of(&request, Section::Secrets, member);
            let page = SecretPage { page, secret, uses, value_error: Some(error.to_string()) };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let replaced = state.store.replace_secret(member.tenant(), member.user_id, named(&secret)?, value).await?;
    if replaced { Ok(go("/secrets")) } else { Err(WebError::NotFound) }
}

/// `GET /secrets/{secret}/delete`
pub(crate) async fn ask_to_delete(
    request: HttpRequest,
    secret: Path<String>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let secret = find(&state, &member, &secret).await?;
    let uses = Uses::of(&state, &member).await?;
    html(&DeletePage { page: Page::of(&request, Section::Secrets, member), secret, uses })
}

/// `POST /secrets/{secret}/delete`
pub(crate) async fn delete(
    secret: Path<String>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let secret = find(&state, &member, &secret).await?;
    let deleted = state.store.delete_secret(member.tenant(), member.user_id, named(&secret)?).await?;
    if deleted { Ok(go("/secrets")) } else { Err(WebError::NotFound) }
}

/// The secret of this name, for whoever may change it. What is not there is not there for anybody.
async fn find(state: &State, member: &SignedIn, name: &str) -> Result<SecretRow, WebError> {
    let secrets = state.store.secrets(member.tenant()).await?;
    let secret = secrets.into_iter().find(|secret| secret.name == name).ok_or(WebError::NotFound)?;
    member.must(Action::ChangeSecrets)?;
    Ok(secret)
}

fn named(secret: &SecretRow) -> Result<SecretName, WebError> {
    secret.name.parse().map_err(|_| WebError::internal("a secret is stored under a name that none may have"))
}
