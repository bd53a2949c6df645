//! The organization, what it uses, and its audit log.

use domain::{Scope, Tiers};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    app::{On, PLAN, TestApp},
    executed::queue,
};

#[tokio::test]
async fn the_organization_tells_its_tier_and_gets_another_name() {
    let app = TestApp::start_limited(On::Sqlite, Tiers { in_force: None, ..Tiers::default() }).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let read = program.get("/organization").await.with(200);
    assert_eq!((&read["name"], &read["tier"]), (&json!("ada's team"), &json!("free")));
    assert_eq!((&read["limits"]["runs_a_month"], &read["limits"]["runs_a_day"]), (&json!(100), &json!(null)));
    assert_eq!(read["limits"]["shortest_interval_us"], 3_600_000_000_u64);
    let renamed = program.patch("/organization", &json!({ "name": " Shop & Co " })).await.with(200);
    assert_eq!((&renamed["name"], &renamed["id"]), (&json!("Shop & Co"), &read["id"]));
    assert!(ada.browser.get("/").await.page().contains("Shop &#38; Co"));
    let refused = program.patch("/organization", &json!({ "name": "" })).await;
    assert_eq!(refused.json["errors"][0]["field"], "name");
    refused.problem(422);
}

#[tokio::test]
async fn the_tier_in_force_is_the_one_that_is_told() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Read).await;
    let read = program.get("/organization").await.with(200);
    assert_eq!((&read["tier"], &read["limits"]["plans"]), (&json!("enterprise"), &json!(null)));
    assert_eq!(program.get("/token").await.with(200)["organization"]["tier"], read["tier"]);
}

#[tokio::test]
async fn what_is_used_is_told_beside_what_is_allowed() {
    let app = TestApp::start_limited(On::Sqlite, Tiers { in_force: None, ..Tiers::default() }).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Write).await;
    let before = program.get("/usage").await.with(200);
    assert_eq!((&before["runs_this_month"], &before["plans"], &before["members"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!((&before["runs_coming"], &before["months"]), (&json!(0), &json!([])));
    assert_eq!(before["limits"]["runs_a_month"], 100);
    queue(&app, &ada, plan).await;
    let after = program.get("/usage").await.with(200);
    assert_eq!((&after["runs_today"], &after["runs_this_month"]), (&json!(1), &json!(1)));
    let end: Timestamp = after["month_ends_at"].as_str().unwrap().parse().unwrap();
    assert!(end > Timestamp::now() && end.to_string().contains("-01T00:00:00Z"), "{end}");
}

#[tokio::test]
async fn the_audit_log_is_read_part_by_part_and_narrowed_down() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let made = program.post("/plans", &json!({ "name": "Shop", "text": PLAN })).await.with(201);
    program.post("/tokens", &json!({ "name": "CI", "scope": "run" })).await.with(201);
    let list = program.get("/audit?limit=2").await.with(200);
    let lines = list["items"].as_array().unwrap();
    assert_eq!((&lines[0]["deed"], &lines[0]["name"]), (&json!("token_created"), &json!("CI")));
    assert_eq!(lines[0]["details"], json!({ "scope": "run", "expires": "never" }));
    assert_eq!((&lines[1]["deed"], &lines[1]["noun_id"]), (&json!("plan_created"), &made["id"]));
    assert_eq!((&lines[1]["actor"], &lines[1]["who"]), (&json!("token"), &json!("admin token (ada@example.com)")));
    let after = list["next"].as_str().unwrap();
    let older = program.get(&format!("/audit?limit=2&after={after}")).await.with(200);
    assert_eq!(older["items"][0]["who"], "ada@example.com");

    for (query, number) in [
        ("deed=plan_created", 1),
        ("deed=plan_created&who=ADMIN", 1),
        ("deed=plan_created&who=nobody", 0),
        ("since=2099-01-01T00:00:00Z", 0),
        ("since=2020-01-01T00:00:00%2B02:00&deed=token_created", 2),
    ] {
        let found = program.get(&format!("/audit?{query}")).await.with(200);
        assert_eq!(found["items"].as_array().unwrap().len(), number, "{query}");
    }
    assert!(program.get("/audit?deed=plan_eaten").await.problem(400).contains("plan_eaten"));
    program.get("/audit?since=yesterday").await.problem(400);
}
