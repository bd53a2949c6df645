//! The list of runs and a run's page.

use domain::{Cause, StepState};
use serde_json::json;
use store::{Ending, NewRun};

use crate::{
    app::{PLAN, TestApp},
    executed::{Executor, execute, failed, passed, queue},
};

#[tokio::test]
async fn an_empty_list_teaches() {
    let app = TestApp::start().await;
    let page = app.someone("ada").await.browser.get("/runs").await.page();
    assert!(page.contains("No runs yet") && page.contains("Choose a plan"), "{page}");
}

#[tokio::test]
async fn filters_stand_in_the_address_and_narrow_the_list() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let (one, two) = (ada.plan(&app, "Checkout", PLAN).await, ada.plan(&app, "Search", PLAN).await);
    let bad = execute(&app, &ada, one, &[failed("1")]).await;
    let good = execute(&app, &ada, two, &[passed("1")]).await;
    let shown = async |path: String| {
        let page = ada.browser.get(&path).await.page();
        (page.contains(&format!("/runs/{bad}\"")), page.contains(&format!("/runs/{good}\"")))
    };
    assert_eq!(shown("/runs".to_owned()).await, (true, true));
    assert_eq!(shown("/runs?state=failed".to_owned()).await, (true, false));
    assert_eq!(shown("/runs?state=failed&state=passed".to_owned()).await, (true, true));
    assert_eq!(shown(format!("/runs?plan={two}")).await, (false, true));
    assert_eq!(shown("/runs?q=check&time=hour".to_owned()).await, (true, false));
    assert_eq!(shown(format!("/runs?plan={two}&state=failed")).await, (false, false));
    let page = ada.browser.get("/runs?state=failed&time=week").await.page();
    assert!(page.contains("<option selected>failed</option>") && page.contains("value=\"week\" selected"), "{page}");
}

#[tokio::test]
async fn a_run_is_found_by_what_triggered_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let mut runs = Vec::new();
    for cause in Cause::ALL {
        runs.push(app.store.queue_run(ada.member.tenant(), NewRun::of(plan, *cause)).await.unwrap().id);
    }
    for (cause, run) in Cause::ALL.iter().zip(&runs) {
        let list = ada.browser.get(&format!("/runs?cause={cause}")).await.page();
        for other in &runs {
            assert_eq!(list.contains(&format!("/runs/{other}\"")), other == run, "{cause}: {list}");
        }
        assert!(list.contains(&format!("<option value=\"{cause}\" selected>")), "{list}");
        let page = ada.browser.get(&format!("/runs/{run}")).await.page();
        assert!(page.contains(&format!("by <b>{cause}</b>")), "{page}");
    }
}

#[tokio::test]
async fn a_run_that_waits_can_be_followed_and_cancelled() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("0 of 2 steps") && page.contains("Waits for a free executor."), "{page}");
    assert!(page.contains("GET https://api.example.com/one"), "steps show before they begin: {page}");
    assert!(page.contains(&format!("data-events=\"/runs/{run}/events\"")), "{page}");
    let answer = ada.browser.post(&format!("/runs/{run}/cancel"), &[]).await;
    assert_eq!(answer.location(), format!("/runs/{run}"));
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(
        page.contains("<span class=\"pill cancelled\">cancelled</span>") && page.contains("Somebody stopped this run."),
        "{page}"
    );
    assert!(!page.contains("data-events"), "nothing comes any more: {page}");
    assert_eq!(ada.browser.post(&format!("/runs/{run}/cancel"), &[]).await.status, 303, "twice does no harm");
}

#[tokio::test]
async fn a_run_under_way_shows_what_has_ended_and_what_is_going_on() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let executor = Executor::claim(&app, run).await;
    executor.record(0, &passed("1")).await;
    executor.begin(1).await;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("1 of 2 steps") && page.contains("<span class=\"pill running live\">"), "{page}");
    assert!(page.contains("<span class=\"mark passed\">") && page.contains("<span class=\"mark running\">"), "{page}");
    assert!(page.contains("Under way."), "the step that runs is the one looked at: {page}");
    executor.finish(Ending::errored("The worker was lost while POST was in flight.")).await;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("The worker was lost while POST was in flight."), "{page}");
}

#[tokio::test]
async fn a_failure_says_why_first_and_shows_the_step_that_failed() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let mut skipped = passed("2");
    skipped.state = StepState::Skipped;
    skipped.started_at = None;
    let run = execute(&app, &ada, plan, &[failed("1"), skipped]).await;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("<title>✕ Checkout #1 failed"), "{page}");
    let why = page.split("class=\"card why failed\">").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(why.contains("<code>status_code</code>: expected 2xx, received 502."), "{why}");
    assert!(why.contains("1 step failed, 1 step not run"), "{why}");
    assert!(page.contains("id=\"step-1\" href=\"?step=1\" data-swap aria-current=\"true\""), "{page}");
    assert!(page.contains("Expectations <b>1</b>"), "{page}");
    assert!(page.contains("<dt>expected</dt><dd>2xx</dd><dt>received</dt><dd class=\"got\">502</dd>"), "{page}");
}

#[tokio::test]
async fn every_part_of_a_step_is_a_tab_with_an_address() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let mut slow = passed("2");
    slow.slow = true;
    slow.attempts.insert(0, slow.attempts[0].clone());
    slow.attempts[0].error = Some("Nothing listens at 192.0.2.7:443.".to_owned());
    let run = execute(&app, &ada, plan, &[passed("1"), slow]).await;
    let tab = async |query: &str| ada.browser.get(&format!("/runs/{run}{query}")).await.page();
    let page = tab("").await;
    assert!(
        page.contains("<span class=\"pill slow\">slow</span>") && page.contains("Every expectation held, but"),
        "{page}"
    );
    let page = tab("?step=1&tab=response").await;
    assert!(page.contains("HTTP/1.1 200") && page.contains("&#34;name&#34;: &#34;Ada&#34;"), "{page}");
    assert!(page.contains("192.0.2.7:443") && page.contains("application/json"), "{page}");
    let page = tab("?step=1&tab=request").await;
    assert!(page.contains("<dt>x-asked</dt><dd>politely</dd>") && page.contains("question"), "{page}");
    let page = tab("?step=1&tab=captures").await;
    assert!(
        page.contains("<dt>score</dt><dd>92</dd>") && page.contains("<span class=\"secret\">••••••••</span>"),
        "{page}"
    );
    let page = tab("?step=2&tab=timing").await;
    assert!(page.contains("Attempt 1 of 2") && page.contains("Nothing listens at 192.0.2.7:443."), "{page}");
    assert!(page.contains("DNS") && page.contains("40 ms"), "{page}");
    assert_eq!(tab("?step=99&tab=nonsense").await.matches("aria-current=\"true\"").count(), 1, "falls back");
}

#[tokio::test]
async fn a_body_that_is_cut_or_not_text_says_so() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let mut cut = passed("1");
    cut.response.as_mut().unwrap().body.cut = true;
    cut.response.as_mut().unwrap().body.size = 5_242_880;
    let mut binary = passed("2");
    let body = &mut binary.response.as_mut().unwrap().body;
    (body.text, body.binary, body.size) = (String::new(), true, 4_210);
    let run = execute(&app, &ada, plan, &[cut, binary]).await;
    let page = ada.browser.get(&format!("/runs/{run}?step=1&tab=response")).await.page();
    assert!(page.contains("Cut: 5.2 MB came, of which the first 64 KiB are kept."), "{page}");
    let page = ada.browser.get(&format!("/runs/{run}?step=2&tab=response")).await.page();
    assert!(page.contains("4.2 kB that are not text."), "{page}");
}

#[tokio::test]
async fn values_of_another_type_are_told_apart() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let mut report = failed("1");
    report.expectations[0].kind = "json_path".into();
    report.expectations[0].name = Some("$.id".to_owned());
    report.expectations[0].expected = json!(1);
    report.expectations[0].received = Some(json!("1"));
    report.expectations[0].message = Some("expected 1 (number), received \"1\" (string)".to_owned());
    let run = execute(&app, &ada, plan, &[report]).await;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("<dd>1</dd><dt>received</dt><dd class=\"got\">&#34;1&#34;</dd>"), "{page}");
    assert!(page.contains("(string)"), "{page}");
}

#[tokio::test]
async fn running_again_runs_the_current_version() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = execute(&app, &ada, plan, &[passed("1")]).await;
    let again = ada.browser.post(&format!("/runs/{run}/again"), &[]).await.location().to_owned();
    assert_ne!(again, format!("/runs/{run}"));
    let page = ada.browser.get(&again).await.page();
    assert!(page.contains("Checkout <span class=\"muted\">#2</span>"), "{page}");
}

#[tokio::test]
async fn the_live_part_is_the_title_and_the_part_that_changes() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = execute(&app, &ada, plan, &[passed("1"), passed("2")]).await;
    let part = ada.browser.get(&format!("/runs/{run}/live?step=2")).await.page();
    assert!(part.starts_with("<title>✓ Checkout #1 passed"), "{part}");
    assert!(
        part.contains("<div id=\"run\" data-live>")
            && part.contains("id=\"step-2\" href=\"?step=2\" data-swap aria-current"),
        "{part}"
    );
    assert!(!part.contains("class=\"side\""), "{part}");
}
