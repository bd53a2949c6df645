//! Writing plans: new ones, and new versions of old ones.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use askama::Template;
use domain::{Action, PlanId};
use plan::{Diagnostic, Severity};
use serde::Deserialize;
use serde_json::json;
use store::SaveError;

use crate::{
    body::{Form, Whole},
    editing::{Draft, Mistakes, diagnose, known},
    error::WebError,
    page::{Page, Section, go, html, html_with},
    pages::plan::queue,
    samples::{SAMPLES, Sample},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "editor.html")]
struct EditorPage {
    page: Page,
    /// None for a new plan.
    plan: Option<Saved>,
    name: String,
    text: String,
    name_error: Option<String>,
    diagnostics: Vec<Diagnostic>,
    /// The version somebody else has saved meanwhile.
    conflict: Option<u32>,
    /// Why no other plan can be made.
    over_limit: Option<String>,
}

/// The plan that is edited.
struct Saved {
    id: PlanId,
    name: String,
    /// The version the text began as.
    version: u32,
}

impl EditorPage {
    fn samples(&self) -> &'static [Sample] {
        &SAMPLES
    }

    /// Of the plan that is edited.
    fn address(&self) -> String {
        self.plan.as_ref().map_or("/plans".to_owned(), |plan| format!("/plans/{}", plan.id))
    }

    fn is_error(&self, problem: &Diagnostic) -> bool {
        problem.severity == Severity::Error
    }

    /// For the editor, which marks them at their lines.
    fn diagnostics_json(&self) -> String {
        serde_json::to_string(&self.diagnostics).unwrap_or_else(|_| "[]".to_owned())
    }
}

/// What is typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    name: String,
    text: String,
    version: u32,
    /// `run`: the saved plan is run at once.
    then: String,
}

/// What a new plan starts as.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    sample: String,
}

/// `GET /plans/new`
pub(crate) async fn new(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    start: Query<Start>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::EditPlans)?;
    let limits = state.store.limits(&member);
    let over_limit = match limits.plans {
        Some(_) => limits.allow_another_plan(state.store.number_of_plans(member.tenant()).await?).err(),
        None => None,
    };
    let text = Sample::find(&start.sample).map(|sample| sample.text(&state.demo_url)).unwrap_or_default();
    html(&EditorPage {
        page: Page::of(&request, Section::Plans, member),
        plan: None,
        name: String::new(),
        text,
        name_error: None,
        diagnostics: Vec::new(),
        conflict: None,
        over_limit: over_limit.map(|over_limit| over_limit.to_string()),
    })
}

/// `POST /plans`
pub(crate) async fn create(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::EditPlans)?;
    let new = match Draft::read(typed.name, typed.text, known(&state, member.tenant()).await?).await?.into_plan() {
        Ok(new) => new,
        Err(mistakes) => return with_mistakes(&request, member, None, *mistakes),
    };
    let (name, text) = (new.name.to_string(), new.text.clone());
    match state.store.create_plan(member.tenant(), member.user_id, new).await {
        Ok(plan) => saved(&state, &member, plan, &typed.then).await,
        Err(SaveError::OverLimit(over_limit)) => {
            let page = EditorPage {
                page: Page::of(&request, Section::Plans, member),
                plan: None,
                name,
                text,
                name_error: None,
                diagnostics: Vec::new(),
                conflict: None,
                over_limit: Some(over_limit.to_string()),
            };
            html_with(StatusCode::PAYMENT_REQUIRED, &page)
        }
        Err(error) => Err(not_saved(error)),
    }
}

/// `GET /plans/{plan}/edit`
pub(crate) async fn edit(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let plan = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    member.must(Action::EditPlans)?;
    html(&EditorPage {
        page: Page::of(&request, Section::Plans, member),
        plan: Some(Saved { id: plan.id, name: plan.name.clone(), version: plan.version }),
        name: plan.name,
        text: plan.text,
        name_error: None,
        diagnostics: Vec::new(),
        conflict: None,
        over_limit: None,
    })
}

/// `POST /plans/{plan}`
pub(crate) async fn save(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    let before = state.store.plan(member.tenant(), *plan).await?.ok_or(WebError::NotFound)?;
    member.must(Action::EditPlans)?;
    let edited = Saved { id: before.id, name: before.name, version: typed.version };
    let new = match Draft::read(typed.name, typed.text, known(&state, member.tenant()).await?).await?.into_plan() {
        Ok(new) => new,
        Err(mistakes) => return with_mistakes(&request, member, Some(edited), *mistakes),
    };
    let (name, text) = (new.name.to_string(), new.text.clone());
    match state.store.save_plan(member.tenant(), member.user_id, *plan, typed.version, new).await {
        Ok(_version) => saved(&state, &member, *plan, &typed.then).await,
        Err(SaveError::Conflict { current }) => {
            // Saving once more is then a decision: it replaces the version that was looked at.
            let page = EditorPage {
                page: Page::of(&request, Section::Plans, member),
                plan: Some(Saved { version: current, ..edited }),
                name,
                text,
                name_error: None,
                diagnostics: Vec::new(),
                conflict: Some(current),
                over_limit: None,
            };
            html_with(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(not_saved(error)),
    }
}

fn not_saved(error: SaveError) -> WebError {
    match error {
        SaveError::NotFound => WebError::NotFound,
        SaveError::Store(error) => error.into(),
        SaveError::Conflict { .. } | SaveError::OverLimit(_) => WebError::internal(error.to_string()),
    }
}

/// `POST /plans/check`: the mistakes of the text that is the body, while it is typed.
pub(crate) async fn check(member: SignedIn, state: Data<State>, Whole(bytes): Whole) -> Result<HttpResponse, WebError> {
    let known = known(&state, member.tenant()).await?;
    Ok(HttpResponse::Ok().json(json!({ "diagnostics": diagnose(bytes, known).await? })))
}

async fn saved(state: &State, member: &SignedIn, plan: PlanId, then: &str) -> Result<HttpResponse, WebError> {
    if then == "run" {
        let run = queue(state, member, plan, BTreeMap::new()).await?;
        return Ok(go(&format!("/runs/{run}")));
    }
    Ok(go(&format!("/plans/{plan}")))
}

fn with_mistakes(
    request: &HttpRequest,
    member: SignedIn,
    plan: Option<Saved>,
    mistakes: Mistakes,
) -> Result<HttpResponse, WebError> {
    let page = EditorPage {
        page: Page::of(request, Section::Plans, member),
        plan,
        name: mistakes.name,
        text: mistakes.text,
        name_error: mistakes.name_error,
        diagnostics: mistakes.diagnostics,
        conflict: None,
        over_limit: None,
    };
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
