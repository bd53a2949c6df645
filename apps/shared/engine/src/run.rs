//! A run: the steps in order, then the `finally` steps, and what comes of it all.

use std::{sync::Arc, time::Duration};

use domain::{Elapsed, RunState, StepReport, StepState};
use egress::{Egress, Jar};
use jiff::Timestamp;
use plan::{
    Plan,
    model::{OnFailure, Step},
    template::{Scope, Secrecy},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Abandoned, FinishedStep, Observer, Progress, StepFinished, StepProgress, Variable,
    mask::Masker,
    send::Limits,
    step::{self, Begun, Ended, Interruption, Place},
};

/// How long the `finally` steps may take after a run was cancelled or its time was up.
const GRACE: Duration = Duration::from_secs(10);

/// What a run needs.
pub struct Input {
    /// What to execute.
    pub plan: Arc<Plan>,
    /// From outside: inputs, secrets of the organization. The plan's own and captures shadow them.
    pub variables: Vec<Variable>,
    /// How long the whole run may take, from when it first began.
    pub deadline: Duration,
    /// What is already recorded of it; empty for a new run.
    pub progress: Progress,
    /// Ends the run by hand; reaches a request in flight at once.
    pub cancel: CancellationToken,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `Passed`, `Failed`, `Errored` or `Cancelled`.
    pub state: RunState,
    /// Why it did not pass, in one plain sentence that names the step.
    pub reason: Option<String>,
    /// Whether a step that passed was slower than its `degraded_after`.
    pub slow: bool,
    /// How many steps passed.
    pub passed: u32,
    /// How many failed or errored.
    pub failed: u32,
    /// How many were not run.
    pub skipped: u32,
}

/// Executes a plan, from where its progress left off.
///
/// # Errors
/// If the observer gives the run up; then nothing more is reported.
pub async fn execute<O: Observer>(input: Input, egress: &Egress, observer: &mut O) -> Result<Outcome, Abandoned> {
    let Input { plan, variables, deadline, progress, cancel } = input;
    let mut run = Run {
        egress,
        observer,
        scope: Scope::new(Timestamp::now),
        masker: Masker::default(),
        jar: Jar::new(),
        fresh: Vec::new(),
        limit: deadline,
        deadline: Instant::now() + deadline.saturating_sub(progress.elapsed),
        cancel,
        course: Course::default(),
    };
    let ready = run.set_up(&plan, variables, &progress);
    if let Err(problem) = ready {
        run.course.error(problem);
        run.course.hopeless = true;
    }
    if run.cancel.is_cancelled() {
        run.interrupt(Interruption::Cancelled, None);
    }
    let mut position = 0;
    for (part, steps) in [(Part::Steps, &plan.steps), (Part::Finally, &plan.finally)] {
        run.course.stopped = match part {
            Part::Steps => run.course.stopped,
            Part::Finally => run.course.hopeless,
        };
        for (index, step) in steps.iter().enumerate() {
            let path = match part {
                Part::Steps => (index + 1).to_string(),
                Part::Finally => format!("finally.{}", index + 1),
            };
            run.step(&plan, step, part, Place { position, path }, &progress).await?;
            position += 1;
        }
    }
    Ok(run.course.outcome())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Steps,
    Finally,
}

struct Run<'r, O> {
    egress: &'r Egress,
    observer: &'r mut O,
    scope: Scope,
    masker: Masker,
    jar: Jar,
    /// The plan's variables, until a step's progress has taken them along.
    fresh: Vec<Variable>,
    limit: Duration,
    deadline: Instant,
    cancel: CancellationToken,
    course: Course,
}

impl<O: Observer> Run<'_, O> {
    /// Gives every variable its value: from outside, of the plan, captured by recorded steps.
    fn set_up(&mut self, plan: &Plan, outside: Vec<Variable>, progress: &Progress) -> Result<(), String> {
        for variable in outside {
            self.set(variable)?;
        }
        let recorded = || progress.finished.iter().map(|finished| &finished.progress);
        let kept = recorded().find(|progress| !progress.variables.is_empty());
        match kept {
            Some(kept) => kept.variables.iter().cloned().try_for_each(|variable| self.set(variable))?,
            None => {
                for (name, tree) in &plan.variables {
                    let value = tree
                        .expand(&self.scope)
                        .map_err(|error| format!("The variable `{name}` of the plan has no value: {error}"))?;
                    let variable = Variable { name: name.clone(), value, secret: tree.is_secret(&self.scope) };
                    self.fresh.push(variable.clone());
                    // What a secret was put into shows all but the secret.
                    self.set_masking(variable, false)?;
                }
            }
        }
        for progress in recorded() {
            progress.captures.iter().cloned().try_for_each(|variable| self.set(variable))?;
        }
        if let Some(cookies) = recorded().filter_map(|progress| progress.cookies.as_ref()).next_back() {
            self.jar = Jar::from_lines(cookies.iter().map(String::as_str))
                .map_err(|error| format!("Of the run so far, {error}."))?;
        }
        Ok(())
    }

    fn set(&mut self, variable: Variable) -> Result<(), String> {
        self.set_masking(variable, true)
    }

    fn set_masking(&mut self, variable: Variable, mask: bool) -> Result<(), String> {
        let Variable { name, value, secret } = variable;
        if secret && mask {
            self.masker.add(&value).map_err(|problem| problem.to_string())?;
        }
        let secrecy = if secret { Secrecy::Secret } else { Secrecy::Plain };
        self.scope.set(name, value, secrecy).map_err(|error| error.to_string())
    }

    async fn step(
        &mut self,
        plan: &Plan,
        step: &Step,
        part: Part,
        place: Place,
        progress: &Progress,
    ) -> Result<(), Abandoned> {
        if let Some(finished) = progress.finished.iter().find(|finished| finished.position == place.position) {
            self.replay(plan, step, part, finished, place);
            return Ok(());
        }
        if !self.course.stopped && part == Part::Steps {
            self.look_up();
        }
        let position = place.position;
        if self.course.stopped {
            let report = step::skipped(step, place, &self.masker);
            return self.finish(position, report, StepProgress::default()).await;
        }
        let begun = Begun::new(step, place, &plan.defaults, &self.scope, &mut self.masker);
        let started = begun.started();
        if progress.in_flight == Some(position) && !started.idempotent {
            let report = begun.lost();
            self.course.lost(&report);
            let progress = StepProgress { reason: report.reason.clone(), ..StepProgress::default() };
            return self.finish(position, report, progress).await;
        }
        self.observer.step_started(started).await?;
        let limits = Limits {
            // Whoever ended the run does not end the cleaning up.
            cancel: self.course.interruption.is_none().then_some(&self.cancel),
            deadline: self.deadline,
        };
        let ended = begun.execute(self.egress, &self.jar, &limits, &self.scope, &mut self.masker).await;
        self.end(plan, step, part, position, ended).await
    }

    /// Sees whether the run was ended from outside between two steps.
    fn look_up(&mut self) {
        if self.cancel.is_cancelled() {
            self.interrupt(Interruption::Cancelled, None);
        } else if Instant::now() >= self.deadline {
            self.interrupt(Interruption::Overdue, None);
        }
    }

    fn interrupt(&mut self, interruption: Interruption, during: Option<&StepReport>) {
        if self.course.interruption.is_some() {
            return;
        }
        let during = during.map(|report| format!(" during {}", report.name)).unwrap_or_default();
        self.course.interruption = Some(interruption);
        self.course.stopped = true;
        self.course.reason = Some(match interruption {
            Interruption::Cancelled => format!("The run was cancelled{during}."),
            Interruption::Overdue => {
                format!("The run was stopped{during}: it may take no longer than {}.", Elapsed::from(self.limit))
            }
        });
        self.deadline = Instant::now() + GRACE;
    }

    async fn end(
        &mut self,
        plan: &Plan,
        step: &Step,
        part: Part,
        position: u32,
        ended: Ended,
    ) -> Result<(), Abandoned> {
        let Ended { mut report, captures, cookies, interruption } = ended;
        for variable in &captures {
            if let Err(problem) = self.set_masking(variable.clone(), false) {
                report.state = StepState::Failed;
                report.reason.get_or_insert(format!("`{}` cannot be captured: {problem}", variable.name));
            }
        }
        let progress = StepProgress {
            variables: std::mem::take(&mut self.fresh),
            captures,
            cookies: cookies.then(|| self.jar.to_lines()),
            reason: report.reason.clone(),
            slow: report.slow,
        };
        match interruption {
            // Out of the grace: this step is lost, the others may still try.
            Some(interruption) if part == Part::Steps || self.course.interruption.is_none() => {
                self.interrupt(interruption, Some(&report));
                self.course.stopped = part == Part::Steps;
            }
            _ => self.course.ended(&report, stops(plan, step, part)),
        }
        self.finish(position, report, progress).await
    }

    async fn finish(&mut self, position: u32, report: StepReport, progress: StepProgress) -> Result<(), Abandoned> {
        self.course.count(report.state);
        self.observer.step_finished(StepFinished { position, report, progress }).await
    }

    /// Takes over what is recorded of a step.
    fn replay(&mut self, plan: &Plan, step: &Step, part: Part, finished: &FinishedStep, place: Place) {
        let mut report = step::skipped(step, place, &self.masker);
        report.state = finished.state;
        report.reason.clone_from(&finished.progress.reason);
        report.slow = finished.progress.slow;
        self.course.count(finished.state);
        if finished.state == StepState::Errored {
            self.course.lost(&report);
        } else {
            self.course.ended(&report, stops(plan, step, part));
        }
    }
}

/// Whether a failure of this step ends the part it stands in. Cleaning up goes on unless the step
/// itself says otherwise.
fn stops(plan: &Plan, step: &Step, part: Part) -> bool {
    let shared = if part == Part::Steps { plan.on_failure } else { OnFailure::Continue };
    step.on_failure.unwrap_or(shared) == OnFailure::Stop
}

/// What has become of the run so far.
#[derive(Default)]
struct Course {
    /// The steps that follow are skipped.
    stopped: bool,
    /// Even the `finally` steps are: the run could not be set up.
    hopeless: bool,
    interruption: Option<Interruption>,
    errored: bool,
    reason: Option<String>,
    slow: bool,
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Course {
    fn count(&mut self, state: StepState) {
        match state {
            StepState::Passed => self.passed += 1,
            StepState::Skipped => self.skipped += 1,
            _ => self.failed += 1,
        }
    }

    fn error(&mut self, reason: String) {
        self.errored = true;
        self.stopped = true;
        self.reason.get_or_insert(reason);
    }

    /// A step after which nobody can tell where things stand.
    fn lost(&mut self, report: &StepReport) {
        self.errored = true;
        self.stopped = true;
        let reason = report.reason.clone().unwrap_or_else(|| format!("{} could not be told.", report.name));
        self.reason.get_or_insert(reason);
    }

    fn ended(&mut self, report: &StepReport, stops: bool) {
        self.slow |= report.slow;
        if matches!(report.state, StepState::Failed | StepState::Errored) {
            self.stopped |= stops;
            self.errored |= report.state == StepState::Errored;
            self.reason.get_or_insert_with(|| named(report));
        }
    }

    fn outcome(self) -> Outcome {
        let state = match self.interruption {
            Some(Interruption::Cancelled) => RunState::Cancelled,
            Some(Interruption::Overdue) => RunState::Errored,
            None if self.errored => RunState::Errored,
            None if self.failed > 0 => RunState::Failed,
            None => RunState::Passed,
        };
        let Self { reason, slow, passed, failed, skipped, .. } = self;
        let slow = slow && state == RunState::Passed;
        Outcome { state, reason, slow, passed, failed, skipped }
    }
}

/// A step's reason, with the step's name in it.
fn named(report: &StepReport) -> String {
    match &report.reason {
        Some(reason) if reason.starts_with(&report.name) => reason.clone(),
        Some(reason) => format!("{}: {reason}", report.name),
        None => format!("{} {}.", report.name, report.state),
    }
}
