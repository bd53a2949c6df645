//! Plans: listed, made, read, saved as a new version, deleted.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Data, Path, Query},
};
use domain::{Action, Health, PlanId, RunId, RunState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{NewPlan, PlanDetail, PlanFilter, PlanRow, SaveError};
use utoipa::{IntoParams, ToSchema};

use super::{
    ROOT,
    body::{Body, IdempotencyKey},
    caller::Caller,
    list::{List, part},
    query::Words,
};
use crate::{
    editing::{Draft, known},
    error::{FieldError, WebError},
    state::State,
};

/// A plan in the list of plans.
#[derive(Serialize, ToSchema)]
struct PlanItem {
    id: PlanId,
    name: String,
    /// The number of the current version, from 1.
    version: u32,
    /// How many steps it has.
    steps: u32,
    /// How it is doing; null before the first verdict.
    health: Option<Health>,
    /// Why it does not run on the organization's tier, in a sentence; null if it does.
    over_limit: Option<String>,
    /// The run that was queued last.
    last_run: Option<LastRun>,
    /// When the current version was saved.
    updated_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LastRun {
    id: RunId,
    /// Counted per plan, from 1.
    number: u32,
    state: RunState,
    queued_at: Timestamp,
    finished_at: Option<Timestamp>,
    /// In microseconds.
    duration_us: Option<u64>,
}

impl From<store::LastRun> for LastRun {
    fn from(run: store::LastRun) -> Self {
        Self {
            id: run.id,
            number: run.number,
            state: run.state,
            queued_at: run.queued_at,
            finished_at: run.finished_at,
            duration_us: run.duration.map(|duration| duration.0),
        }
    }
}

impl From<PlanRow> for PlanItem {
    fn from(row: PlanRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            version: row.version,
            steps: row.steps,
            health: row.health,
            over_limit: row.over_limit,
            last_run: row.last_run.map(LastRun::from),
            updated_at: row.updated_at,
        }
    }
}

/// A plan in its current version.
#[derive(Serialize, ToSchema)]
struct Plan {
    id: PlanId,
    name: String,
    /// The number of the current version, from 1.
    version: u32,
    /// How many steps it has.
    steps: u32,
    /// The YAML as it was written.
    text: String,
    /// How it is doing; null before the first verdict.
    health: Option<Health>,
    /// Why it does not run on the organization's tier, in a sentence; null if it does.
    over_limit: Option<String>,
    /// The e-mail address of whoever wrote this version; null if they are gone.
    author: Option<String>,
    created_at: Timestamp,
    /// When this version was saved.
    updated_at: Timestamp,
}

impl From<PlanDetail> for Plan {
    fn from(plan: PlanDetail) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            version: plan.version,
            steps: plan.steps,
            text: plan.text,
            health: plan.health,
            over_limit: plan.over_limit,
            author: plan.author.map(|email| email.to_string()),
            created_at: plan.created_at,
            updated_at: plan.updated_at,
        }
    }
}

/// A plan to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanToCreate {
    /// What it is called, if its text has no name of its own.
    #[serde(default)]
    #[schema(examples("Shop"))]
    name: String,
    /// YAML.
    #[schema(examples("- get: { url: \"https://shop.example/health\" }"))]
    text: String,
}

/// A new version of a plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanToSave {
    /// What it is called, if its text has no name of its own.
    #[serde(default)]
    #[schema(examples("Shop"))]
    name: String,
    /// YAML.
    #[schema(examples("- get: { url: \"https://shop.example/health\" }"))]
    text: String,
    /// The version that is saved over: the one that was read before.
    version: u32,
}

/// Which plans are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Text in the name, whatever its case.
    search: Option<String>,
    /// How they are doing, several words with commas between them.
    #[serde(default)]
    #[param(value_type = Vec<Health>, style = Form, explode = false, required = false)]
    health: Words<Health>,
    /// What the part of the list before told as `next`.
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// List plans
///
/// The newest first.
#[utoipa::path(tag = "Plans", params(Wanted), responses((status = 200, body = List<PlanItem>)))]
#[get("/plans")]
pub(super) async fn list(caller: Caller, state: Data<State>, wanted: Query<Wanted>) -> Result<HttpResponse, WebError> {
    let Wanted { search, health, after, limit } = wanted.into_inner();
    let filter = PlanFilter { search, health: health.0, page: part(after.as_deref(), limit)? };
    let page = state.store.plans(caller.tenant(), filter).await?;
    Ok(HttpResponse::Ok().json(List::of(page, PlanItem::from)))
}

/// Create a plan
///
/// Two plans may have the same name. With the header `Idempotency-Key` a repeated request makes no second one.
#[utoipa::path(
    tag = "Plans", security(("token" = ["write"])),
    request_body = PlanToCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, body = Plan, headers(("Location" = String))),
        (status = 402, description = "The tier allows no other plan."),
        (status = 422, description = "The text is no plan, or has no name."),
    ),
)]
#[post("/plans")]
pub(super) async fn create(
    caller: Caller,
    state: Data<State>,
    body: Body<PlanToCreate>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::EditPlans)?;
    let PlanToCreate { name, text } = body.value;
    let new = read_plan(&state, &caller, name, text).await?;
    let tenant = caller.tenant().once(body.once);
    let plan = state.store.create_plan(&tenant, caller.bearer().user_id, new).await.map_err(not_saved)?;
    let detail = find(&state, &caller, plan).await?;
    let location = format!("{ROOT}/plans/{plan}");
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(Plan::from(detail)))
}

/// Read a plan
///
/// In its current version.
#[utoipa::path(tag = "Plans", responses((status = 200, body = Plan)))]
#[get("/plans/{plan}")]
pub(super) async fn read(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    Ok(HttpResponse::Ok().json(Plan::from(find(&state, &caller, *plan).await?)))
}

/// Save a plan
///
/// Makes a new version, unless text and name are those of the current one.
#[utoipa::path(
    tag = "Plans", security(("token" = ["write"])),
    request_body = PlanToSave,
    responses(
        (status = 200, body = Plan),
        (status = 409, description = "Somebody has saved another version meanwhile: `current` is its number."),
        (status = 422, description = "The text is no plan, or has no name."),
    ),
)]
#[put("/plans/{plan}")]
pub(super) async fn save(
    caller: Caller,
    state: Data<State>,
    plan: Path<PlanId>,
    body: Body<PlanToSave>,
) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    caller.must(Action::EditPlans)?;
    let PlanToSave { name, text, version } = body.value;
    let new = read_plan(&state, &caller, name, text).await?;
    let author = caller.bearer().user_id;
    state.store.save_plan(caller.tenant(), author, *plan, version, new).await.map_err(not_saved)?;
    Ok(HttpResponse::Ok().json(Plan::from(find(&state, &caller, *plan).await?)))
}

/// Delete a plan
///
/// With its versions, schedules and runs. Runs under way are stopped.
#[utoipa::path(tag = "Plans", security(("token" = ["write"])), responses((status = 204)))]
#[delete("/plans/{plan}")]
pub(super) async fn delete(caller: Caller, state: Data<State>, plan: Path<PlanId>) -> Result<HttpResponse, WebError> {
    find(&state, &caller, *plan).await?;
    caller.must(Action::DeletePlans)?;
    match state.store.delete_plan(caller.tenant(), *plan).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(WebError::NotFound),
    }
}

/// The plan, which must be there.
pub(super) async fn find(state: &State, caller: &Caller, plan: PlanId) -> Result<PlanDetail, WebError> {
    state.store.plan(caller.tenant(), plan).await?.ok_or(WebError::NotFound)
}

async fn read_plan(state: &State, caller: &Caller, name: String, text: String) -> Result<NewPlan, WebError> {
    let draft = Draft::read(name, text, known(state, caller.tenant()).await?).await?;
    draft.into_plan().map_err(|mistakes| {
        let field = |message| FieldError { field: "name", message };
        let detail = match (mistakes.diagnostics.first(), &mistakes.name_error) {
            (Some(first), _) => format!("Line {}: {}", first.line, first.message),
            (None, Some(name_error)) => name_error.clone(),
            (None, None) => "The text is no plan.".to_owned(),
        };
        // A text that is no plan may well hold a name that is not read.
        let fields = if mistakes.diagnostics.is_empty() { mistakes.name_error.map(field) } else { None };
        WebError::Invalid { detail, fields: fields.into_iter().collect(), diagnostics: mistakes.diagnostics }
    })
}

fn not_saved(error: SaveError) -> WebError {
    match error {
        SaveError::NotFound => WebError::NotFound,
        SaveError::Conflict { current } => WebError::Stale { current },
        SaveError::OverLimit(over_limit) => WebError::OverLimit(over_limit.to_string()),
        SaveError::Store(error) => error.into(),
    }
}
