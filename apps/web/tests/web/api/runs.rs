//! Runs: started with or without variables, waited for, read step by step, stopped, started once more.

use std::time::Duration;

use domain::{Role, RunId, RunState, Scope, Tiers};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use store::{Change, Ending, RunChange};
use tokio::time::timeout;

use crate::{
    app::{On, PLAN, TestApp},
    executed::{Executor, execute, failed, passed},
    program::Program,
};

const WITH_VARIABLES: &str =
    "variables: { port: 80, host: a.example }\nsteps:\n- get: { url: \"http://${host}:${port}/\" }\n";

fn id(run: &Value) -> RunId {
    run["id"].as_str().unwrap().parse().unwrap()
}

/// Starts a run with `{}` for its body.
async fn start(program: &Program, plan: impl std::fmt::Display) -> Value {
    program.post(&format!("/plans/{plan}/runs"), &json!({})).await.with(201)
}

/// Executes a run to its end.
async fn finish(app: &TestApp, run: RunId) {
    let executor = Executor::claim(app, run).await;
    executor.record(0, &passed("1")).await;
    executor.record(1, &failed("2")).await;
    let reason = Some("Step 2 failed.".to_owned());
    let state = RunState::Failed;
    executor.finish(Ending { state, reason, slow: false, passed: 1, failed: 1, skipped: 0 }).await;
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_run_is_started_and_read_step_by_step(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Run).await;
    // Nothing is needed in the body, not even JSON.
    let reply = program.send(Method::POST, &format!("/plans/{plan}/runs"), &[], None).await;
    let address = reply.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let run = reply.with(201);
    assert_eq!(address, format!("/runs/{}", id(&run)));
    assert_eq!(run["plan"], json!({ "id": plan, "name": "Shop" }));
    assert_eq!(
        (&run["state"], &run["cause"], &run["user"]),
        (&json!("queued"), &json!("api"), &json!("ada@example.com"))
    );
    assert_eq!((&run["number"], &run["duration_us"], &run["cancelling"]), (&json!(1), &json!(null), &json!(false)));
    assert!(run.get("step_list").is_none(), "{run}");

    let waits = program.get(&address).await.with(200);
    let steps = waits["step_list"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(
        (&steps[1]["name"], &steps[1]["state"], &steps[1]["report"]),
        (&json!("Second"), &json!("pending"), &json!(null))
    );

    finish(&app, id(&run)).await;
    let over = program.get(&address).await.with(200);
    assert_eq!((&over["state"], &over["reason"]), (&json!("failed"), &json!("Step 2 failed.")));
    assert_eq!(over["steps"], json!({ "total": 2, "passed": 1, "failed": 1, "skipped": 0 }));
    assert!(over["duration_us"].is_u64() && over["finished_at"].as_str().unwrap().ends_with('Z'), "{over}");
    let step = &over["step_list"][0];
    assert_eq!(
        (&step["position"], &step["state"], &step["duration_us"]),
        (&json!(0), &json!("passed"), &json!(42_000))
    );
    assert_eq!(step["report"]["response"]["body"]["text"], r#"{"name":"Ada"}"#);
    assert_eq!(step["report"]["captures"][1], json!({ "name": "token", "value": "••••••••", "secret": true }));
    assert_eq!(&program.get(&format!("{address}/steps/0")).await.with(200), step);
    for position in ["2", "4294967295", "x"] {
        program.get(&format!("{address}/steps/{position}")).await.problem(404);
    }
}

#[tokio::test]
async fn runs_are_listed_by_plan_state_cause_and_time() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (one, two) = (ada.plan(&app, "Checkout", PLAN).await, ada.plan(&app, "Search", PLAN).await);
    let program = app.program(&ada, Scope::Run).await;
    let bad = execute(&app, &ada, one, &[failed("1")]).await.to_string();
    let good = execute(&app, &ada, two, &[passed("1")]).await.to_string();
    let open = id(&start(&program, two).await).to_string();
    let listed = async |query: String| -> Vec<String> {
        let list = program.get(&format!("/runs?{query}")).await.with(200);
        list["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(String::new()).await, [&*open, &*good, &*bad]);
    assert_eq!(listed("state=failed,queued,failed".to_owned()).await, [&*open, &*bad]);
    assert_eq!(listed("cause=api".to_owned()).await, [&*open]);
    assert_eq!(listed("search=CHECK&cause=manual".to_owned()).await, [&*bad]);
    assert_eq!(listed(format!("plan={two}&state=passed")).await, [&*good]);
    assert_eq!(listed("since=2026-01-01T00:00:00Z&until=2999-01-01T00:00:00Z".to_owned()).await.len(), 3);
    assert_eq!(listed("until=2020-01-01T00:00:00Z".to_owned()).await, Vec::<String>::new());
    for query in [String::new(), format!("plan={two}&")] {
        let first = program.get(&format!("/runs?{query}limit=1")).await.with(200);
        let next = first["next"].as_str().unwrap();
        assert_eq!(listed(format!("{query}limit=1&after={next}")).await, [&*good]);
    }
    let hers = eve.plan(&app, "Hers", PLAN).await;
    program.get(&format!("/runs?plan={hers}")).await.problem(404);
    for query in ["state=over", "cause=me", "since=today", "plan=x", "status=failed"] {
        program.get(&format!("/runs?{query}")).await.problem(400);
    }
}

#[tokio::test]
async fn variables_are_for_this_run_and_for_those_that_repeat_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", WITH_VARIABLES).await;
    let program = app.program(&ada, Scope::Write).await;
    let path = format!("/plans/{plan}/runs");
    let refused = program.post(&path, &json!({ "variables": { "prot": "8080", "other": "1", "host": "b" } })).await;
    let errors = json!([
        { "field": "variables", "message": "The plan has no variable `other`. It has `port`, `host`." },
        { "field": "variables", "message": "The plan has no variable `prot`. Did you mean `port`?" },
    ]);
    assert_eq!(refused.json["errors"], errors);
    refused.problem(422);
    program.post(&path, &json!({ "variables": { "port": 8080 } })).await.problem(400);

    let given = json!({ "port": "8080", "host": "b.example" });
    let run = program.post(&path, &json!({ "variables": given })).await.with(201);
    let variables = async |run: RunId| json!(app.store.run_variables(ada.member.tenant(), run).await.unwrap().unwrap());
    assert_eq!(variables(id(&run)).await, given);
    assert_eq!(variables(id(&start(&program, plan).await)).await, json!({}));
    let rerun = program.post(&format!("/runs/{}/rerun", id(&run)), &json!({})).await.with(201);
    assert_eq!((&rerun["cause"], &rerun["number"]), (&json!("api"), &json!(3)));
    assert_eq!(variables(id(&rerun)).await, given);
    let on_page = ada.browser.post(&format!("/runs/{}/again", id(&run)), &[]).await.location().to_owned();
    assert_eq!(variables(on_page.strip_prefix("/runs/").unwrap().parse().unwrap()).await, given);

    let text = WITH_VARIABLES.replace("port: 80, ", "").replace(":${port}", "");
    program.put(&format!("/plans/{plan}"), &json!({ "name": "Shop", "text": text, "version": 1 })).await.with(200);
    let rerun = program.post(&format!("/runs/{}/rerun", id(&run)), &json!({})).await.with(201);
    assert_eq!(rerun["version"], 2);
    assert_eq!(variables(id(&rerun)).await, json!({ "host": "b.example" }), "what the plan has no more is left out");
}

#[tokio::test]
async fn a_run_that_a_limit_forbids_is_made_and_says_why() {
    let mut tiers = Tiers { in_force: None, ..Tiers::default() };
    tiers.free.runs_a_day = Some(1);
    let app = TestApp::start_limited(On::Sqlite, tiers).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Run).await;
    assert_eq!(start(&program, plan).await["state"], "queued");
    let refused = program.post(&format!("/plans/{plan}/runs?wait=60"), &json!({})).await.with(201);
    assert_eq!(refused["state"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains("of today"), "{refused}");
}

#[tokio::test]
async fn a_request_that_is_sent_twice_starts_one_run() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", WITH_VARIABLES).await;
    let program = app.program(&ada, Scope::Run).await;
    let send = async |key: &str, path: &str, body: Option<Value>| {
        program.send(Method::POST, path, &[("idempotency-key", key)], body.as_ref()).await
    };
    let path = format!("/plans/{plan}/runs");
    let first = send("a", &path, None).await.with(201);
    assert_eq!(send("a", &path, Some(json!({}))).await.with(201)["id"], first["id"], "no body says the same as `{{}}`");
    assert_ne!(send("b", &path, None).await.with(201)["id"], first["id"]);
    send("a", &path, Some(json!({ "variables": { "port": "1" } }))).await.problem(422);
    let again = format!("/runs/{}/rerun", id(&first));
    let rerun = send("c", &again, None).await.with(201);
    assert_eq!(send("c", &again, None).await.with(201)["id"], rerun["id"]);
    send("a", &again, None).await.problem(422);
    assert_eq!(program.get("/runs").await.with(200)["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_run_is_cancelled_wherever_it_stands() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Run).await;
    let cancel = async |run: &Value| program.post(&format!("/runs/{}/cancel", id(run)), &json!({})).await.with(202);
    let waits = start(&program, plan).await;
    assert_eq!(cancel(&waits).await["state"], "cancelled");
    assert_eq!(cancel(&waits).await["state"], "cancelled", "what is over stays as it is");
    let goes = start(&program, plan).await;
    let executor = Executor::claim(&app, id(&goes)).await;
    let stops = cancel(&goes).await;
    assert_eq!((&stops["state"], &stops["cancelling"]), (&json!("running"), &json!(true)));
    executor.finish(Ending::errored("over")).await;
}

#[tokio::test]
async fn a_token_runs_and_stops_only_those_plans_that_its_maker_may() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let (ben, eva) = (app.colleague(&ada, Role::Admin).await, app.colleague(&ada, Role::Operator).await);
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let (theirs, of_ben) = (app.program(&ada, Scope::Run).await, app.program(&ben, Scope::Run).await);
    app.store.change_role(ada.member.tenant(), ben.member.user_id, Role::Operator).await.unwrap();
    let name = async |operators| app.store.name_plan_operators(ada.member.tenant(), plan, operators).await.unwrap();
    name(vec![eva.member.user_id]).await;
    let run = start(&theirs, plan).await;
    for path in ["cancel", "rerun"].map(|deed| format!("/runs/{}/{deed}", id(&run))) {
        let refused = of_ben.post(&path, &json!({})).await;
        assert!(refused.problem(403).contains("operators who are named for it"), "{path}");
    }
    of_ben.post(&format!("/plans/{plan}/runs"), &json!({})).await.problem(403);
    assert_eq!(of_ben.get(&format!("/runs/{}", id(&run))).await.status, 200, "everybody may look");
    name(vec![ben.member.user_id]).await;
    start(&of_ben, plan).await;
}

/// The next run of the organization that waits to be claimed.
async fn queued(changes: &mut store::Changes) -> RunId {
    loop {
        if let Change::Run { kind: RunChange::Queued, run, .. } = changes.next().await {
            return run;
        }
    }
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn who_waits_is_answered_with_the_end(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Run).await;
    let mut changes = app.store.changes();
    let (path, nothing) = (format!("/plans/{plan}/runs?wait=60"), json!({}));
    let go = async {
        let run = queued(&mut changes).await;
        // It is being waited for by now, or is over when the waiting begins: the answer is the same.
        let read = format!("/runs/{run}?wait=60");
        tokio::join!(finish(&app, run), program.get(&read)).1.with(200)
    };
    let both = async { tokio::join!(program.post(&path, &nothing), go) };
    let (started, read) = timeout(Duration::from_secs(40), both).await.expect("nobody waits for a minute");
    assert_eq!(started.with(201)["state"], "failed");
    assert_eq!((&read["state"], &read["step_list"][0]["state"]), (&json!("failed"), &json!("passed")));
}

#[tokio::test]
async fn who_waits_does_so_within_limits() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.limits.streams = 1).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Run).await;
    let run = start(&program, plan).await;
    let wait = async |seconds: &str| program.get(&format!("/runs/{}?wait={seconds}", id(&run))).await;
    assert_eq!(wait("1").await.with(200)["state"], "queued", "the time is up");
    for seconds in ["61", "-1", "x", "99999999999999999999"] {
        wait(seconds).await.problem(400);
    }
    // The one stream that may be open is: nobody waits.
    let _stream = program.request(Method::GET, "/events").send().await.unwrap();
    let at_once = timeout(Duration::from_secs(30), wait("60")).await.expect("nobody waits for a minute");
    assert_eq!(at_once.with(200)["state"], "queued");
    assert_eq!(program.post(&format!("/plans/{plan}/runs?wait=60"), &json!({})).await.with(201)["state"], "queued");
}
