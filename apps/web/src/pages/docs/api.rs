//! The API's description, for people to read: made of the same document that programs get.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use domain::Scope;
use serde_json::Value;

use crate::{
    api,
    error::WebError,
    page::{Page, Section, html},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiPage {
    page: Page,
    /// Where the API is, for examples.
    root: String,
    /// How many requests an organization makes at once, and how many a second after that.
    burst: u32,
    a_second: f64,
    groups: &'static [Group],
}

impl ApiPage {
    fn scopes(&self) -> &'static [Scope] {
        Scope::ALL
    }

    fn problems(&self) -> &'static [(u16, &'static str)] {
        &[
            (400, "The request could not be read: its query, or its body."),
            (401, "No token came with it, or one that is wrong, was revoked or has ended."),
            (402, "The organization's tier allows no more of this."),
            (403, "The scope of the token does not allow it, or the role of whoever made the token."),
            (404, "There is no such thing, or it is another organization's."),
            (405, "The address has no such method; Allow lists those that it has."),
            (408, "The body did not come in time."),
            (409, "It cannot be done as things are now; detail says why."),
            (413, "The body is longer than 1 MiB."),
            (415, "The body is not JSON."),
            (422, "The request was read, and something in it cannot be taken; errors or diagnostics say what."),
            (424, "Of hooks: the run did not pass."),
            (429, "Too many requests; wait for as many seconds as Retry-After says."),
            (500, "Our fault. It has been noted under the number of the request."),
            (503, "Too much is going on; try again after Retry-After seconds."),
        ]
    }
}

/// The operations about one noun.
struct Group {
    noun: String,
    anchor: String,
    operations: Vec<Operation>,
}

/// One thing that can be done.
struct Operation {
    /// Its name for generated clients, and its place on the page.
    id: String,
    method: &'static str,
    path: &'static str,
    summary: String,
    description: String,
    /// None if it wants no token.
    scope: Option<String>,
    parameters: Vec<Field>,
    body: Vec<Field>,
    answers: Vec<Answer>,
}

/// What an operation answers if all is well.
struct Answer {
    status: String,
    description: String,
    fields: Vec<Field>,
}

/// A parameter, or a field of a body.
struct Field {
    name: String,
    kind: String,
    is_required: bool,
    description: String,
}

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(api::openapi()).expect("the description is JSON");
    let mut groups: Vec<Group> = Vec::new();
    for (method, path, _) in api::operations() {
        let operation = &document["paths"][path][method.to_lowercase()];
        let noun = text(&operation["tags"][0]);
        let place = groups.iter().position(|group| group.noun == noun).unwrap_or_else(|| {
            groups.push(Group { anchor: noun.to_lowercase().replace(' ', "-"), noun, operations: Vec::new() });
            groups.len() - 1
        });
        groups[place].operations.push(Operation::read(&document, method, path, operation));
    }
    groups.sort_by(|a, b| a.noun.cmp(&b.noun));
    groups
});

impl Operation {
    fn read(document: &Value, method: &'static str, path: &'static str, operation: &Value) -> Self {
        let parameter = |parameter: &Value| Field {
            name: text(&parameter["name"]),
            kind: kind(document, &parameter["schema"]),
            is_required: parameter["required"] == true,
            description: text(&parameter["description"]),
        };
        let answer = |(status, response): (&String, &Value)| Answer {
            status: status.clone(),
            // What is said where nothing more is to be said.
            description: text(&response["description"]).replace("Done.", ""),
            fields: fields(document, &response["content"]["application/json"]["schema"]),
        };
        let answers = operation["responses"].as_object().into_iter().flatten();
        Self {
            id: text(&operation["operationId"]),
            method,
            path,
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            scope: operation["security"][0]["token"][0].as_str().map(str::to_owned),
            parameters: operation["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
            body: fields(document, &operation["requestBody"]["content"]["application/json"]["schema"]),
            answers: answers.filter(|(status, _)| status.starts_with('2')).map(answer).collect(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The schema itself, where there is a reference to it.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let named = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#"));
    named.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// How deep the fields of fields are told.
const DEPTH: usize = 3;

/// The fields of an object, those that it takes from others included, and what they hold: `items[].id`.
fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    collect(document, schema, "", DEPTH, &mut found);
    found
}

fn collect(document: &Value, schema: &Value, prefix: &str, depth: usize, found: &mut Vec<Field>) {
    let schema = resolved(document, schema);
    for part in ["allOf", "oneOf"].iter().flat_map(|several| schema[*several].as_array().into_iter().flatten()) {
        collect(document, part, prefix, depth, found);
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let itself = resolved(document, property);
        // Of what may be null, one of two says it.
        let either = property["oneOf"].as_array().into_iter().flatten().find_map(|one| one["description"].as_str());
        let description = property["description"].as_str().or(either).or_else(|| itself["description"].as_str());
        found.push(Field {
            name: format!("{prefix}{name}"),
            kind: kind(document, property),
            is_required: required.contains(&name.as_str()),
            description: description.unwrap_or_default().to_owned(),
        });
        if depth > 1 {
            collect(document, &itself["items"], &format!("{prefix}{name}[]."), depth - 1, found);
            collect(document, property, &format!("{prefix}{name}."), depth - 1, found);
        }
    }
}

/// What a value is, in a few words: `text`, `list of PlanItem`, `read | run | write | admin`.
fn kind(document: &Value, schema: &Value) -> String {
    if let Some(parts) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return parts.iter().map(|part| kind(document, part)).collect::<Vec<_>>().join(" or ");
    }
    let schema = resolved(document, schema);
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(text).collect::<Vec<_>>().join(" | ");
    }
    if schema["type"].is_null() {
        return if schema["allOf"].is_array() { "object" } else { "anything" }.to_owned();
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let words = kinds.iter().map(|kind| match (*kind, schema["format"].as_str()) {
        ("array", _) => match self::kind(document, &schema["items"]).as_str() {
            "object" => "list of objects".to_owned(),
            items => format!("list of {items}"),
        },
        ("string", Some("date-time")) => "time".to_owned(),
        ("string", Some("uuid")) => "id".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => "number".to_owned(),
        (other, _) => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// `GET /docs/api`
pub(crate) async fn page(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    let member = SignedIn::of(&request).await?;
    let root = format!("{}{}", state.origin.as_str().trim_end_matches('/'), api::ROOT);
    let limits = &state.config.limits;
    let (burst, a_second) = (limits.api_burst.get(), 1.0 / limits.api_refill.as_secs_f64());
    html(&ApiPage { page: Page::open(&request, Section::Docs, member), root, burst, a_second, groups: &GROUPS })
}
