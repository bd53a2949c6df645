//! `smokex` without arguments: everything in one process over SQLite.

use super::{
    browser::Browser,
    program::{Folder, Running},
};

const ANY_PORT: [(&str, &str); 2] = [("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0")];

/// The address behind the first link with this beginning.
fn link<'p>(page: &'p str, beginning: &str) -> &'p str {
    let start = page.find(beginning).unwrap_or_else(|| panic!("no {beginning} in {page}"));
    page[start..].split(['"', '?', '#']).next().unwrap_or_default()
}

fn stop(running: Running) {
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_leads_from_signing_up_to_a_sample_plan_that_passes() {
    let folder = Folder::new();
    let mut running = folder.start::<&str>([], &ANY_PORT);
    let origin = running.origin();
    let browser = Browser::sign_up(&origin, "ada@example.com").await;
    let plans = browser.page(&format!("{origin}/plans")).await;
    let plan = plans.split("href=\"").find(|rest| rest.starts_with("/plans/0")).expect("the sample plan is there");
    let plan = plan.split('"').next().unwrap_or_default();
    let run = browser.submit(&format!("{origin}{plan}/runs"), &[]).await;
    let page = browser.eventually(&format!("{origin}{run}"), " passed ·").await;
    assert!(page.contains("/demo/login"), "{page}");
    assert!(folder.content().contains(&"var/smokex.db".to_owned()), "{:?}", folder.content());
    assert!(folder.content().contains(&"var/key".to_owned()), "{:?}", folder.content());
    tokio::task::spawn_blocking(|| stop(running)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_after_a_restart() {
    let folder = Folder::new();
    let mut running = folder.start(["serve"], &ANY_PORT);
    let origin = running.origin();
    let browser = Browser::sign_up(&origin, "grace@example.com").await;
    let text = "name: Kept\nsteps:\n  - get: { url: \"https://example.com/\" }\n";
    let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", text)]).await;
    tokio::task::spawn_blocking(|| stop(running)).await.unwrap();
    let mut running = folder.start(["serve"], &ANY_PORT);
    let origin = running.origin();
    let plan = link(&plan, "/plans/");
    assert!(browser.page(&format!("{origin}{plan}")).await.contains("Kept"), "the session and the plan are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_on_the_server_reaches_no_private_address_but_the_demo_endpoints() {
    let folder = Folder::new();
    let target = testkit::target::Target::start().await;
    let mut running = folder.start::<&str>([], &ANY_PORT);
    let origin = running.origin();
    let browser = Browser::sign_up(&origin, "alan@example.com").await;
    let text = format!("name: Inside\nsteps:\n  - get: {{ url: \"{}\" }}\n", target.url("/"));
    let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", &text)]).await;
    let plan = link(&plan, "/plans/").to_owned();
    let run = browser.submit(&format!("{origin}{plan}/runs"), &[]).await;
    let page = browser.eventually(&format!("{origin}{run}"), " failed ·").await;
    assert!(page.contains("not a public address"), "{page}");
    assert_eq!(target.counts().connections, 0);
}
