//! What every test needs: a plan from YAML, an observer that keeps what it hears, one call to run.

use std::{sync::Arc, time::Duration};

use domain::{
    StepReport, StepState,
    report::{CaptureReport, ExpectationReport},
};
use egress::{Egress, Policy};
use engine::{
    Abandoned, FinishedStep, Input, Observer, Outcome, Progress, StepFinished, StepStarted, Variable, execute,
};
use serde_json::Value;
use testkit::target::Target;
use tokio_util::sync::CancellationToken;

/// A run to be.
pub struct Rig {
    pub egress: Egress,
    pub variables: Vec<Variable>,
    pub deadline: Duration,
    pub progress: Progress,
    pub cancel: CancellationToken,
    /// Gives the run up at this event.
    pub give_up: Option<GiveUp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    Started(u32),
    Finished(u32),
}

/// What came of a run.
pub struct Ran {
    pub outcome: Result<Outcome, Abandoned>,
    pub started: Vec<StepStarted>,
    pub finished: Vec<StepFinished>,
}

#[derive(Default)]
struct Recorder {
    started: Vec<StepStarted>,
    finished: Vec<StepFinished>,
    give_up: Option<GiveUp>,
}

impl Observer for Recorder {
    async fn step_started(&mut self, step: StepStarted) -> Result<(), Abandoned> {
        let position = step.position;
        self.started.push(step);
        if self.give_up == Some(GiveUp::Started(position)) { Err(Abandoned) } else { Ok(()) }
    }

    async fn step_finished(&mut self, step: StepFinished) -> Result<(), Abandoned> {
        let position = step.position;
        self.finished.push(step);
        if self.give_up == Some(GiveUp::Finished(position)) { Err(Abandoned) } else { Ok(()) }
    }
}

impl Rig {
    /// For plans that know the target as `${base}`.
    pub fn new(target: &Target) -> Self {
        Self::anywhere().with("base", target.url(""))
    }

    pub fn anywhere() -> Self {
        Self {
            egress: Egress::new(Policy::any()),
            variables: Vec::new(),
            deadline: Duration::from_secs(60),
            progress: Progress::default(),
            cancel: CancellationToken::new(),
            give_up: None,
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables.push(Variable { name: name.to_owned(), value: value.into(), secret: false });
        self
    }

    pub fn secret(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables.push(Variable { name: name.to_owned(), value: value.into(), secret: true });
        self
    }

    /// What the engine is given.
    pub fn input(&self, yaml: &str) -> Input {
        let names = self.variables.iter().map(|variable| variable.name.clone()).collect();
        let checked = plan::check(yaml, &plan::Known { names: Some(names) });
        let plan = checked.plan.unwrap_or_else(|| panic!("{yaml}\n{:#?}", checked.diagnostics));
        Input {
            plan: Arc::new(plan),
            variables: self.variables.clone(),
            deadline: self.deadline,
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        }
    }

    pub async fn run(&self, yaml: &str) -> Ran {
        let mut recorder = Recorder { give_up: self.give_up, ..Recorder::default() };
        let outcome = execute(self.input(yaml), &self.egress, &mut recorder).await;
        Ran { outcome, started: recorder.started, finished: recorder.finished }
    }
}

impl Ran {
    pub fn outcome(&self) -> &Outcome {
        self.outcome.as_ref().expect("the run was not given up")
    }

    pub fn reason(&self) -> &str {
        self.outcome().reason.as_deref().unwrap_or_default()
    }

    pub fn report(&self, path: &str) -> &StepReport {
        let found = self.finished.iter().find(|step| step.report.path == path);
        &found.unwrap_or_else(|| panic!("no step {path} was reported")).report
    }

    /// `1 passed, 2 failed, finally.1 skipped`.
    pub fn states(&self) -> String {
        let states = self.finished.iter().map(|step| format!("{} {}", step.report.path, step.report.state));
        states.collect::<Vec<_>>().join(", ")
    }

    pub fn step_reason(&self, path: &str) -> &str {
        self.report(path).reason.as_deref().unwrap_or_default()
    }

    /// The expectations of a kind in the first step.
    pub fn expectations(&self, kind: &str) -> Vec<&ExpectationReport> {
        self.report("1").expectations.iter().filter(|expectation| expectation.kind == kind).collect()
    }

    pub fn captures(&self, path: &str) -> &[CaptureReport] {
        &self.report(path).captures
    }

    /// Everything the observer was given to show, as one text.
    pub fn shown(&self) -> String {
        let reports: Vec<_> = self.finished.iter().map(|step| &step.report).collect();
        format!("{} {:?} {:?}", serde_json::to_string(&reports).unwrap(), self.started, self.outcome)
    }

    /// What a store would have recorded.
    pub fn recorded(&self) -> Vec<FinishedStep> {
        let as_stored = |step: &StepFinished| {
            let text = serde_json::to_string(&step.progress).unwrap();
            let progress = serde_json::from_str(&text).unwrap();
            FinishedStep { position: step.position, state: step.report.state, progress }
        };
        self.finished.iter().map(as_stored).collect()
    }

    pub fn all_passed(&self) -> bool {
        self.finished.iter().all(|step| step.report.state == StepState::Passed)
    }
}
