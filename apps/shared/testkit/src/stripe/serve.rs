//! The server: from HTTP to the API, the pages and the controls, and back.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::Value;
use tokio::time::sleep;

use super::api::{self, Answer, Call};
use super::form::Form;
use super::pages::{self, Reply};
use super::record::Recorded;
use super::shared::Shared;
use super::{API_VERSION, Fault, Problem, control, document};

/// When a client that never gives up is given up.
const FOREVER: Duration = Duration::from_secs(300);

pub(crate) fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Server> {
    let shared = Data::from(shared);
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(answer)))
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

async fn answer(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let shared = shared.into_inner();
    let path = request.path();
    if path.starts_with("/v1/") {
        return api(&shared, &request, &body).await;
    }
    if let Some(action) = path.strip_prefix("/_fake/")
        && header(&request, ACCEPT.as_str()).is_some_and(|accept| accept.contains("application/json"))
    {
        return match (request.method().as_str(), action) {
            ("GET", "state") => json(200, &control::overview(&shared)),
            ("POST", action) => match control::act(&shared, action, &Form::parse(&body)).await {
                Ok(overview) => json(200, &overview),
                Err(problem) => json(problem.status, &problem.body()),
            },
            (method, _) => json(404, &Problem::no_such_route(method, path).body()),
        };
    }
    let reply = match request.method().as_str() {
        "GET" | "HEAD" => pages::get(&shared, path).await,
        _ => pages::post(&shared, path, &Form::parse(&body)).await,
    };
    match reply {
        Reply::Page(html) => page(StatusCode::OK, html),
        Reply::NotFound(html) => page(StatusCode::NOT_FOUND, html),
        Reply::SeeOther(location) => HttpResponse::SeeOther().insert_header((LOCATION, location)).finish(),
    }
}

async fn api(shared: &Shared, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let mut encoded = request.query_string().as_bytes().to_vec();
    encoded.push(b'&');
    encoded.extend_from_slice(body);
    let form = Form::parse(&encoded);
    let number = shared.record().add(recorded(request, &form));
    let target = format!("{}?{}", request.path(), request.query_string());
    let fault = shared.faults().take(&target);
    let call = Call {
        method: request.method().as_str(),
        path: request.path(),
        form,
        authorization: header(request, AUTHORIZATION.as_str()),
        idempotency_key: header(request, "idempotency-key"),
        version: header(request, "stripe-version"),
    };
    let answer = match fault {
        Some(Fault::Status(status)) => {
            let problem = Problem::fault(status);
            Answer { status, body: problem.body(), request: document::id("req_", 14), replays: None }
        }
        Some(Fault::Hang) => return hang().await,
        Some(Fault::LostAnswer) => {
            shared.change(|state| api::answer(state, &shared.key, &call));
            return hang().await;
        }
        None => shared.change(|state| api::answer(state, &shared.key, &call)),
    };
    shared.record().answered(number, answer.status);
    let mut response = HttpResponse::build(status(answer.status));
    response.insert_header((CONTENT_TYPE, "application/json"));
    response.insert_header(("request-id", answer.request));
    response.insert_header(("stripe-version", API_VERSION));
    if let Some(key) = call.idempotency_key {
        response.insert_header(("idempotency-key", key));
    }
    if let Some(before) = answer.replays {
        response.insert_header(("idempotent-replayed", "true")).insert_header(("original-request", before));
    }
    response.body(pretty(&answer.body))
}

/// Answers nothing until the client gives up.
async fn hang() -> HttpResponse {
    sleep(FOREVER).await;
    HttpResponse::GatewayTimeout().finish()
}

fn recorded(request: &HttpRequest, form: &Form) -> Recorded {
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Recorded {
        method: request.method().as_str().to_owned(),
        path: request.path().to_owned(),
        form: form.pairs(),
        headers,
        status: None,
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn json(code: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(status(code)).insert_header((CONTENT_TYPE, "application/json")).body(pretty(body))
}

fn page(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(html)
}

fn pretty(body: &Value) -> String {
    serde_json::to_string_pretty(body).expect("JSON can be written")
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
