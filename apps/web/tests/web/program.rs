//! A program that holds a token.

use domain::Scope;
use jiff::Timestamp;
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::NewToken;
use testkit::factory;

use crate::{
    app::{Someone, TestApp},
    conformance,
};

pub struct Program {
    client: Client,
    origin: String,
    /// As it stands behind `Bearer`.
    pub token: String,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null if there is none.
    pub json: Value,
}

impl TestApp {
    /// A program with a token of somebody's.
    pub async fn program(&self, someone: &Someone, scope: Scope) -> Program {
        self.program_with(&self.token(someone, scope, None).await)
    }

    /// A token of somebody's.
    pub async fn token(&self, someone: &Someone, scope: Scope, expires_at: Option<Timestamp>) -> String {
        let bytes = factory::token();
        let name = format!("{scope} token").parse().expect("this is a name");
        let new = NewToken { name, scope, expires_at, token_hash: Sha256::digest(bytes).into() };
        self.store.create_token(someone.member.tenant(), new).await.expect("they may make tokens");
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("smx_{text}")
    }

    /// A program that sends this as its token.
    pub fn program_with(&self, token: &str) -> Program {
        let client = Client::builder().no_proxy().build().expect("a client is made");
        Program { client, origin: format!("http://{}", self.address), token: token.to_owned() }
    }
}

impl Program {
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// `path` is that under `/api/v1`. The answer must be one that the API describes.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        let mut request = self.request(method.clone(), path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("the application answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the body comes");
        let json = if text.is_empty() { json!(null) } else { serde_json::from_str(&text).expect("the body is JSON") };
        conformance::check(&method, path, status, &headers, &json);
        Reply { status, headers, json }
    }

    /// A request with the token, for tests that send or read it bit by bit.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.origin)).bearer_auth(&self.token)
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// The body, which must have come with this status.
    #[track_caller]
    pub fn with(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// The detail of the problem, which must have come with this status.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.json);
        let json = self.with(status);
        assert_eq!(json["status"], status);
        assert!(json["title"].is_string() && json["type"].is_string() && json["request_id"].is_string(), "{json}");
        json["detail"].as_str().expect("a problem says what happened").to_owned()
    }
}
