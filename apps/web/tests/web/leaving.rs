//! Taking everything along, and deleting the account.

use rstest::rstest;
use serde_json::Value;

use crate::{
    account::{PASSWORD, sign_in, sign_up},
    app::{On, PLAN, TestApp},
    executed::{execute, passed},
    schedules::schedule,
};

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn the_export_holds_all_that_is_theirs_and_nothing_of_others(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let plan = ada.plan(&app, "Ada's \"shop\"", PLAN).await;
    let form = [("name", "Renamed"), ("text", PLAN), ("version", "1")];
    ada.browser.post(&format!("/plans/{plan}"), &form).await.location();
    execute(&app, &ada, plan, &[passed("1"), passed("2")]).await;
    let hourly = [("name", "Hourly"), ("kind", "every"), ("interval", "1h"), ("tags", "eu")];
    schedule(&ada, plan, &hourly).await;
    eve.plan(&app, "Eve's own", PLAN).await;

    let answer = ada.browser.get("/account/export").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"smokex.json\"");
    assert!(!answer.text.contains("Eve's own") && !answer.text.contains("eve@example.com"), "{}", answer.text);
    assert!(!answer.text.contains("no password fits"), "no hash of a password");
    let file: Value = serde_json::from_str(&answer.text).expect("a whole JSON document");
    assert_eq!(file["account"]["email"], "ada@example.com");
    assert_eq!(file["sessions"][0]["browser"], "test");
    assert_eq!(file["organizations"].as_array().unwrap().len(), 1);
    let organization = &file["organizations"][0];
    assert_eq!((&organization["name"], &organization["role"]), (&"ada's team".into(), &"owner".into()));
    let versions = organization["plans"][0]["versions"].as_array().unwrap();
    assert_eq!(versions.iter().map(|version| version["version"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(versions[1]["text"], PLAN);
    assert_eq!(organization["schedules"][0]["name"], "Hourly");
    assert!(organization["schedules"][0]["timetable"].is_object());
    assert_eq!((&organization["runs"][0]["state"], &organization["runs"][0]["number"]), (&"passed".into(), &1.into()));
}

#[tokio::test]
async fn an_export_of_more_than_one_page_of_everything_is_whole() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for number in 0..103 {
        ada.plan(&app, &format!("Plan {number}"), PLAN).await;
    }
    let file: Value = serde_json::from_str(&ada.browser.get("/account/export").await.text).unwrap();
    assert_eq!(file["organizations"][0]["plans"].as_array().unwrap().len(), 103);
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn an_account_is_deleted_by_who_knows_its_password_and_nothing_opens_it_again(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (browser, other) = (app.browser(), app.browser());
    sign_up(&browser, "ada@example.com").await;
    sign_in(&other, "ada@example.com", PASSWORD).await;
    assert_eq!(other.get("/plans").await.status, 200);
    let page = browser.get("/account/delete").await.page();
    assert!(page.contains("<b>Acme</b> has no other member"), "{page}");
    let refused = browser.post("/account/delete", &[("password", "not mine")]).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"password-error\""), "{}", refused.text);
    assert_eq!(browser.get("/plans").await.status, 200);

    let deleted = browser.post("/account/delete", &[("password", PASSWORD)]).await;
    assert_eq!(deleted.location(), "/sign-in?done=deleted");
    assert_eq!(browser.cookie("smokex"), None);
    assert_eq!(other.get("/plans").await.status, 303, "at once");
    assert_eq!(sign_in(&other, "ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your account was deleted");
    assert_eq!(sign_up(&browser, "ada@example.com").await.location(), "/welcome");
    assert_eq!(browser.get("/welcome").await.location(), "/", "the address is free again");
}
