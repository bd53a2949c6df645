//! The page of API tokens: making one, seeing it once, revoking it.

use domain::{Role, Scope};
use jiff::Timestamp;

use crate::{app::TestApp, browser::Answer};

/// The token on the page that shows it.
fn shown(answer: &Answer) -> String {
    let at = answer.text.find("smx_").unwrap_or_else(|| panic!("no token: {answer:?}"));
    answer.text[at..at + 68].to_owned()
}

#[tokio::test]
async fn a_token_is_shown_once_and_works() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let page = ada.browser.get("/tokens").await.page();
    assert!(page.contains("No tokens yet") && page.contains("/api/v1/plans"), "{page}");
    let origin = format!("http://localhost:{}/api/v1/plans", app.address.port());
    assert!(page.contains(&origin), "this server's address: {page}");

    let made = ada.browser.post("/tokens", &[("name", "CI & co"), ("scope", "run"), ("ends", "30")]).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(made.text.contains("It will not be shown again.") && made.text.contains(&origin), "{made:?}");
    let token = shown(&made);
    let program = app.program_with(&token);
    let in_use = program.get("/token").await.with(200);
    assert_eq!((in_use["name"].as_str(), in_use["scope"].as_str()), (Some("CI & co"), Some("run")));
    let end: Timestamp = in_use["expires_at"].as_str().unwrap().parse().unwrap();
    let hours = (end - Timestamp::now()).total(jiff::Unit::Hour).unwrap();
    assert!((719.0..=720.0).contains(&hours), "{hours}");

    let page = ada.browser.get("/tokens").await.page();
    assert!(page.contains("CI &#38; co") && page.contains("by ada@example.com"), "{page}");
    assert!(!page.contains("smx_"), "it is not shown again: {page}");
    assert!(!page.contains("<span class=\"muted\">never</span>"), "it was used just now: {page}");
}

#[tokio::test]
async fn one_that_was_never_used_says_so_and_one_that_ended_too() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    ada.browser.post("/tokens", &[("name", "Idle"), ("scope", "read"), ("ends", "never")]).await;
    let page = ada.browser.get("/tokens").await.page();
    assert!(page.contains("data-label=\"Last used\"><span class=\"muted\">never</span>"), "{page}");
    assert!(page.contains("data-label=\"Ends\">never</td>"), "{page}");
    app.token(&ada, Scope::Read, Some(Timestamp::UNIX_EPOCH)).await;
    assert!(ada.browser.get("/tokens").await.page().contains(">ended</span>"));
}

#[tokio::test]
async fn a_token_is_revoked_after_a_question() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let made = ada.browser.post("/tokens", &[("name", "CI"), ("scope", "read"), ("ends", "90")]).await;
    let program = app.program_with(&shown(&made));
    let id = program.get("/token").await.with(200)["id"].as_str().unwrap().to_owned();
    let path = format!("/tokens/{id}/revoke");
    assert!(ada.browser.get("/tokens").await.page().contains(&path));
    assert!(ada.browser.get(&path).await.page().contains("Revoke CI?"));
    assert_eq!(program.get("/token").await.status, 200, "asking revokes nothing");
    assert_eq!(ada.browser.post(&path, &[]).await.location(), "/tokens");
    assert!(program.get("/token").await.problem(401).contains("revoked"));
    assert_eq!(ada.browser.post(&path, &[]).await.status, 404);
    let log = ada.browser.get("/audit").await.page();
    assert!(log.contains("<td>token revoked</td>") && log.contains("<a href=\"/tokens\">CI</a>"), "{log}");
}

#[tokio::test]
async fn mistakes_stand_at_their_fields_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for (form, at) in [
        ([("name", "  "), ("scope", "write"), ("ends", "365")], "name"),
        ([("name", "CI"), ("scope", "owner"), ("ends", "365")], "scope"),
        ([("name", "CI"), ("scope", "write"), ("ends", "36500")], "ends"),
    ] {
        let answer = ada.browser.post("/tokens", &form).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.text.matches("class=\"error\" id=").count(), 1, "{answer:?}");
        assert!(answer.text.contains(&format!("class=\"error\" id=\"{at}-error\"")), "{at}: {answer:?}");
        assert!(at == "scope" || answer.text.contains("value=\"write\" checked"), "{answer:?}");
        assert!(at == "ends" || answer.text.contains("value=\"365\" checked"), "{answer:?}");
    }
    assert!(ada.browser.get("/tokens").await.page().contains("No tokens yet"));
}

#[tokio::test]
async fn only_who_manages_tokens_is_led_to_them() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let (admin, editor) = (app.colleague(&ada, Role::Admin).await, app.colleague(&ada, Role::Editor).await);
    assert!(admin.browser.get("/members").await.page().contains("href=\"/tokens\""));
    assert!(!editor.browser.get("/members").await.page().contains("href=\"/tokens\""));
}
