//! The list of plans, a plan's page, running and deleting it.

use crate::{
    app::{PLAN, TestApp},
    executed::{execute, failed, passed, queue},
};

#[tokio::test]
async fn an_empty_list_teaches() {
    let app = TestApp::start().await;
    let page = app.someone("ada").await.browser.get("/plans").await.page();
    assert!(page.contains("No plans yet") && page.contains("href=\"/plans/new?sample=players\""), "{page}");
}

#[tokio::test]
async fn a_plan_shows_its_state_its_bars_and_its_last_run() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    execute(&app, &ada, plan, &[passed("1"), passed("2")]).await;
    let run = execute(&app, &ada, plan, &[failed("1")]).await;
    let page = ada.browser.get("/plans").await.page();
    assert!(page.contains("<title>(1) Plans"), "the title shows failures: {page}");
    assert!(page.contains("<span class=\"pill failed\">failed</span>"));
    assert!(page.contains("aria-label=\"Last 2 runs: 1 passed, 1 failed\""), "{page}");
    assert!(page.contains(&format!("href=\"/runs/{run}\"")));
    queue(&app, &ada, plan).await;
    let page = ada.browser.get("/plans").await.page();
    assert!(page.contains("<span class=\"pill queued live\">queued</span>"), "{page}");
}

#[tokio::test]
async fn filters_stand_in_the_address_and_narrow_the_list() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let broken = ada.plan(&app, "Checkout", PLAN).await;
    let fine = ada.plan(&app, "Search", PLAN).await;
    execute(&app, &ada, broken, &[failed("1")]).await;
    execute(&app, &ada, fine, &[passed("1")]).await;
    let shown = async |path: &str| {
        let page = ada.browser.get(path).await.page();
        (page.contains(&format!("/plans/{broken}\"")), page.contains(&format!("/plans/{fine}\"")))
    };
    assert_eq!(shown("/plans").await, (true, true));
    assert_eq!(shown("/plans?state=failing").await, (true, false));
    assert_eq!(shown("/plans?q=SEAR").await, (false, true));
    assert_eq!(shown("/plans?q=sear&state=failing").await, (false, false));
    let page = ada.browser.get("/plans?q=sear%22%3E&state=failing").await.page();
    assert!(page.contains("No plan matches") && page.contains("value=\"sear&#34;&#62;\""), "{page}");
    assert!(page.contains("<option selected>failing</option>"), "{page}");
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_keep_the_filter() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for number in 1..=25 {
        ada.plan(&app, &format!("Plan {number:02}"), PLAN).await;
    }
    let first = ada.browser.get("/plans?q=plan").await.page();
    assert!(first.contains("Plan 25") && first.contains("Plan 06") && !first.contains("Plan 05"));
    let older = first.split("href=\"/plans?q=plan&#38;after=").nth(1).expect("a link to older ones");
    let older = older.split('"').next().unwrap();
    let second = ada.browser.get(&format!("/plans?q=plan&after={older}")).await.page();
    assert!(second.contains("Plan 05") && second.contains("Plan 01") && !second.contains("Plan 06"));
    assert!(second.contains("href=\"/plans?q=plan\""), "and a link back to the newest");
}

#[tokio::test]
async fn a_plans_page_tells_its_steps_its_text_and_its_runs() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let page = ada.browser.get(&format!("/plans/{plan}")).await.page();
    assert!(page.contains("Not run yet") && page.contains("Second<small>POST https://api.example.com/two"), "{page}");
    assert!(page.contains("- name: Second"), "the text");
    let run = execute(&app, &ada, plan, &[failed("1")]).await;
    let page = ada.browser.get(&format!("/plans/{plan}")).await.page();
    assert!(page.contains(&format!("/runs/{run}")) && page.contains("<title>✕ Checkout"), "{page}");
}

#[tokio::test]
async fn run_queues_a_run_and_leads_to_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let answer = ada.browser.post(&format!("/plans/{plan}/runs"), &[]).await;
    let path = answer.location().to_owned();
    let page = ada.browser.get(&path).await.page();
    assert!(
        page.contains("<span class=\"pill queued live\">queued</span>") && page.contains("by <b>ada@example.com</b>"),
        "{page}"
    );
    assert_eq!(ada.browser.post("/plans/0198c0de-0000-7000-8000-000000000000/runs", &[]).await.status, 404);
}

#[tokio::test]
async fn deleting_asks_first_and_takes_the_runs_along() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = execute(&app, &ada, plan, &[passed("1")]).await;
    let question = ada.browser.get(&format!("/plans/{plan}/delete")).await.page();
    assert!(question.contains("Delete Checkout?") && question.contains("cannot be undone"), "{question}");
    assert_eq!(ada.browser.get(&format!("/plans/{plan}")).await.status, 200, "asking deletes nothing");
    assert_eq!(ada.browser.post(&format!("/plans/{plan}/delete"), &[]).await.location(), "/plans");
    assert_eq!(ada.browser.get(&format!("/plans/{plan}")).await.status, 404);
    assert_eq!(ada.browser.get(&format!("/runs/{run}")).await.status, 404);
    assert_eq!(ada.browser.post(&format!("/plans/{plan}/delete"), &[]).await.status, 404);
}

#[tokio::test]
async fn home_counts_and_tells_what_fails_and_why() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let broken = ada.plan(&app, "Checkout", PLAN).await;
    let fine = ada.plan(&app, "Search", PLAN).await;
    execute(&app, &ada, fine, &[passed("1"), passed("2")]).await;
    let run = execute(&app, &ada, broken, &[failed("1")]).await;
    let page = ada.browser.get("/").await.page();
    assert!(page.contains("<title>(1) Home"), "{page}");
    assert!(page.contains("<b>1</b><span>failing</span>") && page.contains("<b>1</b><span>passing</span>"), "{page}");
    assert!(page.contains("<code>status_code</code>: expected 2xx, received 502."), "{page}");
    assert!(page.contains(&format!("href=\"/runs/{run}\"")), "{page}");
}
