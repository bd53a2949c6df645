//! Secrets: their names and who changed them. Values go in and never come out.

use actix_web::{
    HttpResponse, delete, get, put,
    web::{Data, Path, Query},
};
use domain::{Action, SecretName, SecretValue};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;
use store::{AddSecretError, SecretChangeRow, SecretRow};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::Body,
    caller::Caller,
    list::{List, part},
};
use crate::{error::WebError, state::State};

/// A secret, without its value.
#[derive(Serialize, ToSchema)]
struct SecretItem {
    /// As plans write it in `${…}`.
    name: String,
    /// Counts its values, from 1; goes on when it is deleted and set again.
    version: u32,
    /// The e-mail address of whoever gave it this value; null if they are gone.
    changed_by: Option<String>,
    changed_at: Timestamp,
}

impl From<SecretRow> for SecretItem {
    fn from(row: SecretRow) -> Self {
        Self {
            name: row.name,
            version: row.version,
            changed_by: row.changed_by.map(|email| email.to_string()),
            changed_at: row.changed_at,
        }
    }
}

/// A change of a secret.
#[derive(Serialize, ToSchema)]
struct SecretChanged {
    /// Of which one.
    name: String,
    /// The version that it made or deleted.
    version: u32,
    /// `added`, `replaced` or `deleted`.
    change: &'static str,
    /// The e-mail address of whoever did it; null if they are gone.
    by: Option<String>,
    at: Timestamp,
}

impl From<SecretChangeRow> for SecretChanged {
    fn from(row: SecretChangeRow) -> Self {
        let by = row.by.map(|email| email.to_string());
        Self { name: row.name, version: row.version, change: row.change.as_str(), by, at: row.at }
    }
}

/// The value of a secret. Never printed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretToSet {
    /// At least 4 bytes and at most 64 KiB.
    #[schema(value_type = String, format = Password)]
    value: Unseen,
}

/// A text that no failure repeats, not even one to read it.
struct Unseen(String);

impl<'de> Deserialize<'de> for Unseen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("`value` is a text: put it in quotes")),
        }
    }
}

/// How much is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Last {
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// List secrets
///
/// By their names, all of them. What they hold is never told.
#[utoipa::path(tag = "Secrets", responses((status = 200, body = List<SecretItem>)))]
#[get("/secrets")]
pub(super) async fn list(caller: Caller, state: Data<State>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ListSecrets)?;
    let secrets = state.store.secrets(caller.tenant()).await?;
    Ok(HttpResponse::Ok().json(List::whole(secrets.into_iter().map(SecretItem::from).collect())))
}

/// Set a secret
///
/// Adds it, or gives it another value. Runs under way keep the value that they began with.
#[utoipa::path(
    tag = "Secrets", security(("token" = ["write"])),
    params(("secret" = String, Path, description = "Its name: a letter or `_`, then letters, digits, `_` and `-`.")),
    request_body = SecretToSet,
    responses(
        (status = 201, description = "It is new."),
        (status = 204, description = "It was there, and has this value now."),
        (status = 409, description = "The organization has as many secrets as it may."),
    ),
)]
#[put("/secrets/{secret}")]
pub(super) async fn set(
    caller: Caller,
    state: Data<State>,
    secret: Path<String>,
    body: Body<SecretToSet>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::ChangeSecrets)?;
    let SecretToSet { value: Unseen(value) } = body.value;
    let name = secret.parse::<SecretName>().map_err(|error| WebError::field("secret", error.to_string()))?;
    let value = value.parse::<SecretValue>().map_err(|error| WebError::field("value", error.to_string()))?;
    let (tenant, user) = (caller.tenant(), caller.bearer().user_id);
    if state.store.replace_secret(tenant, user, name.clone(), value.clone()).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    match state.store.add_secret(tenant, user, name.clone(), value.clone()).await {
        Ok(()) => Ok(HttpResponse::Created().finish()),
        // Somebody else has added it in between, and may have deleted it since.
        Err(AddSecretError::Exists) => match state.store.replace_secret(tenant, user, name, value).await? {
            true => Ok(HttpResponse::NoContent().finish()),
            false => Err(WebError::Busy),
        },
        Err(error @ AddSecretError::TooMany) => Err(WebError::Conflict(error.to_string())),
        Err(AddSecretError::NotFound) => Err(WebError::NotFound),
        Err(AddSecretError::Store(error)) => Err(error.into()),
    }
}

/// Delete a secret
///
/// Plans that use it fail from then on, unless it is set again.
#[utoipa::path(
    tag = "Secrets", security(("token" = ["write"])),
    params(("secret" = String, Path, description = "Its name.")),
    responses((status = 204)),
)]
#[delete("/secrets/{secret}")]
pub(super) async fn delete(caller: Caller, state: Data<State>, secret: Path<String>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ChangeSecrets)?;
    let name: SecretName = secret.parse().map_err(|_| WebError::NotFound)?;
    match state.store.delete_secret(caller.tenant(), caller.bearer().user_id, name).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(WebError::NotFound),
    }
}

/// List the last changes of secrets
///
/// The newest first.
#[utoipa::path(tag = "Secrets", params(Last), responses((status = 200, body = List<SecretChanged>)))]
#[get("/secrets/changes")]
pub(super) async fn changes(caller: Caller, state: Data<State>, last: Query<Last>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ListSecrets)?;
    let most = part(None, last.limit)?.size;
    let changes = state.store.secret_changes(caller.tenant(), most).await?;
    Ok(HttpResponse::Ok().json(List::whole(changes.into_iter().map(SecretChanged::from).collect())))
}
