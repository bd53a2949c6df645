//! Sending one request, again if the connection failed, until the step's deadline, the run's, or the
//! run's end by hand.

use std::time::Duration;

use domain::report::Attempt;
use egress::{Egress, Failure, FailureKind, Jar, Request, Response};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{mask::Masker, report, request::Prepared};

/// How much of a decoded body is accepted.
const MOST_BODY: usize = 5 * 1024 * 1024;

/// The pause before the first extra attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What ends a step before its own deadline.
pub struct Limits<'r> {
    /// None where the run is already being ended by hand.
    pub cancel: Option<&'r CancellationToken>,
    /// The run's.
    pub deadline: Instant,
}

/// How sending ended.
pub enum Sent {
    Response(Box<Response>),
    Failed(Failure),
    /// The run was ended by hand.
    Cancelled,
    /// The run's deadline came.
    Overdue(Failure),
}

/// Sends a request as often as its options allow.
pub async fn send(
    prepared: Prepared,
    egress: &Egress,
    jar: &Jar,
    limits: &Limits<'_>,
    masker: &Masker,
) -> (Sent, Vec<Attempt>) {
    let deadline = (Instant::now() + prepared.timeout).min(limits.deadline);
    let jar = prepared.cookies.then_some(jar);
    let most = usize::try_from(prepared.retries).unwrap_or(usize::MAX).saturating_add(1);
    let mut again = Some(Request {
        method: prepared.method,
        url: prepared.url,
        headers: prepared.headers,
        body: prepared.body,
        deadline,
        redirects: prepared.redirects,
        tls: prepared.tls,
        max_body: MOST_BODY,
    });
    let mut attempts = Vec::with_capacity(1);
    let mut pause = FIRST_PAUSE;
    loop {
        let is_last = attempts.len() + 1 >= most;
        let request = if is_last { again.take() } else { again.clone() };
        let request = request.expect("only the last attempt takes it");
        let begun = Instant::now();
        let result = tokio::select! {
            biased;
            () = cancelled(limits) => None,
            result = egress.send(request, jar) => Some(result),
        };
        let duration = begun.elapsed().into();
        let failure = match result {
            None => {
                let error = Some("The run was cancelled.".to_owned());
                attempts.push(Attempt { duration, phases: domain::report::Phases::default(), error });
                return (Sent::Cancelled, attempts);
            }
            Some(Ok(response)) => {
                attempts.push(Attempt { duration, phases: report::phases(&response.phases), error: None });
                return (Sent::Response(response), attempts);
            }
            Some(Err(failure)) => failure,
        };
        let error = Some(masker.owned(failure.to_string()));
        attempts.push(Attempt { duration, phases: report::phases(&failure.context.phases), error });
        let now = Instant::now();
        if matches!(failure.kind, FailureKind::Deadline { .. }) && now >= limits.deadline {
            return (Sent::Overdue(failure), attempts);
        }
        if is_last || !failure.is_connection() || now + pause >= deadline {
            return (Sent::Failed(failure), attempts);
        }
        tokio::select! {
            biased;
            () = cancelled(limits) => return (Sent::Cancelled, attempts),
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn cancelled(limits: &Limits<'_>) {
    match limits.cancel {
        Some(cancel) => cancel.cancelled().await,
        None => std::future::pending().await,
    }
}
