//! Writing plans.

use reqwest::Method;
use serde_json::Value;

use crate::app::{PLAN, Someone, TestApp};

async fn check(someone: &Someone, text: &[u8]) -> Value {
    let headers = [("content-type", "text/plain; charset=utf-8"), ("sec-fetch-site", "same-origin")];
    let answer = someone.browser.send(Method::POST, "/plans/check", &headers, Some(text.to_vec())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test]
async fn a_pasted_plan_is_saved_and_shown() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    // As browsers send it, with the line ends of forms.
    let text = PLAN.replace('\n', "\r\n");
    let answer = ada.browser.post("/plans", &[("name", "Checkout"), ("text", &text)]).await;
    let path = answer.location().to_owned();
    let page = ada.browser.get(&path).await.page();
    assert!(page.contains("<h1>Checkout</h1>") && page.contains("2 steps"), "{page}");
    let plan = app.store.plan(ada.member.tenant(), path["/plans/".len()..].parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(plan.text, PLAN, "with the line ends of the language");
}

#[tokio::test]
async fn a_name_in_the_text_names_the_plan() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let text = "name: From the text\nsteps:\n- get: { url: \"https://api.example.com\" }\n";
    let answer = ada.browser.post("/plans", &[("name", ""), ("text", text)]).await;
    assert!(ada.browser.get(answer.location()).await.page().contains("<h1>From the text</h1>"));
    let nameless = ada.browser.post("/plans", &[("name", ""), ("text", PLAN)]).await;
    assert_eq!(nameless.status, 422);
    assert!(nameless.text.contains("Enter a name of 1 to 120 characters.") && nameless.text.contains("- name: Second"));
}

#[tokio::test]
async fn save_and_run_leads_to_the_run() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let answer = ada.browser.post("/plans", &[("name", "Now"), ("text", PLAN), ("then", "run")]).await;
    assert!(answer.location().starts_with("/runs/"), "{answer:?}");
}

#[tokio::test]
async fn mistakes_are_shown_at_their_lines_and_the_text_is_kept() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let text = "- get:\n    url: https://api.example.com\n    expect:\n      satus_code: 200\n";
    let answer = ada.browser.post("/plans", &[("name", "Typo <b>"), ("text", text)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("<code>4:7</code>"), "{}", answer.text);
    assert!(answer.text.contains("<code>satus_code</code>") && answer.text.contains("<code>status_code</code>"));
    assert!(answer.text.contains("satus_code: 200") && answer.text.contains("Typo &#60;b&#62;"), "{}", answer.text);
    assert!(answer.text.contains("<title>(1) New plan"), "{}", answer.text);
    assert_eq!(app.store.plans(ada.member.tenant(), store::PlanFilter::default()).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn the_editor_is_told_the_mistakes_while_typing() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    assert_eq!(check(&ada, PLAN.as_bytes()).await, serde_json::json!({ "diagnostics": [] }));
    let found = check(&ada, b"- get:\n    url: https://x.example\n    satus_code: 200\n").await;
    let first = &found["diagnostics"][0];
    assert_eq!(
        (&first["line"], &first["column"], &first["severity"]),
        (&3.into(), &5.into(), &"error".into()),
        "{found}"
    );
    assert!(first["message"].is_string() && first["end_column"].is_number(), "{found}");
    let latin1 = check(&ada, b"- get: { url: \"https://x.example/\xe9\" }").await;
    assert_eq!(latin1["diagnostics"][0]["line"], 1, "text that is not UTF-8 is a mistake, not an error: {latin1}");
}

#[tokio::test]
async fn a_hostile_text_is_refused_quickly() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for text in [
        "[".repeat(20_000),
        "a".repeat(1_000_000),
        format!("a: &a [x,x]\nb: &b [*a,*a]\n{}", "c: [*b,*b]\n".repeat(50)),
    ] {
        let begun = std::time::Instant::now();
        let found = check(&ada, text.as_bytes()).await;
        assert!(!found["diagnostics"].as_array().unwrap().is_empty());
        // Generous: this is an unoptimized build on a busy machine; the parser's own test is strict.
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn saving_makes_a_version_and_old_ones_stay() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let page = ada.browser.get(&format!("/plans/{plan}/edit")).await.page();
    assert!(page.contains("name=\"version\" value=\"1\"") && page.contains("- name: Second"), "{page}");
    let new = PLAN.replace("Second", "Other");
    let form = [("name", "Checkout 2"), ("text", new.as_str()), ("version", "1")];
    assert_eq!(ada.browser.post(&format!("/plans/{plan}"), &form).await.location(), format!("/plans/{plan}"));
    let list = ada.browser.get(&format!("/plans/{plan}/versions")).await.page();
    assert!(list.contains("Version 1</a>") && list.contains("Version 2</a> <span class=\"muted\">current"), "{list}");
    let old = ada.browser.get(&format!("/plans/{plan}/versions/1")).await.page();
    assert!(old.contains("- name: Second") && old.contains("current is"), "{old}");
    let current = ada.browser.get(&format!("/plans/{plan}/versions/2")).await.page();
    assert!(current.contains("- name: Other") && current.contains("Checkout 2"), "{current}");
}

#[tokio::test]
async fn who_saves_over_anothers_version_is_told_and_loses_nothing() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let path = format!("/plans/{plan}");
    let theirs = PLAN.replace("Second", "Theirs");
    ada.browser.post(&path, &[("name", "Checkout"), ("text", &theirs), ("version", "1")]).await;
    let mine = PLAN.replace("Second", "Mine");
    let conflict = ada.browser.post(&path, &[("name", "Checkout"), ("text", &mine), ("version", "1")]).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text.contains("Somebody saved version 2 while you were writing."), "{}", conflict.text);
    assert!(conflict.text.contains("- name: Mine") && conflict.text.contains("name=\"version\" value=\"2\""));
    let again = ada.browser.post(&path, &[("name", "Checkout"), ("text", &mine), ("version", "2")]).await;
    assert_eq!(again.location(), path);
    assert!(ada.browser.get(&format!("{path}/versions/2")).await.page().contains("- name: Theirs"));
    assert!(ada.browser.get(&format!("{path}/versions/3")).await.page().contains("- name: Mine"));
}

#[tokio::test]
async fn a_sample_is_written_for_this_server() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let page = ada.browser.get("/plans/new?sample=players").await.page();
    assert!(page.contains("name: &#34;Sample: players&#34;") && page.contains(&app.demo_url), "{page}");
    let empty = ada.browser.get("/plans/new?sample=nonsense").await.page();
    assert!(empty.contains("href=\"/plans/new?sample=players\""), "{empty}");
}
