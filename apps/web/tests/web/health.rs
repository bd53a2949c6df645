//! `/healthz` and `/readyz` tell the truth, and unknown addresses and methods are told apart.

use reqwest::Method;
use rstest::rstest;

use crate::app::{On, TestApp};

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn alive_and_ready(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let browser = app.browser();
    assert_eq!(browser.get("/healthz").await.text, r#"{"alive":true}"#);
    let ready = browser.get("/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (200, r#"{"ready":true}"#));
}

#[tokio::test]
async fn an_unknown_address_is_404_in_the_look_of_the_rest() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/nothing/here").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("There is nothing here") && answer.text.contains("<header class=\"top\">"));
    let ada = app.someone("ada").await;
    for path in ["/plans/not-an-id", "/runs/1", "/plans/00000000-0000-0000-0000-000000000000/versions/x"] {
        assert_eq!(ada.browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_have_is_405() {
    let app = TestApp::start().await;
    let answer = app.browser().send(Method::DELETE, "/plans", &[], None).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST"));
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let app = TestApp::start().await;
    let answer = app.browser().send(Method::HEAD, "/docs", &[], None).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_stopped_application_ends_though_streams_are_open() {
    let mut app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let stream = ada.browser.request(Method::GET, "/events").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    tokio::time::timeout(std::time::Duration::from_secs(9), app.stop()).await.expect("it stops in good time");
}

#[tokio::test]
async fn a_handler_that_panics_is_500_and_takes_nothing_along() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.panics_at = Some("/panic")).await;
    let browser = app.browser();
    for _ in 0..3 {
        let answer = browser.get("/panic?password=hunter2").await;
        assert_eq!(answer.status, 500);
        assert!(
            answer.text.contains("This did not work") && !answer.text.contains("asked to panic"),
            "{}",
            answer.text
        );
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
    assert_eq!(browser.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn nothing_panics_unless_asked_to() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().get("/panic").await.status, 404);
}

#[tokio::test]
async fn a_database_of_another_version_is_alive_but_not_ready() {
    let app = TestApp::start_on(On::Postgres).await;
    let browser = app.browser();
    assert_eq!(browser.get("/readyz").await.status, 200);
    let _ = app.database.sql("DELETE FROM __diesel_schema_migrations");
    let answer = browser.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("another version's schema"), "{}", answer.text);
    assert_eq!(browser.get("/healthz").await.status, 200);
}
