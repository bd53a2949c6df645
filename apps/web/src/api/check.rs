//! Reading a plan's text without storing it.

use actix_web::{HttpResponse, post, web::Data};
use plan::{Diagnostic, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{body::Body, caller::Caller};
use crate::{
    editing::{diagnose, known},
    error::WebError,
    state::State,
};

/// A text that may be a plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// YAML.
    text: String,
}

/// What the language says about a text.
#[derive(Serialize, ToSchema)]
struct Reading {
    /// Whether it is a plan.
    valid: bool,
    #[schema(value_type = Vec<Mistake>)]
    diagnostics: Vec<Diagnostic>,
}

/// One mistake at one place of a plan's text.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes `plan::Diagnostic`, which depends on nothing of the API's")]
pub(super) struct Mistake {
    /// An `error` keeps the text from being a plan.
    severity: Grade,
    /// What kind of mistake, for programs.
    #[schema(examples("unknown-key"))]
    code: String,
    /// What is wrong, as a sentence.
    message: String,
    /// What to do about it.
    hint: Option<String>,
    /// From 1.
    line: u32,
    /// In characters, from 1.
    column: u32,
    /// From 1.
    end_line: u32,
    /// In characters, from 1; behind the last character.
    end_column: u32,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "as `Mistake`")]
enum Grade {
    Error,
    Warning,
}

/// Check a plan
///
/// Tells every mistake of a text, without storing or running it. Names of the organization's secrets are known.
#[utoipa::path(tag = "Plans", request_body = Text, responses((status = 200, body = Reading)))]
#[post("/check")]
pub(super) async fn check(caller: Caller, state: Data<State>, body: Body<Text>) -> Result<HttpResponse, WebError> {
    let known = known(&state, caller.tenant()).await?;
    let diagnostics = diagnose(body.value.text.into_bytes(), known).await?;
    let valid = diagnostics.iter().all(|mistake| mistake.severity != Severity::Error);
    Ok(HttpResponse::Ok().json(Reading { valid, diagnostics }))
}
