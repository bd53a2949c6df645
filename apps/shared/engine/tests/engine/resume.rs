//! Going on after the worker was lost.

use domain::{Elapsed, RunState, StepState};
use engine::{Progress, Variable};
use serde_json::json;
use testkit::target::{Gate, Reply, Target};

use crate::rig::{GiveUp, Ran, Rig};

const PLAN: &str = r#"
variables: { key: "${uuid()}" }
steps:
  - post: { url: "${base}/login", save_from_response: { token: $.token } }
  - get: { url: "${base}/me?key=${key}", headers: { x-token: "${token}" } }
  - post: { url: "${base}/orders?key=${key}", headers: { x-token: "${token}" } }
finally:
  - delete: { url: "${base}/orders" }
"#;

async fn target() -> Target {
    let target = Target::start().await;
    target.on("/login", Reply::json(r#"{"token": "t-1"}"#).header("set-cookie", "sid=1"));
    target.on("/me", Reply::ok()).on("/orders", Reply::ok());
    target
}

/// Runs until the observer gives up, then goes on from what it had recorded.
async fn resumed(target: &Target, give_up: GiveUp, in_flight: Option<u32>) -> (Ran, Ran) {
    let mut rig = Rig::new(target);
    rig.give_up = Some(give_up);
    let first = rig.run(PLAN).await;
    rig.give_up = None;
    rig.progress = Progress { finished: first.recorded(), in_flight, ..Progress::default() };
    let second = rig.run(PLAN).await;
    (first, second)
}

#[tokio::test]
async fn finished_steps_are_not_repeated_and_what_they_left_is_there() {
    let target = target().await;
    let (_, second) = resumed(&target, GiveUp::Finished(1), None).await;
    assert_eq!(second.states(), "3 passed, finally.1 passed");
    assert_eq!(second.outcome().state, RunState::Passed);
    assert_eq!(second.outcome().passed, 4);
    let requests = target.requests();
    assert_eq!(requests.len(), 4);
    let order = &requests[2];
    assert_eq!(order.header("x-token"), Some("t-1"));
    assert_eq!(order.header("cookie"), Some("sid=1"));
    // The plan's variables keep their values, also those that no two runs share.
    assert_eq!(order.target.split_once('?').unwrap().1, requests[1].target.split_once('?').unwrap().1);
}

#[tokio::test]
async fn an_idempotent_step_in_flight_is_repeated() {
    let target = target().await;
    let (_, second) = resumed(&target, GiveUp::Started(1), Some(1)).await;
    assert_eq!(second.states(), "2 passed, 3 passed, finally.1 passed");
    assert_eq!(second.outcome().state, RunState::Passed);
}

#[tokio::test]
async fn a_step_in_flight_that_must_not_be_sent_twice_errors_the_run() {
    let target = target().await;
    let (_, second) = resumed(&target, GiveUp::Started(2), Some(2)).await;
    assert_eq!(second.states(), "3 errored, finally.1 passed");
    let outcome = second.outcome();
    assert_eq!(outcome.state, RunState::Errored);
    let key = second.report("3").url.clone();
    assert_eq!(second.reason(), format!("The worker was lost while POST {key} was in flight."));
    assert!(key.starts_with(&target.url("/orders?key=")));
    let methods: Vec<_> = target.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["POST", "GET", "DELETE"], "the order was not sent again");
}

#[tokio::test]
async fn a_failure_that_was_recorded_still_counts() {
    let target = target().await;
    let plan = "steps:\n- {name: Bad, get: {url: \"${base}/none\"}}\n- get: {url: \"${base}/me\"}\nfinally:\n- get: {url: \"${base}/me\"}\n";
    let mut rig = Rig::new(&target);
    rig.give_up = Some(GiveUp::Finished(0));
    let first = rig.run(plan).await;
    rig.give_up = None;
    rig.progress = Progress { finished: first.recorded(), in_flight: None, ..Progress::default() };
    let second = rig.run(plan).await;
    assert_eq!(second.states(), "2 skipped, finally.1 passed");
    assert_eq!(second.reason(), "Bad answered 404 where 2xx was expected.");
    assert_eq!(second.outcome().state, RunState::Failed);
    rig.progress = Progress {
        finished: second.recorded().into_iter().chain(first.recorded()).collect(),
        in_flight: None,
        ..Progress::default()
    };
    let third = rig.run(plan).await;
    assert_eq!(third.states(), "");
    assert_eq!(third.outcome(), second.outcome());
}

#[tokio::test]
async fn an_errored_step_that_was_recorded_still_errors_the_run() {
    let target = target().await;
    let (_, second) = resumed(&target, GiveUp::Started(2), Some(2)).await;
    let mut rig = Rig::new(&target);
    let mut finished = resumed(&target, GiveUp::Finished(1), None).await.0.recorded();
    finished.push(second.recorded().remove(0));
    rig.progress = Progress { finished, in_flight: None, ..Progress::default() };
    let third = rig.run(PLAN).await;
    assert_eq!(third.states(), "finally.1 passed");
    assert_eq!((third.outcome().state, third.reason()), (RunState::Errored, second.reason()));
}

#[tokio::test]
async fn captured_secrets_stay_masked_after_a_resume() {
    let target = target().await;
    target.on("/me", Reply::text("you are t-1-secret"));
    let mut rig = Rig::new(&target);
    rig.progress.finished = vec![engine::FinishedStep {
        position: 0,
        state: StepState::Passed,
        progress: engine::StepProgress {
            captures: vec![Variable { name: "token".to_owned(), value: json!("t-1-secret"), secret: true }],
            ..Default::default()
        },
    }];
    let ran = rig.run(PLAN).await;
    assert_eq!(target.requests()[0].header("x-token"), Some("t-1-secret"));
    assert!(!ran.shown().contains("t-1-secret"), "{}", ran.shown());
    assert_eq!(ran.report("2").response.as_ref().unwrap().body.text, "you are •••");
}

#[tokio::test]
async fn a_cancelled_run_that_is_resumed_is_still_cancelled() {
    let target = target().await;
    let mut rig = Rig::new(&target);
    rig.give_up = Some(GiveUp::Finished(0));
    let first = rig.run(PLAN).await;
    rig.give_up = None;
    rig.progress = Progress { finished: first.recorded(), in_flight: Some(1), ..Progress::default() };
    rig.cancel.cancel();
    let second = rig.run(PLAN).await;
    assert_eq!(second.states(), "2 skipped, 3 skipped, finally.1 passed");
    assert_eq!((second.outcome().state, second.reason()), (RunState::Cancelled, "The run was cancelled."));
}

#[tokio::test]
async fn the_time_of_a_run_goes_on_while_nobody_executes_it() {
    let target = target().await;
    target.on("/held", Reply::ok().after(&Gate::new())).on("/ok", Reply::ok());
    let mut rig = Rig::new(&target);
    rig.progress.elapsed = rig.deadline;
    let ran = rig
        .run(
            "steps:\n- get: {url: \"${base}/held\", options: {timeout: 50s}}\nfinally:\n- get: {url: \"${base}/ok\"}\n",
        )
        .await;
    assert_eq!(ran.outcome().state, RunState::Errored);
    let most = format!("it may take no longer than {}.", Elapsed::from(rig.deadline));
    assert!(ran.reason().ends_with(&most), "{}", ran.reason());
    assert_eq!(ran.report("finally.1").state, StepState::Passed);
}
