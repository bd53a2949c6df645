//! The order of steps, what a failure does, `finally`, and ends from outside.

use std::time::{Duration, Instant};

use domain::{Elapsed, RunState, StepReport, StepState};
use egress::{Egress, Policy};
use engine::{Abandoned, Observer, StepFinished, StepStarted, execute};
use jiff::Timestamp;
use testkit::target::{Act, Gate, Reply, Target};

use crate::rig::{GiveUp, Rig};

async fn target() -> Target {
    let target = Target::start().await;
    target.on("/ok", Reply::ok()).on("/bad", Reply::ok().status(500));
    target.on("/held", vec![Act::Hold]);
    target
}

#[tokio::test]
async fn steps_run_in_order_and_all_is_reported() {
    let target = target().await;
    let ran = Rig::new(&target)
        .run("steps:\n- {name: One, get: {url: \"${base}/ok\"}}\n- post: {url: \"${base}/ok?x=1\"}\nfinally:\n- delete: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 passed, 2 passed, finally.1 passed");
    let outcome = ran.outcome();
    assert_eq!((outcome.state, &outcome.reason), (RunState::Passed, &None));
    assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (3, 0, 0));
    let told: Vec<_> = ran.started.iter().map(|s| (s.position, s.path.as_str(), s.method, s.idempotent)).collect();
    assert_eq!(told, [(0, "1", "GET", true), (1, "2", "POST", false), (2, "finally.1", "DELETE", true)]);
    assert_eq!(ran.started[0].name, "One");
    assert_eq!(ran.started[1].name, format!("POST {}", target.url("/ok?x=1")));
    assert_eq!(ran.started[1].action, "post");
    let report = ran.report("1");
    assert_eq!(report.status, Some(200));
    assert_eq!(report.attempts.len(), 1);
    assert!(report.duration >= report.attempts[0].duration);
    assert!(report.request.as_ref().unwrap().headers.iter().any(|(name, _)| name == "user-agent"));
    assert_eq!(report.response.as_ref().unwrap().remote_address, Some(target.address()));
}

#[tokio::test]
async fn a_failed_step_ends_the_run_but_not_its_finally() {
    let target = target().await;
    let ran = Rig::new(&target)
        .run("steps:\n- {name: Breaks, get: {url: \"${base}/bad\"}}\n- {name: \"After ${base}\", get: {url: \"${base}/ok\"}}\nfinally:\n- get: {url: \"${base}/bad\"}\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 failed, 2 skipped, finally.1 failed, finally.2 passed");
    assert_eq!(ran.reason(), "Breaks answered 500 where 2xx was expected.");
    let outcome = ran.outcome();
    assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (1, 2, 1));
    let skipped = ran.report("2");
    assert_eq!((skipped.name.as_str(), skipped.url.as_str()), ("After ${base}", "${base}/ok"));
    assert_eq!((skipped.started_at, skipped.attempts.len()), (None, 0));
    // What is skipped is not announced.
    assert_eq!(ran.started.len(), 3);
}

#[tokio::test]
async fn on_failure_continue_goes_on_and_the_run_is_failed_all_the_same() {
    let target = target().await;
    let ran = Rig::new(&target)
        .run("on_failure: continue\nsteps:\n- {name: A, get: {url: \"${base}/bad\"}}\n- get: {url: \"${base}/ok\"}\n- {name: B, on_failure: stop, get: {url: \"${base}/bad\"}}\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 failed, 2 passed, 3 failed, 4 skipped");
    assert_eq!(ran.outcome().state, RunState::Failed);
    assert_eq!(ran.reason(), "A answered 500 where 2xx was expected.");
}

#[tokio::test]
async fn a_failure_in_finally_fails_the_run() {
    let target = target().await;
    let ran = Rig::new(&target)
        .run("steps:\n- get: {url: \"${base}/ok\"}\nfinally:\n- {name: Clean, on_failure: stop, delete: {url: \"${base}/bad\"}}\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 passed, finally.1 failed, finally.2 skipped");
    assert_eq!(ran.reason(), "Clean answered 500 where 2xx was expected.");
}

#[tokio::test]
async fn a_request_that_cannot_be_made_fails_its_step_and_sends_nothing() {
    let target = target().await;
    let ran = Rig::new(&target)
        .with("object", serde_json::json!({"a": 1}))
        .run("- {name: Odd, get: {url: \"${base}/${object.b}\"}}\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 failed, 2 skipped");
    assert_eq!(ran.reason(), "Odd: The URL cannot be made: `object` has no field `b`; it has `a`.");
    assert_eq!(ran.report("1").url, "${base}/${object.b}");
    assert_eq!(target.counts().requests, 0);
}

#[tokio::test]
async fn cancelling_reaches_a_request_in_flight_at_once() {
    let target = target().await;
    let rig = Rig::new(&target);
    let cancel = rig.cancel.clone();
    let begun = Instant::now();
    let plan = "steps:\n- {name: Waits, get: {url: \"${base}/held\", options: {timeout: 50s}}}\n- get: {url: \"${base}/ok\"}\nfinally:\n- get: {url: \"${base}/ok\"}\n";
    let (ran, ()) = tokio::join!(rig.run(plan), async {
        target.received(1).await;
        cancel.cancel();
    });
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.states(), "1 errored, 2 skipped, finally.1 passed");
    assert_eq!(ran.outcome().state, RunState::Cancelled);
    assert_eq!(ran.reason(), "The run was cancelled during Waits.");
    assert_eq!(ran.step_reason("1"), format!("The run was cancelled while GET {} was in flight.", target.url("/held")));
}

#[tokio::test]
async fn a_run_cancelled_before_it_began_sends_nothing_but_its_finally() {
    let target = target().await;
    let rig = Rig::new(&target);
    rig.cancel.cancel();
    let ran = rig.run("steps:\n- get: {url: \"${base}/ok\"}\nfinally:\n- delete: {url: \"${base}/ok\"}\n").await;
    assert_eq!(ran.states(), "1 skipped, finally.1 passed");
    assert_eq!((ran.outcome().state, ran.reason()), (RunState::Cancelled, "The run was cancelled."));
    assert_eq!(target.requests()[0].method, "DELETE");
}

#[tokio::test]
async fn a_run_over_its_deadline_is_errored_with_its_reason() {
    let target = target().await;
    let mut rig = Rig::new(&target);
    rig.deadline = Duration::from_millis(150);
    let ran = rig
        .run("steps:\n- {name: Waits, get: {url: \"${base}/held\", options: {timeout: 50s, retries: 9}}}\n- get: {url: \"${base}/ok\"}\nfinally:\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 errored, 2 skipped, finally.1 passed");
    assert_eq!(ran.outcome().state, RunState::Errored);
    assert_eq!(ran.reason(), "The run was stopped during Waits: it may take no longer than 150 ms.");
    let report = ran.report("1");
    assert_eq!(
        report.reason.as_deref().unwrap(),
        format!("The run's time was up while GET {} was in flight.", report.url)
    );
    assert!(report.request.is_some());
}

#[tokio::test]
async fn cancelling_also_ends_the_pause_between_attempts() {
    let rig = Rig::anywhere();
    let cancel = rig.cancel.clone();
    let begun = Instant::now();
    let plan = "- get: {url: \"http://127.0.0.1:9/\", options: {timeout: 50s, retries: 1000}}";
    let (ran, ()) = tokio::join!(rig.run(plan), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    assert_eq!(ran.outcome().state, RunState::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(ran.report("1").attempts.len() > 1);
}

#[tokio::test]
async fn an_observer_that_gives_up_ends_everything_at_once() {
    let target = target().await;
    let mut rig = Rig::new(&target);
    let plan =
        "steps:\n- get: {url: \"${base}/ok\"}\n- post: {url: \"${base}/ok\"}\nfinally:\n- get: {url: \"${base}/ok\"}\n";
    rig.give_up = Some(GiveUp::Started(1));
    let ran = rig.run(plan).await;
    assert!(ran.outcome.is_err());
    assert_eq!((ran.states().as_str(), target.counts().requests), ("1 passed", 1));
    rig.give_up = Some(GiveUp::Finished(0));
    let ran = rig.run(plan).await;
    assert!(ran.outcome.is_err());
    assert_eq!((ran.states().as_str(), target.counts().requests), ("1 passed", 2));
}

/// Takes its time to hear of a step, then notes when it was done with that.
#[derive(Default)]
struct Slow {
    heard: Option<(Timestamp, Instant)>,
    finished: Vec<(StepReport, Duration)>,
}

impl Observer for Slow {
    async fn step_started(&mut self, _: StepStarted) -> Result<(), Abandoned> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.heard = Some((Timestamp::now(), Instant::now()));
        Ok(())
    }

    async fn step_finished(&mut self, step: StepFinished) -> Result<(), Abandoned> {
        let (_, heard) = self.heard.expect("the step was started");
        self.finished.push((step.report, heard.elapsed()));
        Ok(())
    }
}

#[tokio::test]
async fn a_step_does_not_take_longer_because_its_beginning_is_recorded() {
    let target = target().await;
    let mut slow = Slow::default();
    let input = Rig::new(&target).input("- post: {url: \"${base}/ok\"}");
    execute(input, &Egress::new(Policy::any()), &mut slow).await.unwrap();
    let (report, since_heard) = &slow.finished[0];
    assert_eq!(report.state, StepState::Passed);
    assert!(report.started_at.unwrap() >= slow.heard.unwrap().0);
    assert!(report.duration <= Elapsed::from(*since_heard));
}

#[tokio::test]
async fn plan_variables_are_made_in_order_and_captures_shadow_them() {
    let target = Target::start().await;
    target.on("/eu/1", Reply::json(r#"{"region": "us"}"#)).on("/us/1", Reply::ok());
    let ran = Rig::new(&target)
        .with("region", "nowhere")
        .run("variables: {region: eu, path: \"${region}/1\"}\nsteps:\n- get: {url: \"${base}/${path}\", save_from_response: {region: $.region}}\n- get: {url: \"${base}/${region}/1\"}\n")
        .await;
    assert!(ran.all_passed(), "{}", ran.reason());
}

#[tokio::test]
async fn a_plan_variable_without_a_value_errors_the_run() {
    let target = target().await;
    let ran = Rig::new(&target)
        .with("o", serde_json::json!({}))
        .run("variables: {v: \"${o.x}\"}\nsteps:\n- get: {url: \"${base}/ok\"}\nfinally:\n- get: {url: \"${base}/ok\"}\n")
        .await;
    assert_eq!(ran.states(), "1 skipped, finally.1 skipped");
    assert_eq!(ran.outcome().state, RunState::Errored);
    assert_eq!(ran.reason(), "The variable `v` of the plan has no value: `o` has no field `x`: it is empty.");
}

#[tokio::test]
async fn defaults_reach_every_request() {
    let target = target().await;
    let ran = Rig::new(&target)
        .run("defaults: {headers: {x-a: d, x-b: d}, auth: {bearer: tok-en-1}}\nsteps:\n- get: {url: \"${base}/ok\", headers: {X-B: own}}\n")
        .await;
    assert!(ran.all_passed());
    let request = &target.requests()[0];
    assert_eq!(request.header("x-a"), Some("d"));
    assert_eq!(request.header("x-b"), Some("own"));
    assert_eq!(request.header("authorization"), Some("Bearer tok-en-1"));
}

#[tokio::test]
async fn runs_do_not_wait_for_each_other() {
    let target = target().await;
    let gate = Gate::new();
    target.on("/gated", Reply::ok().after(&gate));
    let rig = Rig::new(&target);
    let (slow, fast) = tokio::join!(rig.run("- get: {url: \"${base}/gated\"}"), async {
        let fast = rig.run("- get: {url: \"${base}/ok\"}").await;
        gate.open();
        fast
    });
    assert!(slow.all_passed() && fast.all_passed());
    assert_eq!(fast.report("1").state, StepState::Passed);
}
