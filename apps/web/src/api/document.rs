//! The description of the API: OpenAPI 3.1, made of the handlers themselves.

use std::sync::LazyLock;

use actix_web::{App, HttpResponse, get, http::header};
use domain::{PlanId, Scope};
use utoipa::{
    OpenApi, PartialSchema,
    openapi::{
        self, Content, HttpMethod, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

use super::{ROOT, configure, problem::Problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Smokex",
        description = "Smoke tests over HTTP: plans, their runs and schedules.",
        license(name = "MIT")
    ),
    components(schemas(Problem))
)]
struct Base;

static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(|| {
    let scope = utoipa_actix_web::scope(ROOT).configure(configure);
    let (_, mut document) = App::new().into_utoipa_app().openapi(Base::openapi()).service(scope).split_for_parts();
    let token = SecurityScheme::Http(
        Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token, `smx_…`, made on the page `/tokens`."))
            .build(),
    );
    document.components.get_or_insert_default().security_schemes.insert("token".to_owned(), token.into());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in methods(item) {
            complete(&method, path, operation);
        }
    }
    document
});

static TEXT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&*DOCUMENT).expect("a description is JSON"));

/// The description of the API: OpenAPI 3.1, as JSON.
#[must_use]
pub fn openapi() -> &'static str {
    &TEXT
}

/// Every operation there is, with its method and path.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Operation)> {
    DOCUMENT.paths.paths.iter().flat_map(|(path, item)| {
        let each = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        each.into_iter().filter_map(move |(method, operation)| Some((method, path.as_str(), operation.as_ref()?)))
    })
}

fn methods(item: &mut openapi::PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let each = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    each.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}

/// Whether whoever calls needs no token.
pub(crate) fn is_public(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(Vec::is_empty)
}

/// Adds what holds for all: the token, and how each may fail.
fn complete(method: &HttpMethod, path: &str, operation: &mut Operation) {
    let (is_public, has_body) = (is_public(operation), operation.request_body.is_some());
    let changes = *method != HttpMethod::Get;
    operation.operation_id = operation.operation_id.take().map(|verb| name(&verb, path));
    for noun in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let parameters = operation.parameters.get_or_insert_default();
        if !parameters.iter().any(|known| matches!(known, RefOr::T(known) if known.name == noun)) {
            parameters.push(id_of(noun).into());
        }
    }
    let common = [
        (true, "400", "The request could not be read."),
        (!is_public, "401", "No token came, or one that is not good."),
        (!is_public, "403", "The scope of the token, or the role of whoever made it, does not allow this."),
        (path.contains('{'), "404", "There is no such thing, or it is another organization's."),
        (changes, "408", "The body did not come in time."),
        (changes, "413", "The body is longer than 1 MiB."),
        (has_body, "415", "The body is not JSON."),
        (has_body, "422", "The request was read, and something in it cannot be taken: `errors` says what."),
        (true, "429", "Too many requests: `Retry-After` says how many seconds to wait."),
        (true, "500", "Our fault: it has been noted under the number of the request."),
        (true, "503", "Too much is going on: try again after `Retry-After` seconds."),
    ];
    let responses = &mut operation.responses.responses;
    for (_, status, description) in common.into_iter().filter(|(holds, ..)| *holds) {
        let response = || ResponseBuilder::new().description(description).build().into();
        responses.entry(status.to_owned()).or_insert_with(response);
    }
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if status.starts_with(['4', '5']) && response.content.is_empty() {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.insert("application/problem+json".to_owned(), problem.into());
        }
        if response.description.is_empty() {
            response.description = "Done.".to_owned();
        }
    }
    // Whoever does not say more wants a token that reads.
    operation.security.get_or_insert_with(|| vec![SecurityRequirement::new("token", [Scope::Read.as_str()])]);
}

/// What stands in a path for the id of something.
fn id_of(noun: &str) -> Parameter {
    ParameterBuilder::new()
        .name(noun)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("The id of the {noun}.")))
        .schema(Some(PlanId::schema()))
        .build()
}

/// The name of an operation, by which generated clients call it: `list_plans_versions`, or without the path's end where
/// that is the verb: `pause_schedules`, `pause_many_schedules`.
fn name(verb: &str, path: &str) -> String {
    let nouns = path.trim_start_matches(ROOT).split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    let nouns: Vec<_> = nouns.map(|noun| noun.trim_end_matches(".json")).collect();
    match nouns.split_last() {
        Some((last, [])) if *last == verb => verb.to_owned(),
        Some((last, before)) if verb.split('_').next() == Some(last) => format!("{verb}_{}", before.join("_")),
        _ => format!("{verb}_{}", nouns.join("_")),
    }
}

/// This description
///
/// OpenAPI 3.1. It needs no token.
#[utoipa::path(tag = "About", security(), responses((status = 200, content_type = "application/json")))]
#[get("/openapi.json")]
pub(super) async fn read() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(openapi())
}
