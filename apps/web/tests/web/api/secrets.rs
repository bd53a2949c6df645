//! Secrets, set by programs that never read them.

use domain::{Scope, secret::MOST_SECRETS};
use serde_json::json;
use testkit::factory;

use crate::app::TestApp;

#[tokio::test]
async fn a_value_goes_in_and_never_comes_out() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    for (value, status, version) in [("the first value", 201, 1), ("another value", 204, 2)] {
        program.put("/secrets/API_KEY", &json!({ "value": value })).await.with(status);
        let list = program.get("/secrets").await.with(200);
        let row = &list["items"][0];
        assert_eq!((&row["name"], &row["version"]), (&json!("API_KEY"), &json!(version)));
        assert_eq!((&row["changed_by"], row.as_object().unwrap().len()), (&json!("ada@example.com"), 4));
        assert!(!list.to_string().contains("value"), "{list}");
    }
    program.delete("/secrets/API_KEY").await.with(204);
    program.delete("/secrets/API_KEY").await.problem(404);
    let changes = program.get("/secrets/changes?limit=2").await.with(200);
    let told: Vec<_> =
        changes["items"].as_array().unwrap().iter().map(|one| (&one["change"], &one["version"])).collect();
    assert_eq!(told, [(&json!("deleted"), &json!(2)), (&json!("replaced"), &json!(2))]);
    program.put("/secrets/API_KEY", &json!({ "value": "once more" })).await.with(201);
    assert_eq!(program.get("/secrets").await.with(200)["items"][0]["version"], 3, "versions go on");
}

#[tokio::test]
async fn what_cannot_be_a_secret_is_refused_without_being_repeated() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    for (name, value, field) in
        [("2nd", "long enough", "secret"), ("a%20b", "long enough", "secret"), ("KEY", "abc", "value")]
    {
        let refused = program.put(&format!("/secrets/{name}"), &json!({ "value": value })).await;
        assert_eq!(refused.json["errors"][0]["field"], field);
        refused.problem(422);
    }
    for value in [json!(12_345_678), json!(["12345678"]), json!({ "a": "12345678" })] {
        let refused = program.put("/secrets/KEY", &json!({ "value": value })).await;
        assert!(!refused.json.to_string().contains("12345678"), "{}", refused.json);
        refused.problem(400);
    }
    assert_eq!(program.get("/secrets").await.with(200)["items"], json!([]));
    program.get("/secrets/changes?limit=101").await.problem(400);
}

#[tokio::test]
async fn one_secret_too_many_is_a_conflict_and_replacing_is_none() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    for number in 0..MOST_SECRETS {
        factory::secret(&app.store, &ada.member, &format!("KEY_{number}"), "some value").await;
    }
    assert!(program.put("/secrets/ONE_MORE", &json!({ "value": "some value" })).await.problem(409).contains("200"));
    program.put("/secrets/KEY_7", &json!({ "value": "other value" })).await.with(204);
}

#[tokio::test]
async fn two_who_set_the_same_new_secret_at_once_have_both_set_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    for number in 0..10 {
        let path = format!("/secrets/KEY_{number}");
        let body = json!({ "value": "some value" });
        let (one, other) = tokio::join!(program.put(&path, &body), program.put(&path, &body));
        let mut answers = [one.status, other.status];
        answers.sort_unstable();
        assert_eq!(answers, [201, 204]);
    }
}
