//! What changes, as programs hear it.

use std::time::Duration;

use domain::{RunId, Scope};
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};
use store::Ending;
use tokio::time::timeout;

use crate::{
    app::{On, PLAN, TestApp},
    executed::{Executor, execute, passed, queue},
    program::Program,
};

/// What a program hears.
struct Heard {
    response: Response,
    text: String,
}

async fn listen(program: &Program, query: &str) -> Heard {
    let response = program.request(Method::GET, &format!("/events?{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(response.headers().contains_key("x-request-id") && response.headers().contains_key("ratelimit-limit"));
    Heard { response, text: String::new() }
}

impl Heard {
    /// The name and the data of the next event; none if the stream ends.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                let told = field("event").map(|name| (name.to_owned(), field("data").unwrap_or_default().to_owned()));
                self.text = rest.to_owned();
                if let Some((name, data)) = told {
                    return Some((name, serde_json::from_str(&data).expect("data is JSON")));
                }
            }
            let chunk = timeout(Duration::from_secs(20), self.response.chunk()).await.expect("something comes");
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).expect("events are text"));
        }
    }

    /// The change of the run that the next event must be about.
    async fn change(&mut self, run: RunId) -> String {
        let (name, data) = self.next().await.expect("an event comes");
        assert_eq!((name.as_str(), &data["run"]), ("run", &json!(run)));
        data["change"].as_str().unwrap().to_owned()
    }
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn the_stream_of_a_run_tells_its_changes_in_order_and_ends_with_it(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let program = app.program(&ada, Scope::Read).await;
    let mut heard = listen(&program, &format!("run={run}")).await;
    let other = queue(&app, &ada, plan).await;
    app.store.cancel_run(ada.member.tenant(), other).await.unwrap();
    let executor = Executor::claim(&app, run).await;
    assert_eq!(heard.change(run).await, "started");
    executor.record(0, &passed("1")).await;
    assert_eq!(heard.change(run).await, "step");
    app.store.cancel_run(ada.member.tenant(), run).await.unwrap();
    assert_eq!(heard.change(run).await, "cancelling");
    executor.finish(Ending::errored("over")).await;
    assert_eq!(heard.change(run).await, "finished");
    assert_eq!(heard.next().await, None);
}

#[tokio::test]
async fn the_stream_of_a_run_that_is_over_says_so_and_ends() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let run = execute(&app, &ada, plan, &[passed("1")]).await;
    let program = app.program(&ada, Scope::Read).await;
    let mut heard = listen(&program, &format!("run={run}")).await;
    assert_eq!(heard.next().await, Some(("run".to_owned(), json!({ "run": run, "plan": plan, "change": "finished" }))));
    assert_eq!(heard.next().await, None);
}

#[tokio::test]
async fn the_end_of_a_run_is_told_even_if_the_database_was_away_when_it_came() {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let mut heard = listen(&app.program(&ada, Scope::Read).await, &format!("run={run}")).await;
    // Nobody is told of this: it is as if it had come while whoever listens to the database was cut off.
    let end = format!(
        "UPDATE runs SET state = 'cancelled', due_at = NULL, finished_at = queued_at WHERE id = '{run}' RETURNING 1"
    );
    assert_eq!(app.database.sql(&end), "1");
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_ne!(app.database.sql(cut), "0");
    assert_eq!(heard.change(run).await, "finished");
    assert_eq!(heard.next().await, None);
}

#[tokio::test]
async fn each_hears_of_what_they_asked_for_and_nobody_of_anothers() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (one, two) = (ada.plan(&app, "Checkout", PLAN).await, ada.plan(&app, "Search", PLAN).await);
    let hers = eve.plan(&app, "Hers", PLAN).await;
    let program = app.program(&ada, Scope::Write).await;
    let mut everything = listen(&program, "").await;
    let mut of_two = listen(&program, &format!("plan={two}")).await;
    queue(&app, &eve, hers).await;
    let first = queue(&app, &ada, one).await;
    let second = queue(&app, &ada, two).await;
    let text = format!("# better\n{PLAN}");
    program.put(&format!("/plans/{two}"), &json!({ "name": "Search", "text": text, "version": 1 })).await.with(200);
    let name = "Another".parse().unwrap();
    app.store.rename_organization(ada.member.tenant(), name).await.unwrap();
    let plan = Some(("plan".to_owned(), json!({ "plan": two })));
    assert_eq!(everything.change(first).await, "queued");
    assert_eq!(everything.change(second).await, "queued");
    assert_eq!(everything.next().await, plan);
    let organization = json!({ "organization": ada.member.tenant().organization() });
    assert_eq!(everything.next().await, Some(("organization".to_owned(), organization)));
    assert_eq!(of_two.change(second).await, "queued");
    assert_eq!(of_two.next().await, plan);

    let hers = format!("plan={hers}");
    for (query, status) in [(hers.as_str(), 404), ("plan=x", 400), ("runs=all", 400)] {
        program.get(&format!("/events?{query}")).await.problem(status);
    }
    assert!(program.get(&format!("/events?plan={one}&run={first}")).await.problem(400).contains("not both"));
}

#[tokio::test]
async fn a_revoked_token_hears_no_more_however_much_there_is_to_tell() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.heartbeat = Duration::from_millis(100);
    })
    .await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let admin = app.program(&ada, Scope::Admin).await;
    let made = admin.post("/tokens", &json!({ "name": "CI", "scope": "read" })).await.with(201);
    let mut heard = listen(&app.program_with(made["token"].as_str().unwrap()), "").await;
    let run = queue(&app, &ada, plan).await;
    assert_eq!(heard.change(run).await, "queued");
    admin.delete(&format!("/tokens/{}", made["id"].as_str().unwrap())).await.with(204);
    for _ in 0..10_000 {
        // There is always something new before the silence that would be a heartbeat's.
        queue(&app, &ada, plan).await;
        if heard.next().await.is_none() {
            return;
        }
    }
    panic!("the stream goes on");
}

#[tokio::test]
async fn programs_and_pages_share_the_streams_of_an_organization() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.limits.streams = 1).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Read).await;
    let _open = listen(&program, "").await;
    assert_eq!(ada.browser.get("/events").await.status, 503);
    let refused = program.get("/events").await;
    assert_eq!(refused.header("retry-after"), "5");
    refused.problem(503);
}
