//! Runs as an executor leaves them behind, written through the store.

use std::time::Duration;

use domain::{
    Elapsed, PlanId, RunId, RunState, StepReport, StepState, WorkerId,
    report::{Attempt, BodyReport, CaptureReport, ExpectationReport, Phases, RequestReport, ResponseReport},
};
use jiff::Timestamp;
use serde_json::json;
use store::{Ending, Recorder, Repeatable};
use tokio_util::sync::CancellationToken;

use crate::app::{Someone, TestApp};

/// A step that passed.
pub fn passed(path: &str) -> StepReport {
    let body = |text: &str| BodyReport { text: text.to_owned(), size: text.len() as u64, cut: false, binary: false };
    StepReport {
        path: path.to_owned(),
        name: format!("Step {path}"),
        action: "get".into(),
        method: "GET".into(),
        url: format!("https://api.example.com/{path}"),
        state: StepState::Passed,
        started_at: Some(Timestamp::now()),
        duration: Elapsed(42_000),
        status: Some(200),
        slow: false,
        expectations: vec![ExpectationReport {
            kind: "status_code".into(),
            name: None,
            expected: json!("2xx"),
            received: Some(json!(200)),
            passed: true,
            message: None,
        }],
        captures: vec![
            CaptureReport { name: "score".to_owned(), value: json!(92), secret: false },
            CaptureReport { name: "token".to_owned(), value: json!("••••••••"), secret: true },
        ],
        reason: None,
        attempts: vec![Attempt {
            duration: Elapsed(42_000),
            phases: Phases { dns: Elapsed(2_000), wait: Elapsed(40_000), ..Phases::default() },
            error: None,
        }],
        request: Some(RequestReport {
            method: "GET".into(),
            url: format!("https://api.example.com/{path}"),
            headers: [("x-asked", "politely")].into_iter().collect(),
            body: Some(body("question")),
        }),
        response: Some(ResponseReport {
            status: 200,
            version: "HTTP/1.1".into(),
            headers: [("content-type", "application/json")].into_iter().collect(),
            body: body(r#"{"name":"Ada"}"#),
            remote_address: Some(([192, 0, 2, 7], 443).into()),
            redirects: Vec::new(),
        }),
    }
}

/// A step whose expectation did not hold.
pub fn failed(path: &str) -> StepReport {
    let mut report = passed(path);
    report.state = StepState::Failed;
    report.status = Some(502);
    report.reason = Some("`status_code`: expected 2xx, received 502.".to_owned());
    report.expectations[0].received = Some(json!(502));
    report.expectations[0].passed = false;
    report
}

/// Queues a run of the plan.
pub async fn queue(app: &TestApp, someone: &Someone, plan: PlanId) -> RunId {
    let new = store::NewRun { user: Some(someone.member.user_id), ..store::NewRun::of(plan, domain::Cause::Manual) };
    app.store.queue_run(someone.member.tenant(), new).await.expect("a run is queued").id
}

/// An executor that has claimed one run.
pub struct Executor {
    recorder: Recorder,
    run: store::RunRecorder,
}

impl Executor {
    /// Claims the one run that waits.
    pub async fn claim(app: &TestApp, run: RunId) -> Self {
        let claimed =
            app.store.claims(WorkerId::new(), Duration::from_secs(60)).claim(10).await.expect("it claims").runs;
        let lease = claimed.iter().map(|claimed| claimed.lease).find(|lease| lease.run == run).expect("the run waits");
        let recorder = Recorder::start(&app.store);
        Self { run: recorder.run(lease, CancellationToken::new()), recorder }
    }

    pub async fn begin(&self, position: u32) {
        self.run.step_started(position, Timestamp::now(), Repeatable::No).await.expect("the lease holds");
    }

    pub async fn record(&self, position: u32, report: &StepReport) {
        self.run.step_finished(position, report, None).await.expect("the lease holds");
        self.recorder.flush().await;
    }

    pub async fn finish(self, ending: Ending) {
        self.run.finish(ending, ()).await.expect("the lease holds");
        self.recorder.close().await;
    }
}

/// Runs a plan to its end with these results.
pub async fn execute(app: &TestApp, someone: &Someone, plan: PlanId, reports: &[StepReport]) -> RunId {
    let run = queue(app, someone, plan).await;
    let executor = Executor::claim(app, run).await;
    for (position, report) in (0..).zip(reports) {
        executor.record(position, report).await;
    }
    let count = |state| u32::try_from(reports.iter().filter(|report| report.state == state).count()).unwrap();
    let reason = reports.iter().find_map(|report| report.reason.clone());
    let state = if reason.is_some() { RunState::Failed } else { RunState::Passed };
    let slow = reports.iter().any(|report| report.slow);
    let (passed, failed, skipped) = (count(StepState::Passed), count(StepState::Failed), count(StepState::Skipped));
    executor.finish(Ending { state, reason, slow, passed, failed, skipped }).await;
    run
}
