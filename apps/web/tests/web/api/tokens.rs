//! Tokens, made and revoked by programs.

use domain::{Deed, Scope};
use serde_json::json;
use store::AuditFilter;

use crate::app::TestApp;

#[tokio::test]
async fn a_token_is_told_once_and_listed_without_itself() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let made = program.post("/tokens", &json!({ "name": " CI ", "scope": "run" })).await.with(201);
    let text = made["token"].as_str().unwrap();
    assert!(text.starts_with("smx_") && text.len() == 68, "{text}");
    let list = program.get("/tokens").await.with(200);
    let row = &list["items"][0];
    assert_eq!((&row["id"], &row["name"], &row["scope"]), (&made["id"], &json!("CI"), &json!("run")));
    assert_eq!((&row["created_by"], &row["expires_at"]), (&json!("ada@example.com"), &json!(null)));
    assert!(!list.to_string().contains(&text[4..]), "the token is not told again");
    let line = app.store.audit(ada.member.tenant(), AuditFilter::default()).await.unwrap().items.swap_remove(0);
    assert_eq!((line.deed, line.actor_name.as_str()), (Deed::TokenCreated, "admin token (ada@example.com)"));
}

#[tokio::test]
async fn what_is_no_token_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    for (body, field) in [
        (json!({ "name": "", "scope": "run" }), "name"),
        (json!({ "name": "x", "scope": "run", "expires_at": "2020-01-01T00:00:00Z" }), "expires_at"),
    ] {
        let refused = program.post("/tokens", &body).await;
        assert_eq!(refused.json["errors"][0]["field"], field);
        refused.problem(422);
    }
    program.post("/tokens", &json!({ "name": "x", "scope": "owner" })).await.problem(400);
}
