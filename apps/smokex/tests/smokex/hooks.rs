//! A deployment calls the hook of a plan, and hears how the run went.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use testkit::target::{Reply, Target};
use tokio::time::timeout;

use super::{
    browser::Browser,
    program::{Folder, PATIENCE},
};

/// The address on the page that has just made it.
async fn make_hook(browser: &Browser, plan: &str, origin: &str) -> String {
    let response = browser.post(&format!("{plan}/hook"), &[]).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    let beginning = format!("{origin}/api/v1/hooks/");
    let start = page.find(&beginning).unwrap_or_else(|| panic!("no {beginning} in {page}"));
    page[start..].split(['<', '?']).next().unwrap().to_owned()
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = timeout(PATIENCE, request.send()).await.expect("an answer comes in time").expect("an answer comes");
    (response.status().as_u16(), response.json().await.expect("it is JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_fails_if_what_it_deployed_is_broken() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("GET /eu/", Reply::ok()).on("GET /us/", Reply::ok().status(503));
    let allowed = target.address().to_string();
    let variables = [("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0"), ("EGRESS_ALLOW", allowed.as_str())];
    let mut running = folder.start(["serve"], &variables);
    let origin = running.origin();
    let browser = Browser::sign_up(&origin, "ada@example.com").await;
    let url = target.url("/");
    let text = format!("name: Shop\nvariables: {{ region: eu }}\nsteps:\n- get: {{ url: \"{url}${{region}}/\" }}\n");
    let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", &text)]).await;
    let plan = format!("{origin}{}", plan.split('?').next().unwrap());
    let hook = make_hook(&browser, &plan, &origin).await;

    // As `curl -X POST` and `curl --json` do.
    let client = Client::builder().no_proxy().build().unwrap();
    let waiting = format!("{hook}?wait=60");
    let (status, passed) = answer(client.post(&waiting)).await;
    assert_eq!((status, &passed["run"]["state"]), (200, &json!("passed")), "{passed}");
    let body = json!({ "variables": { "region": "us" } }).to_string();
    let broken = client.post(&waiting).header("content-type", "application/json").body(body);
    let (status, failed) = answer(broken).await;
    assert_eq!((status, &failed["run"]["state"]), (424, &json!("failed")), "{failed}");
    assert!(failed["run"]["reason"].as_str().unwrap().contains("503"), "{failed}");
    let targets: Vec<String> = target.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/eu/", "/us/"]);

    let page = browser.page(failed["url"].as_str().unwrap()).await;
    assert!(page.contains("by <b>hook</b>") && page.contains("/us/"), "{page}");
    assert!(browser.page(&plan).await.contains("last used"));
    let rotated = make_hook(&browser, &plan, &origin).await;
    assert_eq!(answer(client.post(&hook)).await.0, 404);
    assert_eq!(answer(client.post(format!("{rotated}?wait=60"))).await.0, 200);

    running.signal("TERM");
    let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("/api/v1/hooks/[token]"), "calls are in the log: {}", ended.stderr);
    for address in [hook, rotated] {
        let token = address.rsplit('/').next().unwrap();
        assert!(token.len() == 64 && !ended.stderr.contains(token), "{}", ended.stderr);
    }
}
