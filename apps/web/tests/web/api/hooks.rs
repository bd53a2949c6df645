//! Hooks: addresses of plans that deployments call.

use std::{num::NonZeroU32, time::Duration};

use domain::{Cause, PlanId, RunId, RunState, Scope};
use futures_util::FutureExt;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use store::{Change, Ending, RunChange};
use web::Config;

use crate::{
    app::{On, PLAN, Someone, TestApp},
    conformance,
    executed::Executor,
    program::Reply,
};

const WITH_VARIABLES: &str =
    "variables: { region: eu, version: \"1\" }\nsteps:\n- get: { url: \"https://api.example.com/${region}\" }\n";

/// A hook's path, as whoever deploys knows it.
async fn hook(app: &TestApp, someone: &Someone, plan: PlanId) -> String {
    let program = app.program(someone, Scope::Write).await;
    let made = program.put(&format!("/plans/{plan}/hook"), &json!({})).await.json;
    path(app, &made)
}

/// The path of the address that was told.
fn path(app: &TestApp, made: &Value) -> String {
    let origin = format!("http://localhost:{}", app.address.port());
    let url = made["url"].as_str().expect("the address is told");
    url.strip_prefix(&origin).unwrap_or_else(|| panic!("{url} is not at {origin}")).to_owned()
}

/// Without any token but the one in the address.
async fn send(app: &TestApp, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
    let mut request = app.browser().request(Method::POST, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.expect("the application answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let json = response.json().await.expect("the body is JSON");
    conformance::check(&Method::POST, path.strip_prefix("/api/v1").expect("it is of the API"), status, &headers, &json);
    Reply { status, headers, json }
}

async fn call(app: &TestApp, path: &str) -> Reply {
    send(app, path, &[], None).await
}

fn run(reply: &Value) -> RunId {
    reply["run"]["id"].as_str().expect("the run has an id").parse().expect("this is an id")
}

#[tokio::test]
async fn an_address_is_told_once_and_dead_once_there_is_another_one() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let of_plan = format!("/plans/{plan}/hook");
    program.get(&of_plan).await.problem(404);
    let first = path(&app, &program.put(&of_plan, &json!({})).await.with(201));
    let (start, token) = first.rsplit_once('/').unwrap();
    assert_eq!((start, token.len()), ("/api/v1/hooks", 64));

    let started = call(&app, &first).await.with(202);
    assert_eq!((&started["run"]["number"], &started["run"]["state"]), (&json!(1), &json!("queued")));
    let page = format!("http://localhost:{}/runs/{}", app.address.port(), run(&started));
    assert_eq!(started["url"], json!(page));
    let row = app.store.run_row(ada.member.tenant(), run(&started)).await.unwrap().unwrap();
    assert_eq!((row.cause, row.user), (Cause::Hook, None));

    let told = program.get(&of_plan).await.with(200);
    assert_eq!(told["created_by"], "ada@example.com");
    assert!(told["last_used_at"].is_string() && !told.to_string().contains(token), "{told}");
    let second = path(&app, &program.put(&of_plan, &json!({})).await.with(200));
    call(&app, &first).await.problem(404);
    call(&app, &second).await.with(202);
    program.delete(&of_plan).await.with(204);
    call(&app, &second).await.problem(404);
    program.get(&of_plan).await.problem(404);
    program.delete(&of_plan).await.problem(404);
    for nothing in ["/api/v1/hooks/x".to_owned(), format!("/api/v1/hooks/{}", "0".repeat(64))] {
        call(&app, &nothing).await.problem(404);
    }
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn who_waits_hears_how_the_run_ended(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let hook = hook(&app, &ada, plan).await;
    let failed = Ending { reason: Some("It is broken.".to_owned()), ..ending(RunState::Failed) };
    for (ending, status, reason) in [
        (ending(RunState::Passed), 200, json!(null)),
        (failed, 424, json!("It is broken.")),
        (Ending::errored("A worker was lost."), 424, json!("A worker was lost.")),
    ] {
        let mut changes = app.store.changes();
        let waiting = format!("{hook}?wait=60");
        let mut calling = Box::pin(call(&app, &waiting));
        let queued = async {
            loop {
                if let Change::Run { kind: RunChange::Queued, run, .. } = changes.next().await {
                    return run;
                }
            }
        };
        let run = tokio::select! {
            run = queued => run,
            reply = &mut calling => panic!("nobody has run it: {reply:?}"),
        };
        let executor = Executor::claim(&app, run).await;
        assert!(calling.as_mut().now_or_never().is_none(), "it is under way");
        let state = ending.state;
        executor.finish(ending).await;
        let over = calling.await.with(status);
        assert_eq!((&over["run"]["state"], &over["run"]["reason"]), (&json!(state.as_str()), &reason));
    }
}

fn ending(state: RunState) -> Ending {
    Ending { state, reason: None, slow: false, passed: 0, failed: 0, skipped: 0 }
}

#[tokio::test]
async fn nobody_waits_longer_than_they_want_or_than_the_process_lives() {
    let mut app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let hook = hook(&app, &ada, plan).await;
    for wait in [0, 1] {
        let reply = call(&app, &format!("{hook}?wait={wait}")).await.with(202);
        assert_eq!(reply["run"]["state"], "queued");
    }
    for wrong in ["wait=61", "wait=-1", "wait=soon", "weight=1"] {
        call(&app, &format!("{hook}?{wrong}")).await.problem(400);
    }
    let mut changes = app.store.changes();
    let waiting = app.browser().request(Method::POST, &format!("{hook}?wait=60")).send();
    let waiting = tokio::spawn(waiting);
    while !matches!(changes.next().await, Change::Run { kind: RunChange::Queued, .. }) {}
    app.stop().await;
    assert_eq!(waiting.await.unwrap().unwrap().status(), 202);
}

#[tokio::test]
async fn where_too_many_wait_already_the_run_is_started_and_told_as_it_is() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.limits.streams = 0).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let hook = hook(&app, &ada, plan).await;
    call(&app, &format!("{hook}?wait=60")).await.with(202);
}

#[tokio::test]
async fn variables_are_those_of_the_plan() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", WITH_VARIABLES).await;
    let hook = hook(&app, &ada, plan).await;
    let give = async |body: Value| send(&app, &hook, &[], Some(body)).await;
    let started = give(json!({ "variables": { "region": "us" } })).await.with(202);
    let lease = app.store.claims(domain::WorkerId::new(), Duration::from_secs(60)).claim(1).await.unwrap();
    let claimed = lease.runs.into_iter().next().unwrap();
    assert_eq!(claimed.lease.run, run(&started));
    assert_eq!(claimed.variables, [("region".to_owned(), "us".to_owned())].into());

    let refused = give(json!({ "variables": { "regoin": "us", "x": "1" } })).await;
    let messages: Vec<_> = refused.json["errors"].as_array().unwrap().iter().map(|error| &error["message"]).collect();
    assert_eq!(messages[0], "The plan has no variable `regoin`. Did you mean `region`?");
    assert_eq!(messages.len(), 2);
    refused.problem(422);
    give(json!({ "variables": { "region": "x".repeat(16 * 1024) } })).await.problem(422);
    give(json!({ "variables": { "region": 1 } })).await.problem(400);
    give(json!({ "plan": "another" })).await.problem(400);
    let form = app.browser().request(Method::POST, &hook).header("content-type", "text/plain").body("region=us");
    assert_eq!(form.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn what_a_restriction_forbids_is_409_with_the_reason() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let new = store::NewPlan { restriction: domain::Restriction::Itself, ..testkit::factory::plan("Shop") };
    let plan = app.store.create_plan(ada.member.tenant(), ada.member.user_id, new).await.unwrap();
    let hook = hook(&app, &ada, plan).await;
    call(&app, &hook).await.with(202);
    let refused = call(&app, &format!("{hook}?wait=60")).await.problem(409);
    assert!(refused.contains("restriction: self"), "{refused}");
}

#[tokio::test]
async fn a_call_that_is_sent_twice_starts_one_run() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", WITH_VARIABLES).await;
    let hook = hook(&app, &ada, plan).await;
    let other = self::hook(&app, &ada, ada.plan(&app, "Blog", WITH_VARIABLES).await).await;
    let send = async |path: &str, body: Option<Value>| send(&app, path, &[("idempotency-key", "build 7")], body).await;
    let first = run(&send(&hook, None).await.with(202));
    assert_eq!(run(&send(&hook, None).await.with(202)), first);
    assert_ne!(run(&send(&other, None).await.with(202)), first, "another plan, another run");
    send(&hook, Some(json!({ "variables": { "region": "us" } }))).await.problem(422);
    let runs = app.store.runs(ada.member.tenant(), store::RunFilter::default()).await.unwrap().items;
    assert_eq!(runs.len(), 2);
}

#[tokio::test]
async fn a_hook_that_is_called_too_often_says_when_to_come_back() {
    let app = TestApp::start_with(On::Sqlite, &[], |config: &mut Config| {
        config.limits.hook_burst = NonZeroU32::new(2).unwrap();
        config.limits.hook_refill = Duration::from_secs(60);
    })
    .await;
    let ada = app.someone("ada").await;
    let hook = hook(&app, &ada, ada.plan(&app, "Shop", PLAN).await).await;
    let other = self::hook(&app, &ada, ada.plan(&app, "Blog", PLAN).await).await;
    let left = |reply: &Reply| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| reply.header(name).to_owned())
    };
    assert_eq!(left(&call(&app, &hook).await), ["2", "1", "60"]);
    assert_eq!(left(&call(&app, &hook).await), ["2", "0", "120"]);
    let refused = call(&app, &hook).await;
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    refused.problem(429);
    call(&app, &other).await.with(202);
    let runs = app.store.runs(ada.member.tenant(), store::RunFilter::default()).await.unwrap().items;
    assert_eq!(runs.len(), 3, "the one that was refused started nothing");
}

#[tokio::test]
async fn who_guesses_addresses_soon_hears_nothing_any_more() {
    let app = TestApp::start_with(On::Sqlite, &[], |config: &mut Config| {
        config.limits.address_burst = NonZeroU32::new(2).unwrap();
        config.limits.address_refill = Duration::from_secs(60);
    })
    .await;
    let ada = app.someone("ada").await;
    let hook = hook(&app, &ada, ada.plan(&app, "Shop", PLAN).await).await;
    for (guess, status) in [("0", 404), ("1", 404), ("2", 429)] {
        call(&app, &format!("/api/v1/hooks/{}", guess.repeat(64))).await.problem(status);
    }
    call(&app, &hook).await.with(202);
    let form = [("email", "ada@example.com"), ("password", "wrong horse battery")];
    assert_eq!(app.browser().post("/sign-in", &form).await.status, 422, "signing in has a bucket of its own");
}
