//! The REST API: who gets in, how often, what failures look like. Each noun has a module.

mod events;
mod hooks;
mod members;
mod organization;
mod plans;
mod rights;
mod runs;
mod schedules;
mod secrets;
mod statistics;
mod tokens;

use domain::Scope;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use crate::{
    app::{On, PLAN, TestApp},
    program::Program,
};

#[tokio::test]
async fn who_comes_without_a_good_token_gets_401_with_the_reason() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Read).await;
    let token = program.get("/token").await.with(200);
    assert_eq!((&token["name"], &token["scope"]), (&json!("read token"), &json!("read")));
    assert_eq!(token["organization"]["name"], "ada's team");

    let strangers = [
        (app.program_with(&format!("smx_{}", "0".repeat(64))), "There is no such token"),
        (app.program_with(&program.token[4..]), "holds no token"),
        (app.program_with(""), "holds no token"),
    ];
    for (stranger, reason) in strangers {
        let reply = stranger.get("/token").await;
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"smokex\"");
        assert!(reply.problem(401).contains(reason), "{reason}");
    }
    // In an address a token would stand in every log.
    let address = format!("/token?access_token={}", program.token);
    assert!(app.browser().get(&format!("/api/v1{address}")).await.status == 401);
    assert_eq!(ada.browser.get("/api/v1/token").await.status, 401, "a session is no token");
}

#[tokio::test]
async fn a_revoked_token_and_one_that_ended_do_not_get_in() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let admin = app.program(&ada, Scope::Admin).await;
    let made = admin.post("/tokens", &json!({ "name": "CI", "scope": "run" })).await.with(201);
    let program = app.program_with(made["token"].as_str().unwrap());
    assert_eq!(program.get("/plans").await.status, 200);
    admin.delete(&format!("/tokens/{}", made["id"].as_str().unwrap())).await.with(204);
    assert!(program.get("/plans").await.problem(401).contains("revoked"));

    let over = app.token(&ada, Scope::Run, Some(Timestamp::UNIX_EPOCH)).await;
    let program = app.program_with(&over);
    assert_eq!(program.get("/plans").await.problem(401), "This token ended at 1970-01-01T00:00:00Z. Make another one.");
}

#[tokio::test]
async fn an_organization_that_calls_too_often_is_told_when_to_come_back() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.api_burst = 3.try_into().unwrap();
        config.limits.api_refill = std::time::Duration::from_secs(60);
    })
    .await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (first, second) = (app.program(&ada, Scope::Read).await, app.program(&ada, Scope::Read).await);
    let left = |reply: &crate::program::Reply| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| reply.header(name).to_owned())
    };
    assert_eq!(left(&first.get("/token").await), ["3", "2", "60"]);
    assert_eq!(left(&second.get("/plans?limit=0").await), ["3", "1", "120"], "failures count, other tokens too");
    assert_eq!(left(&first.get("/token").await), ["3", "0", "180"]);
    let refused = second.get("/token").await;
    assert_eq!(left(&refused), ["3", "0", "180"]);
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    refused.problem(429);
    assert_eq!(app.program(&eve, Scope::Read).await.get("/token").await.status, 200, "others are not concerned");
}

#[tokio::test]
async fn every_failure_is_a_problem_that_says_what_to_do() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    assert!(program.get("/nothing").await.problem(404).contains("typing error"));
    assert!(program.get("/plans/no-id").await.problem(404).contains("typing error"));
    let wrong = program.delete("/plans").await;
    assert_eq!(wrong.header("allow"), "GET, POST");
    wrong.problem(405);
    assert!(program.get("/plans?limit=101").await.problem(400).contains("1 to 100"));
    assert!(program.get("/plans?after=nowhere").await.problem(400).contains("`next`"));
    assert!(program.get("/plans?health=great").await.problem(400).contains("`great` is no Health"));
    assert!(program.get("/plans?helth=failing").await.problem(400).contains("helth"));
    let send = |body: &'static str, kind: &'static str| {
        program.request(Method::POST, "/plans").header("content-type", kind).body(body)
    };
    for (body, kind, status) in [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("{\"text\": 7}", "application/json", 400),
        ("{\"text\": \"\", \"other\": 1}", "application/json", 400),
        ("", "application/json", 400),
        ("text=x", "application/x-www-form-urlencoded", 415),
    ] {
        let answer = send(body, kind).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let long = json!({ "text": "x".repeat(1024 * 1024) });
    program.post("/plans", &long).await.problem(413);
}

#[tokio::test]
async fn the_description_is_open_to_all_and_names_every_operation() {
    let app = TestApp::start().await;
    let nobody: Program = app.program_with("");
    let document = nobody.get("/openapi.json").await.with(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    for route in web::routes().iter().filter(|route| route.path.starts_with("/api/v1")) {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{route:?} says in a doc comment what it does: {operation}");
        assert!(operation["operationId"].is_string() && operation["tags"].is_array(), "{route:?}: {operation}");
    }
    let ids: Vec<_> = web::routes()
        .iter()
        .filter_map(|route| document["paths"][route.path][route.method.to_lowercase()]["operationId"].as_str())
        .collect();
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[tokio::test]
async fn a_plan_of_the_pages_is_the_plan_of_the_api() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let read = app.program(&ada, Scope::Read).await.get(&format!("/plans/{plan}")).await.with(200);
    assert_eq!((&read["name"], &read["text"], &read["version"]), (&json!("Checkout"), &json!(PLAN), &json!(1)));
}
