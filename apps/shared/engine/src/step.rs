//! One step: its request made, sent, and the response held against what the step expects.

use domain::{
    StepReport, StepState,
    report::{Attempt, CaptureReport, RequestReport},
};
use egress::{Egress, Jar, Response};
use http::header::SET_COOKIE;
use jiff::Timestamp;
use plan::{
    model::{Action, Defaults, Request, Step},
    template::Scope,
};
use serde_json::Value;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    time::Instant,
};

use crate::{
    MASK, StepStarted, Variable,
    body::Body,
    capture,
    expectation::{self, Evidence},
    json,
    mask::Masker,
    reason, report,
    request::{self, Prepared},
    send::{self, Limits, Sent},
};

/// Larger bodies are judged where waiting does not hold up other runs.
const HEAVY: usize = 256 * 1024;

/// How many bytes of a step's name are kept: variables can make it as long as they like.
const LONGEST_NAME: usize = 500;

/// Where a step stands in its plan.
#[derive(Clone, Debug)]
pub struct Place {
    /// Counts the steps and then the `finally` steps, from zero.
    pub position: u32,
    /// `1`, `finally.1`.
    pub path: String,
}

/// A step whose request is made, or could not be made.
pub struct Begun<'p> {
    request: &'p Request,
    place: Place,
    name: String,
    /// Masked.
    url: String,
    prepared: Result<Prepared, String>,
}

/// A step that has ended.
pub struct Ended {
    pub report: StepReport,
    pub captures: Vec<Variable>,
    /// Whether the jar may hold other cookies than before.
    pub cookies: bool,
    /// Whether the whole run ends here.
    pub interruption: Option<Interruption>,
}

/// What ends a run from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    Cancelled,
    Overdue,
}

impl<'p> Begun<'p> {
    /// Makes the request.
    pub fn new(step: &'p Step, place: Place, defaults: &Defaults, scope: &Scope, masker: &mut Masker) -> Self {
        let Action::Request(request) = &step.action;
        let prepared = request::prepare(request, defaults, scope, masker);
        let prepared = prepared.map_err(|error| masker.owned(error.to_string()));
        let url = match &prepared {
            Ok(prepared) => report::url(&prepared.url, masker),
            Err(_) => masker.text(request.url.as_written()).into_owned(),
        };
        let name = match &step.name {
            // A name that cannot be made is no reason to fail.
            Some(name) => {
                let name = name.text(scope).unwrap_or_else(|_| name.as_written().to_owned());
                masker.cut(&name, LONGEST_NAME).0.into_owned()
            }
            None => format!("{} {url}", request.method.as_str()),
        };
        Self { request, place, name, url, prepared }
    }

    /// What the observer hears before anything goes out.
    pub fn started(&self) -> StepStarted {
        StepStarted {
            position: self.place.position,
            path: self.place.path.clone(),
            name: self.name.clone(),
            action: self.request.method.key(),
            method: self.request.method.as_str(),
            url: self.url.clone(),
            idempotent: self.request.method.is_idempotent(),
            started_at: Timestamp::now(),
        }
    }

    /// Sends the request and judges what comes back. The step's time begins here: how long the
    /// observer took to hear of it is not the target's doing.
    pub async fn execute(
        self,
        egress: &Egress,
        jar: &Jar,
        limits: &Limits<'_>,
        scope: &Scope,
        masker: &mut Masker,
    ) -> Ended {
        let (started_at, begun) = (Timestamp::now(), Instant::now());
        let Self { request, place, name, url, prepared } = self;
        let mut report = blank(request, place, name, url);
        report.started_at = Some(started_at);
        let mut ended = match prepared {
            Err(problem) => {
                report.state = StepState::Failed;
                report.reason = Some(problem);
                Ended { report, captures: Vec::new(), cookies: false, interruption: None }
            }
            Ok(prepared) => {
                let (sent, attempts) = send::send(prepared, egress, jar, limits, masker).await;
                report.attempts = attempts;
                conclude(report, sent, request, scope, masker)
            }
        };
        ended.report.duration = begun.elapsed().into();
        ended
    }

    /// The worker was lost while this step was in flight, and it must not be sent twice.
    pub fn lost(self) -> StepReport {
        let Self { request, place, name, url, .. } = self;
        let reason = format!("The worker was lost while {} {url} was in flight.", request.method.as_str());
        let mut report = blank(request, place, name, url);
        report.started_at = Some(Timestamp::now());
        report.state = StepState::Errored;
        report.reason = Some(reason);
        report
    }
}

/// A step that is not run because of what came before it.
pub fn skipped(step: &Step, place: Place, masker: &Masker) -> StepReport {
    let Action::Request(request) = &step.action;
    let url = masker.text(request.url.as_written()).into_owned();
    let name = match &step.name {
        Some(name) => masker.text(name.as_written()).into_owned(),
        None => format!("{} {url}", request.method.as_str()),
    };
    blank(request, place, name, url)
}

fn blank(request: &Request, place: Place, name: String, url: String) -> StepReport {
    StepReport {
        path: place.path,
        name,
        action: request.method.key().into(),
        method: request.method.as_str().into(),
        url,
        state: StepState::Skipped,
        started_at: None,
        duration: domain::Elapsed::ZERO,
        status: None,
        slow: false,
        expectations: Vec::new(),
        captures: Vec::new(),
        reason: None,
        attempts: Vec::new(),
        request: None,
        response: None,
    }
}

fn conclude(mut report: StepReport, sent: Sent, request: &Request, scope: &Scope, masker: &mut Masker) -> Ended {
    let method = request.method.as_str();
    let (state, reason, interruption, failure) = match sent {
        Sent::Response(response) => return answered(report, &response, request, scope, masker),
        Sent::Failed(failure) => {
            let reason = reason::of_failure(&failure.to_string(), report.attempts.len());
            (StepState::Failed, reason, None, Some(failure))
        }
        Sent::Cancelled => {
            let reason = format!("The run was cancelled while {method} {} was in flight.", report.url);
            (StepState::Errored, reason, Some(Interruption::Cancelled), None)
        }
        Sent::Overdue(failure) => {
            let reason = format!("The run's time was up while {method} {} was in flight.", report.url);
            (StepState::Errored, reason, Some(Interruption::Overdue), Some(failure))
        }
    };
    report.state = state;
    report.reason = Some(masker.owned(reason));
    let mut cookies = interruption.is_some();
    if let Some(failure) = failure {
        report.request = Some(report::request(&failure.context.sent, masker));
        cookies |= !failure.context.redirects.is_empty() || failure.was_sent();
    }
    Ended { report, captures: Vec::new(), cookies, interruption }
}

fn answered(report: StepReport, response: &Response, request: &Request, scope: &Scope, masker: &mut Masker) -> Ended {
    let judge = || judged(report, response, request, scope, masker);
    let may_block = || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if response.body.len() > HEAVY && may_block() { tokio::task::block_in_place(judge) } else { judge() }
}

fn judged(mut report: StepReport, response: &Response, request: &Request, scope: &Scope, masker: &mut Masker) -> Ended {
    let body = Body::new(&response.body, &response.headers);
    // Captures come first because a secret one must not show in what the expectations tell; they
    // become variables only afterwards, so that expectations still see the earlier values.
    let mut captures = Vec::with_capacity(request.captures.len());
    let mut missed = Vec::new();
    for wanted in &request.captures {
        match capture::take(wanted, response, &body, scope, masker) {
            Ok(value) => match if wanted.secret { masker.add(&value) } else { Ok(()) } {
                Ok(()) => captures.push(Variable { name: wanted.name.clone(), value, secret: wanted.secret }),
                Err(problem) => missed.push(format!("`{}` cannot be captured: {problem}", wanted.name)),
            },
            Err(problem) => missed.push(problem),
        }
    }
    let took = report.attempts.last().map_or(domain::Elapsed::ZERO, |attempt: &Attempt| attempt.duration);
    let evidence = Evidence { response, body: &body, took, scope, masker };
    let judgment = expectation::judge(&request.expect, evidence);
    report.expectations = judgment.reports;
    report.captures = captures.iter().map(|variable| shown(variable, masker)).collect();
    report.status = Some(response.status.as_u16());
    let reason = reason::of_response(&report.name, &report.expectations, &missed, report.attempts.len());
    report.state = if reason.is_some() { StepState::Failed } else { StepState::Passed };
    report.slow = reason.is_none() && judgment.slow;
    report.reason = reason.map(|reason| masker.owned(reason));
    report.request = Some(sent(response, masker));
    report.response = Some(report::response(response, masker));
    let cookies = response.headers.contains_key(SET_COOKIE) || !response.redirects.is_empty();
    Ended { report, captures, cookies, interruption: None }
}

fn sent(response: &Response, masker: &Masker) -> RequestReport {
    report::request(&response.sent, masker)
}

fn shown(variable: &Variable, masker: &Masker) -> CaptureReport {
    let value = if variable.secret {
        Value::String(MASK.to_owned())
    } else {
        json::keep(std::borrow::Cow::Borrowed(&variable.value), masker)
    };
    CaptureReport { name: variable.name.clone(), value, secret: variable.secret }
}
