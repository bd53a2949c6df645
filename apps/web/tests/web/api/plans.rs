//! Plans, their versions, and checking a text.

use domain::{Scope, Tiers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{On, PLAN, TestApp},
    program::Program,
};

async fn create(program: &Program, name: &str) -> Value {
    program.post("/plans", &json!({ "name": name, "text": PLAN })).await.with(201)
}

#[tokio::test]
async fn a_plan_is_made_read_saved_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    let reply = program.post("/plans", &json!({ "name": "Shop", "text": PLAN })).await;
    let address = reply.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let plan = reply.with(201);
    assert_eq!(address, format!("/plans/{}", plan["id"].as_str().unwrap()));
    assert_eq!(
        (&plan["steps"], &plan["health"], &plan["author"]),
        (&json!(2), &json!(null), &json!("ada@example.com"))
    );

    let text = format!("# better\n{PLAN}");
    let saved = program.put(&address, &json!({ "name": "Shop", "text": text, "version": 1 })).await.with(200);
    assert_eq!((&saved["version"], &saved["text"]), (&json!(2), &json!(text)));
    let same = program.put(&address, &json!({ "name": "Shop", "text": text, "version": 2 })).await.with(200);
    assert_eq!(same["version"], 2, "what is the same makes no version");
    let stale = program.put(&address, &json!({ "name": "Shop", "text": PLAN, "version": 1 })).await;
    assert_eq!(stale.json["current"], 2);
    stale.problem(409);

    let versions = program.get(&format!("{address}/versions")).await.with(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    assert_eq!(program.get(&format!("{address}/versions/1")).await.with(200)["text"], PLAN);
    program.get(&format!("{address}/versions/3")).await.problem(404);
    program.delete(&address).await.with(204);
    program.get(&address).await.problem(404);
    program.delete(&address).await.problem(404);
}

#[tokio::test]
async fn a_text_that_is_no_plan_is_refused_with_its_mistakes() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    let wrong = "- gett: { url: \"https://example.com\" }\n";
    let refused = program.post("/plans", &json!({ "name": "Shop", "text": wrong })).await;
    assert_eq!(refused.json["diagnostics"][0]["line"], 1);
    assert!(refused.problem(422).starts_with("Line 1:"));
    let checked = program.post("/check", &json!({ "text": wrong })).await.with(200);
    assert_eq!((&checked["valid"], &checked["diagnostics"][0]["severity"]), (&json!(false), &json!("error")));
    let checked = program.post("/check", &json!({ "text": PLAN })).await.with(200);
    assert_eq!(checked["valid"], true);
    let nameless = program.post("/plans", &json!({ "text": PLAN })).await;
    assert_eq!(nameless.json["errors"][0]["field"], "name");
    nameless.problem(422);
}

#[tokio::test]
async fn a_list_is_read_part_by_part_and_narrowed_down() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    for number in 1..=5 {
        create(&program, &format!("Plan {number}")).await;
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let part = program.get(&format!("/plans?limit=2{after}")).await.with(200);
        let items = part["items"].as_array().unwrap();
        names.extend(items.iter().map(|plan| plan["name"].as_str().unwrap().to_owned()));
        let Some(next) = part["next"].as_str() else { break };
        assert_eq!(items.len(), 2);
        after = format!("&after={next}");
    }
    assert_eq!(names, ["Plan 5", "Plan 4", "Plan 3", "Plan 2", "Plan 1"]);
    let found = program.get("/plans?search=plan%203").await.with(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(program.get("/plans?health=failing,errored").await.with(200)["items"], json!([]));
}

#[tokio::test]
async fn a_request_that_is_sent_twice_makes_one_plan() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    let send = |key: &'static str, name: &'static str| {
        let (program, body) = (&program, json!({ "name": name, "text": PLAN }));
        async move { program.send(Method::POST, "/plans", &[("idempotency-key", key)], Some(&body)).await }
    };
    let first = send("a", "Shop").await.with(201);
    assert_eq!(send("a", "Shop").await.with(201)["id"], first["id"]);
    assert_ne!(send("b", "Shop").await.with(201)["id"], first["id"]);
    let reused = send("a", "Other").await;
    assert_eq!(reused.json["errors"][0]["field"], "Idempotency-Key");
    reused.problem(422);
    assert_eq!(program.get("/plans").await.with(200)["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_plan_too_many_is_refused_by_the_tier() {
    let mut tiers = Tiers { in_force: None, ..Tiers::default() };
    tiers.free.plans = Some(1);
    let app = TestApp::start_limited(On::Sqlite, tiers).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    create(&program, "Shop").await;
    let refused = program.post("/plans", &json!({ "name": "Other", "text": PLAN })).await;
    assert!(refused.problem(402).contains('1'));
}
