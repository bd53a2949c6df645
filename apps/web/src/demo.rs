//! A small JSON API to try plans on: a login that hands out a token, a list that wants it, one by
//! name, and a write. It keeps nothing.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    cookie::Cookie,
    http::{StatusCode, header},
    web::{self, Data, JsonConfig, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The password of every user there is.
const PASSWORD: &str = "demo";

#[derive(Clone, Copy, Serialize)]
struct Player {
    name: &'static str,
    team: &'static str,
    score: u32,
}

const PLAYERS: [Player; 6] = [
    Player { name: "Ada", team: "red", score: 92 },
    Player { name: "Grace", team: "blue", score: 88 },
    Player { name: "Alan", team: "red", score: 75 },
    Player { name: "Edsger", team: "green", score: 81 },
    Player { name: "Barbara", team: "blue", score: 95 },
    Player { name: "Donald", team: "green", score: 67 },
];

/// Signs tokens, so that none need be kept. Made anew with each process.
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        Self(bytes)
    }

    fn token(&self, nonce: &str) -> String {
        let digest = Sha256::new().chain_update(self.0).chain_update(nonce).finalize();
        let signature: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{nonce}.{signature}")
    }

    fn signed(&self, token: &str) -> bool {
        token.split_once('.').is_some_and(|(nonce, _)| self.token(nonce) == token)
    }
}

/// A JSON object with one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct Refusal {
    status: StatusCode,
    error: String,
}

fn refusal(status: StatusCode, error: impl Into<String>) -> Refusal {
    Refusal { status, error: error.into() }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"demo\""));
        }
        response.json(json!({ "error": self.error }))
    }
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

#[derive(Deserialize)]
struct Message {
    text: String,
}

/// All routes of the demo API.
pub(crate) fn configure(services: &mut ServiceConfig) {
    let json = JsonConfig::default().limit(64 * 1024).error_handler(|error, _| {
        let text = format!("The body is not the JSON that is wanted here: {error}.");
        refusal(error.status_code(), text).into()
    });
    services
        .app_data(json)
        .service(resource("/", "GET").route(web::get().to(start)))
        .service(resource("/demo", "GET").route(web::get().to(page)))
        .service(resource("/demo/login", "POST").route(web::post().to(login)))
        .service(resource("/demo/players", "GET").route(web::get().to(players)))
        .service(resource("/demo/best/{team}", "GET").route(web::get().to(best)))
        .service(resource("/demo/message", "POST").route(web::post().to(message)))
        .default_service(web::to(|| async {
            refusal(StatusCode::NOT_FOUND, "There is nothing here. Try /demo/players.").error_response()
        }));
}

fn resource(path: &'static str, method: &'static str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(move || async move {
        let mut response =
            refusal(StatusCode::METHOD_NOT_ALLOWED, format!("{path} understands {method} only.")).error_response();
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(method));
        response
    }))
}

async fn start() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/demo")).finish()
}

/// Something to try expectations on pages with.
async fn page() -> HttpResponse {
    let visit = Cookie::build("visit", Uuid::new_v4().simple().to_string()).path("/").http_only(true).finish();
    HttpResponse::Ok()
        .cookie(visit)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .body(include_str!("../templates/docs/demo.html"))
}

async fn login(key: Data<Key>, login: web::Json<Login>) -> Result<HttpResponse, Refusal> {
    if login.user.is_empty() || login.password != PASSWORD {
        let text = format!("User or password is wrong. Any user will do; the password is `{PASSWORD}`.");
        return Err(refusal(StatusCode::UNAUTHORIZED, text));
    }
    let token = key.token(&Uuid::new_v4().simple().to_string());
    Ok(HttpResponse::Ok().json(json!({ "token": token, "token_type": "Bearer", "user": login.user })))
}

async fn players(request: HttpRequest, key: Data<Key>) -> Result<HttpResponse, Refusal> {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        Some(token) if key.signed(token) => {
            Ok(HttpResponse::Ok().json(json!({ "count": PLAYERS.len(), "players": PLAYERS })))
        }
        Some(_) => Err(refusal(StatusCode::UNAUTHORIZED, "This token is not valid. Take one from /demo/login.")),
        None => {
            let text = "Send a token: `Authorization: Bearer …`. /demo/login hands one out.";
            Err(refusal(StatusCode::UNAUTHORIZED, text))
        }
    }
}

async fn best(team: Path<String>) -> Result<HttpResponse, Refusal> {
    PLAYERS
        .iter()
        .filter(|player| player.team == team.as_str())
        .max_by_key(|player| player.score)
        .map(|player| HttpResponse::Ok().json(player))
        .ok_or_else(|| refusal(StatusCode::NOT_FOUND, "There is no such team. There are red, green and blue."))
}

async fn message(message: web::Json<Value>) -> Result<HttpResponse, Refusal> {
    let Ok(Message { text }) = Message::deserialize(&*message) else {
        return Err(refusal(StatusCode::UNPROCESSABLE_ENTITY, "Send an object with a `text`."));
    };
    if text.is_empty() {
        return Err(refusal(StatusCode::UNPROCESSABLE_ENTITY, "`text` is empty."));
    }
    let length = text.chars().count();
    Ok(HttpResponse::Created().json(json!({ "id": Uuid::now_v7(), "text": text, "length": length })))
}
