//! Following a run on a server: its steps as they end, and what it came to.

use std::{collections::HashSet, io, time::Duration};

use domain::{Elapsed, RunId, StepReport, StepState};
use plan::{Known, OutlineStep};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::chosen::Chosen;
use crate::{
    arguments::ReportFormat,
    giving_up::{GivingUp, complain},
    live::Live,
    remote::{Remote, RemoteError, RemoteRun, RemoteStep},
    report::PlanRun,
};

/// How long the server is asked to keep its answer back: so often one sees how far a run is.
const WAIT: Duration = Duration::from_secs(10);
/// How long a server that is away is asked again about a run that may well go on there.
const AWAY: Duration = Duration::from_secs(120);
/// How long it is left alone before it is asked again, if it did not take its time itself.
const PAUSE: Duration = Duration::from_secs(2);

/// What there is to tell about a run.
pub enum Followed {
    ToItsEnd(PlanRun),
    /// Somebody interrupted this, or the server does not answer. The run goes on there.
    OutOfSight,
}

/// Waits for the end of a run, and shows its steps on the way.
///
/// # Errors
/// If they cannot be shown.
pub async fn follow(
    remote: &Remote,
    plan: &Chosen,
    id: RunId,
    format: ReportFormat,
    cancel: &CancellationToken,
) -> Result<Followed, GivingUp> {
    let outline = outline(remote, plan).await;
    let title = (plan.shown != plan.name).then_some(plan.name.as_str());
    let live = Live::begin(format == ReportFormat::Text, &plan.shown, title, &outline)?;
    let ticking = live.keep_ticking();
    let mut screen = Watch { live, outline, shown: HashSet::new() };
    let ended = tokio::select! {
        ended = screen.watch(remote, id) => Some(ended),
        () = cancel.cancelled() => None,
    };
    ticking.abort();
    let sentence = match ended {
        Some(Ok(run)) => return Ok(Followed::ToItsEnd(screen.end(remote, plan, run)?)),
        Some(Err(error)) => format!("{error}\nThe run may go on at the server: {}", remote.page_of_run(id)),
        None => format!(
            "The run goes on at the server: {}\nTo stop it, press Cancel run there, or send POST {} with the token.",
            remote.page_of_run(id),
            remote.stop_of_run(id)
        ),
    };
    screen.live.leave();
    complain(&sentence);
    Ok(Followed::OutOfSight)
}

/// What the plan is going to do. Without it the report has less to show, but is as right.
async fn outline(remote: &Remote, plan: &Chosen) -> Vec<OutlineStep> {
    let Ok(plan) = remote.plan(plan.id).await else { return Vec::new() };
    plan::check(&plan.text, &Known::default()).plan.map(|plan| plan::outline(&plan)).unwrap_or_default()
}

struct Watch {
    live: Live,
    outline: Vec<OutlineStep>,
    /// The positions of the steps that have been.
    shown: HashSet<u32>,
}

impl Watch {
    async fn watch(&mut self, remote: &Remote, id: RunId) -> Result<RemoteRun, RemoteError> {
        loop {
            let asked = Instant::now();
            let run = ask(remote, id).await?;
            for step in run.step_list.iter().filter(|step| step.state.is_final()) {
                if self.shown.insert(step.position) {
                    self.live.step_finished(&self.report(step));
                }
            }
            if run.state.is_final() {
                return Ok(run);
            }
            if let Some(step) = run.step_list.iter().find(|step| step.state == StepState::Running) {
                self.live.step_started(&step.name);
            }
            // Where too many wait already, the answer is not kept back.
            if asked.elapsed() < PAUSE {
                sleep(PAUSE).await;
            }
        }
    }

    fn end(self, remote: &Remote, plan: &Chosen, run: RemoteRun) -> io::Result<PlanRun> {
        let steps = run.step_list.iter().filter(|step| step.state.is_final()).map(|step| self.report(step)).collect();
        let run = PlanRun {
            plan: plan.shown.clone(),
            title: Some(plan.name.clone()),
            state: run.state,
            started_at: run.started_at.unwrap_or(run.queued_at),
            duration: run.duration(),
            page: Some(remote.page_of_run(run.id)),
            reason: run.reason,
            steps,
        };
        self.live.end(&run)?;
        Ok(run)
    }

    /// What the step told; of one that tells nothing, because it never began, what is known from the plan.
    fn report(&self, step: &RemoteStep) -> StepReport {
        if let Some(report) = &step.report {
            return report.clone();
        }
        let known = self.outline.get(step.position as usize).cloned();
        let OutlineStep { path, action, method, url, .. } = known.unwrap_or_else(|| OutlineStep {
            path: (step.position + 1).to_string(),
            name: String::new(),
            action: String::new(),
            method: String::new(),
            url: String::new(),
        });
        StepReport {
            path,
            name: step.name.clone(),
            action: action.into(),
            method: method.into(),
            url,
            state: step.state,
            started_at: None,
            duration: Elapsed::ZERO,
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
}

/// Asks how far the run is; a server that is away may begin anew meanwhile.
async fn ask(remote: &Remote, id: RunId) -> Result<RemoteRun, RemoteError> {
    let since = Instant::now();
    loop {
        match remote.run(id, WAIT).await {
            Err(error) if error.may_pass() && since.elapsed() < AWAY => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}
