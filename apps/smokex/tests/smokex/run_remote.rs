//! `smokex run --remote`.

use domain::Scope;
use reqwest::Method;
use serde_json::Value;
use testkit::target::{Gate, Reply, Target};

use super::served::Served;

async fn served(target: &Target) -> Served {
    Served::start_with(&[("EGRESS_ALLOW", &target.address().to_string())]).await
}

/// Asks once, and stops there if it does not get what it expects.
fn plan(name: &str, target: &Target) -> String {
    format!(
        "name: {name}\nvariables: {{ who: ada }}\nsteps:\n  - name: Ask\n    get: {{ url: \"{}?who=${{who}}\" }}\n    expect: \
         {{ status_code: 200 }}\n  - name: Ask again\n    get: {{ url: \"{}\" }}\n",
        target.url("/ask"),
        target.url("/ask")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_holds_there_ends_with_0_and_reads_as_if_it_had_run_here() {
    let target = Target::start().await;
    target.on("/ask", Reply::ok());
    let served = served(&target).await;
    served.plan("", &plan("Players", &target)).await;
    let ended = served.smokex(["run", "--remote", "Players", "--var", "who=grace"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("Players\n"), "{}", ended.stdout);
    for text in ["✓ Ask ", "✓ Ask again", "  200  ", "passed: 2 passed in ", &format!("{}/runs/", served.origin)] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
    assert_eq!(target.requests()[0].target, "/ask?who=grace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_fails_there_ends_with_1_in_every_report() {
    let target = Target::start().await;
    target.on("/ask", Reply::ok().status(500));
    let served = served(&target).await;
    let id = served.plan("", &plan("Players", &target)).await;
    let ended = served.smokex(["run", "--remote", &id]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in ["✗ Ask ", "expected 200", "received 500", "– Ask again", "failed: 1 failed, 1 skipped"] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    let ended = served.smokex(["run", "--remote", "Players", "--report", "json"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&report["plan"], &report["state"]), (&"Players".into(), &"failed".into()));
    assert_eq!(report["steps"][0]["expectations"][0]["received"], 500);
    assert_eq!((&report["steps"][1]["state"], &report["steps"][1]["path"]), (&"skipped".into(), &"2".into()));
    assert!(report["page"].as_str().unwrap().starts_with(&format!("{}/runs/", served.origin)), "{report}");
    let ended = served.smokex(["run", "--remote", "Players", "--report", "junit"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let document = roxmltree::Document::parse(&ended.stdout).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!(
        (suite.attribute("tests"), suite.attribute("failures"), suite.attribute("skipped")),
        (Some("2"), Some("1"), Some("1"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_meant_by_their_files_or_all_of_the_folder() {
    let target = Target::start().await;
    target.on("/ask", Reply::ok());
    let served = served(&target).await;
    served.file("one.yml", &plan("One", &target));
    served.file("two.yml", &plan("Two", &target));
    assert_eq!(served.smokex(["push", "--yes"]).await.code, Some(0));
    let ended = served.smokex(["run", "--remote", ".smokex/two.yml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with(".smokex/two.yml  Two\n"), "{}", ended.stdout);
    let ended = served.smokex(["run", "--remote", "--report", "json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let plans: Vec<String> =
        ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["plan"].to_string()).collect();
    assert_eq!(plans, ["\".smokex/one.yml\"", "\".smokex/two.yml\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_one_plan_is_not_there_none_is_run() {
    let target = Target::start().await;
    let served = served(&target).await;
    served.plan("", &plan("Players", &target)).await;
    let ended = served.smokex(["run", "--remote", "Players", "Orders", "0193a1b2-0000-7000-8000-000000000003"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for text in ["no plan called `Orders`", "no plan 0193a1b2"] {
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
    let (token, _) = served.token(Scope::Read).await;
    let ended = served.smokex_with(&token, ["run", "--remote", "Players"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("scope"), "{}", ended.stderr);
    let runs = served.api(Method::GET, "runs", None).await;
    assert_eq!(runs["items"], Value::Array(Vec::new()));
    assert_eq!(target.counts().requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_interrupts_it_is_told_that_the_run_goes_on_and_how_to_stop_it() {
    let (target, gate) = (Target::start().await, Gate::new());
    target.on("/ask", Reply::ok().after(&gate));
    let served = served(&target).await;
    served.plan("", &plan("Players", &target)).await;
    let running = served.starts(["run", "--remote", "Players"]);
    target.received(1).await;
    running.signal("INT");
    let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("The run goes on at the server: "), "{}", ended.stderr);
    gate.open();
    let run = served.api(Method::GET, "runs", None).await["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(ended.stderr.contains(&format!("{}/api/v1/runs/{run}/cancel", served.origin)), "{}", ended.stderr);
    let run = served.api(Method::GET, &format!("runs/{run}?wait=30"), None).await;
    assert_eq!(run["state"], "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_somebody_stops_there_ends_with_3() {
    let (target, gate) = (Target::start().await, Gate::new());
    target.on("/ask", Reply::ok().after(&gate));
    let served = served(&target).await;
    served.plan("", &plan("Players", &target)).await;
    let running = served.starts(["run", "--remote", "Players"]);
    target.received(1).await;
    let run = served.api(Method::GET, "runs", None).await["items"][0]["id"].as_str().unwrap().to_owned();
    served.api(Method::POST, &format!("runs/{run}/cancel"), None).await;
    gate.open();
    let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("cancelled: "), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("{}/runs/{run}", served.origin)), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_server_refuses_ends_with_3_and_its_reason() {
    let (target, gate) = (Target::start().await, Gate::new());
    target.on("/ask", Reply::ok().after(&gate));
    let served = served(&target).await;
    served.plan("", &format!("restriction: self\n{}", plan("Players", &target))).await;
    let _first = served.starts(["run", "--remote", "Players"]);
    target.received(1).await;
    for report in ["text", "json", "junit"] {
        let ended = served.smokex(["run", "--remote", "Players", "--report", report]).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stdout.contains("Run 1 of this plan has not finished"), "{}", ended.stdout);
    }
    assert_eq!(target.counts().requests, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_the_plan_does_not_have_is_told_and_nothing_is_run() {
    let target = Target::start().await;
    let served = served(&target).await;
    served.plan("", &plan("Players", &target)).await;
    let ended = served.smokex(["run", "--remote", "Players", "--var", "nobody=ada"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("nobody"), "{}", ended.stderr);
    assert_eq!(served.api(Method::GET, "runs", None).await["items"], Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_run_here_can_have_is_refused() {
    let served = Served::start().await;
    served.here.file("secrets.env", "A=b\n");
    for arguments in [&["--env-file", "secrets.env"][..], &["--allow", "10.0.0.0/8"]] {
        let ended = served.smokex([&["run", "--remote", "a"], arguments].concat()).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("cannot be used with"), "{}", ended.stderr);
    }
}
