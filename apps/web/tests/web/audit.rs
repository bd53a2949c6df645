//! The audit log on its page and as files.

use domain::Role;
use serde_json::Value;

use crate::app::{PLAN, TestApp};

#[tokio::test]
async fn it_shows_who_did_what_and_is_narrowed_down() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "<b>Shop</b>", PLAN).await;
    let bob = app.colleague(&ada, Role::Operator).await;
    let run = bob.browser.post(&format!("/plans/{plan}/runs"), &[]).await.location().to_owned();
    let page = ada.browser.get("/audit").await.page();
    for told in ["plan created", "&#60;b&#62;Shop", "run requested", bob.member.email.as_str(), run.as_str()] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(page.contains("role: operator"), "details are in words: {page}");
    let rows = |page: &str| page.split("<tbody>").nth(1).map_or(0, |rows| rows.matches("<tr>").count());
    let who = bob.member.email.as_str();
    let page = ada.browser.get(&format!("/audit?who={who}&deed=run_requested&time=hour")).await.page();
    assert_eq!(rows(&page), 1, "{page}");
    assert_eq!(rows(&ada.browser.get("/audit?deed=plan_deleted").await.page()), 0);
    assert_eq!(ada.browser.get("/audit?deed=nonsense&after=nonsense").await.status, 200);
}

#[tokio::test]
async fn long_logs_come_in_pages() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for n in 0..25 {
        ada.plan(&app, &format!("Plan {n}"), PLAN).await;
    }
    let page = ada.browser.get("/audit").await.page();
    assert!(page.contains("Plan 24") && !page.contains("Plan 3<"));
    let older =
        page.split("href=\"/audit?").find(|rest| rest.starts_with("after=")).unwrap().split('"').next().unwrap();
    let page = ada.browser.get(&format!("/audit?{older}")).await.page();
    assert!(page.contains("Plan 3<") && page.contains("organization created"), "{page}");
}

#[tokio::test]
async fn as_a_file_it_holds_all_lines_and_no_formula() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for n in 0..600 {
        let name = format!("=1+{n}");
        app.store.rename_organization(ada.member.tenant(), name.parse().unwrap()).await.unwrap();
    }
    let answer = ada.browser.get("/audit.csv?deed=organization_renamed").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert_eq!(answer.text.lines().count(), 601);
    assert!(answer.text.starts_with("at,actor,who,action,id,name,details\r\n"), "{}", &answer.text[..300]);
    assert!(answer.text.contains(",'=1+599,") && !answer.text.contains(",=1"));
    let answer = ada.browser.get("/audit.json").await;
    let lines: Vec<Value> = serde_json::from_str(&answer.text).expect("it is JSON");
    assert_eq!(lines.len(), 601);
    assert_eq!((lines[0]["name"].as_str(), lines[0]["details"]["before"].as_str()), (Some("=1+599"), Some("=1+598")));
    assert_eq!(lines[600]["action"], "organization_created");
    let none = ada.browser.get("/audit.json?who=nobody").await;
    assert_eq!(serde_json::from_str::<Value>(&none.text).unwrap(), Value::Array(Vec::new()));
}
