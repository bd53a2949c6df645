//! The hook of a plan, on its page.

use domain::{Deed, Role};
use store::AuditFilter;

use crate::app::{PLAN, TestApp};

/// The address on a page that has just made one.
fn address(page: &str) -> String {
    let start = page.find("/api/v1/hooks/").unwrap_or_else(|| panic!("no address: {page}"));
    page[start..].split(['<', '?']).next().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_is_shown_once_with_the_line_that_calls_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let page = format!("/plans/{plan}");
    assert!(ada.browser.get(&page).await.page().contains("Make the address"));
    let made = ada.browser.post(&format!("{page}/hook"), &[]).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.page();
    let hook = address(&made);
    assert!(made.contains(&format!("{hook}?wait=60")) && made.contains("curl --fail-with-body"), "{made}");
    let called = app.browser().post(&hook, &[]).await;
    assert_eq!(called.status, 202, "{called:?}");

    let shown = ada.browser.get(&page).await.page();
    assert!(shown.contains("Made by <b>ada@example.com</b>") && shown.contains("last used"), "{shown}");
    assert!(!shown.contains(&hook), "never again");
    assert!(ada.browser.get(&format!("{page}/hook/rotate")).await.page().contains("they fail until they know"));
    let rotated = ada.browser.post(&format!("{page}/hook"), &[]).await.page();
    assert!(rotated.contains("The address before leads nowhere from now on."), "{rotated}");
    assert_eq!(app.browser().post(&hook, &[]).await.status, 404);
    let hook = address(&rotated);
    assert_eq!(app.browser().post(&hook, &[]).await.status, 202);

    assert!(ada.browser.get(&format!("{page}/hook/delete")).await.page().contains("leads nowhere from then on"));
    assert_eq!(ada.browser.post(&format!("{page}/hook/delete"), &[]).await.location(), page);
    assert_eq!(app.browser().post(&hook, &[]).await.status, 404);
    for gone in ["rotate", "delete"] {
        assert_eq!(ada.browser.get(&format!("{page}/hook/{gone}")).await.status, 404);
    }
    let lines = app.store.audit(ada.member.tenant(), AuditFilter::default()).await.unwrap().items;
    let deeds: Vec<_> =
        lines.iter().rev().map(|line| line.deed).skip_while(|deed| *deed != Deed::HookCreated).collect();
    let run = Deed::RunRequested;
    assert_eq!(deeds, [Deed::HookCreated, run, Deed::HookCreated, run, Deed::HookDeleted]);
    let log = ada.browser.get("/audit").await.page();
    assert!(log.contains("Hook of Shop") && log.contains(&format!("href=\"{page}\"")), "{log}");
}

#[tokio::test]
async fn who_may_not_change_plans_sees_nothing_of_hooks() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    ada.browser.post(&format!("/plans/{plan}/hook"), &[]).await.page();
    let operator = app.colleague(&ada, Role::Operator).await;
    let shown = operator.browser.get(&format!("/plans/{plan}")).await.page();
    assert!(!shown.contains("Deployment hook"), "{shown}");
    let editor = app.colleague(&ada, Role::Editor).await;
    assert!(editor.browser.get(&format!("/plans/{plan}")).await.page().contains("Deployment hook"));
}
