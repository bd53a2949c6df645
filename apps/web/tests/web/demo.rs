//! The demo API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    browser::{Answer, Browser},
};

async fn send(browser: &Browser, path: &str, body: &Value) -> Answer {
    browser.send(Method::POST, path, &[("content-type", "application/json")], Some(body.to_string().into_bytes())).await
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("no JSON: {}", answer.text))
}

#[tokio::test]
async fn a_login_hands_out_the_token_that_the_list_wants() {
    let app = TestApp::start().await;
    let demo = Browser::new(app.demo_url.clone());
    let login = send(&demo, "/demo/login", &json!({ "user": "ada", "password": "demo" })).await;
    assert_eq!(login.status, 200);
    let token = format!("Bearer {}", json_of(&login)["token"].as_str().unwrap());
    let players = demo.send(Method::GET, "/demo/players", &[("authorization", &token)], None).await;
    assert_eq!((players.status, &json_of(&players)["players"][0]["name"]), (200, &json!("Ada")));
    let forged = format!("{token}0");
    for wrong in [None, Some("Bearer x.y"), Some("Basic YTpi"), Some(forged.as_str())] {
        let headers: Vec<_> = wrong.iter().map(|value| ("authorization", *value)).collect();
        let refused = demo.send(Method::GET, "/demo/players", &headers, None).await;
        assert_eq!(refused.status, 401, "{wrong:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
        assert!(json_of(&refused)["error"].is_string());
    }
}

#[tokio::test]
async fn a_wrong_login_is_401_and_a_twisted_one_400() {
    let app = TestApp::start().await;
    let demo = Browser::new(app.demo_url.clone());
    assert_eq!(send(&demo, "/demo/login", &json!({ "user": "ada", "password": "wrong" })).await.status, 401);
    let twisted = send(&demo, "/demo/login", &json!({ "user": "ada" })).await;
    assert_eq!(twisted.status, 400);
    assert!(json_of(&twisted)["error"].as_str().unwrap().contains("password"), "{}", twisted.text);
}

#[tokio::test]
async fn the_best_of_a_team_and_of_none() {
    let app = TestApp::start().await;
    let demo = Browser::new(app.demo_url.clone());
    let best = demo.get("/demo/best/blue").await;
    assert_eq!(json_of(&best), json!({ "name": "Barbara", "team": "blue", "score": 95 }));
    assert_eq!(demo.get("/demo/best/pink").await.status, 404);
}

#[tokio::test]
async fn a_message_comes_back_with_an_id() {
    let app = TestApp::start().await;
    let demo = Browser::new(app.demo_url.clone());
    let written = send(&demo, "/demo/message", &json!({ "text": "hällo" })).await;
    assert_eq!(written.status, 201);
    assert_eq!((&json_of(&written)["text"], &json_of(&written)["length"]), (&json!("hällo"), &json!(5)));
    for wrong in [json!({}), json!({ "text": "" }), json!({ "text": 7 }), json!([])] {
        assert_eq!(send(&demo, "/demo/message", &wrong).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn unknown_addresses_methods_and_sizes_are_told_apart() {
    let app = TestApp::start().await;
    let demo = Browser::new(app.demo_url.clone());
    assert_eq!(demo.get("/demo/nothing").await.status, 404);
    let wrong = demo.get("/demo/login").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "POST"));
    let large = json!({ "text": "x".repeat(100_000) });
    assert_eq!(send(&demo, "/demo/message", &large).await.status, 413);
}

#[tokio::test]
async fn pages_and_demo_api_do_not_share_a_listener() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().get("/demo/players").await.status, 404);
    assert_eq!(Browser::new(app.demo_url.clone()).get("/plans").await.status, 404);
}
