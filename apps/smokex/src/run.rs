//! `smokex run`: runs plans from here, without a server; `remote` runs them on one.

mod remote;

use std::{
    io::{self, Write},
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{Elapsed, StepReport};
use egress::{Allow, Egress, Policy};
use engine::{Abandoned, Input, Observer, Progress, StepFinished, StepStarted, Variable};
use jiff::Timestamp;
use plan::{Known, Plan};
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::{ReportFormat, RunArguments},
    exit::Exit,
    live::Live,
    plan_file::PlanFile,
    report::{self, PlanRun},
    style::Style,
    variables::{self, Assignment},
};

/// How long one plan may take. On one's own machine it is oneself who stops it.
const DEADLINE: Duration = Duration::from_hours(24);

/// Runs the plans one after the other, if all of them are right.
pub fn run(arguments: &RunArguments) -> Exit {
    if arguments.remote {
        return remote::run(arguments);
    }
    let prepared = variables_of(arguments).and_then(|variables| Ok((variables, policy(&arguments.allow)?)));
    let (variables, policy) = match prepared {
        Ok(prepared) => prepared,
        Err(sentence) => {
            eprintln!("{sentence}");
            return Exit::Wrong;
        }
    };
    let known = Known { names: Some(variables.iter().map(|variable| variable.name.clone()).collect()) };
    let Some(files) = read_all(arguments, &known) else { return Exit::Wrong };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The runtime cannot be started: {error}.");
            return Exit::Unknown;
        }
    };
    let overridden: Vec<&str> = arguments.variables.iter().map(|variable| variable.name.as_str()).collect();
    let ran = runtime.block_on(run_all(files, arguments.report, &overridden, &variables, &Egress::new(policy)));
    ran.unwrap_or_else(|error| {
        // A closed pipe is the reader's wish to stop, not worth a sentence.
        if error.kind() != io::ErrorKind::BrokenPipe {
            eprintln!("The report cannot be written: {error}.");
        }
        Exit::Unknown
    })
}

/// Those of files first, so that those of the command line win.
fn variables_of(arguments: &RunArguments) -> Result<Vec<Variable>, String> {
    let mut variables = Vec::new();
    for path in &arguments.env_files {
        variables.extend(variables::read_env_file(path)?.into_iter().map(|found| found.into_variable(true)));
    }
    variables.extend(arguments.variables.iter().cloned().map(|given: Assignment| given.into_variable(false)));
    Ok(variables)
}

/// Any address; with exceptions given, public ones and these.
fn policy(allow: &[String]) -> Result<Policy, String> {
    let mut policy = if allow.is_empty() { Policy::any() } else { Policy::public() };
    for text in allow {
        for allow in exceptions(text)? {
            policy = policy.allow(allow);
        }
    }
    Ok(policy)
}

/// An address or a network as it is, or a name with a port, looked up.
fn exceptions(text: &str) -> Result<Vec<Allow>, String> {
    if let Ok(allow) = text.parse() {
        return Ok(vec![allow]);
    }
    let found: Vec<SocketAddr> = text.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    if found.is_empty() {
        return Err(format!(
            "--allow {text}: this is no HOST:PORT that can be found and no network such as 10.0.0.0/8."
        ));
    }
    Ok(found.iter().filter_map(|address| address.to_string().parse().ok()).collect())
}

/// None if a plan is wrong or cannot be read; then all mistakes of all plans have been told.
fn read_all(arguments: &RunArguments, known: &Known) -> Option<Vec<PlanFile>> {
    let stderr = io::stderr();
    let mut files = Vec::new();
    let mut wrong = false;
    for path in &arguments.plans {
        match PlanFile::read(path, known) {
            Ok(file) => {
                let _ = file.print_diagnostics(&mut stderr.lock(), Style::of(&stderr));
                wrong |= file.plan.is_none();
                files.push(file);
            }
            Err(sentence) => {
                eprintln!("{sentence}");
                wrong = true;
            }
        }
    }
    (!wrong).then_some(files)
}

async fn run_all(
    files: Vec<PlanFile>,
    format: ReportFormat,
    overridden: &[&str],
    variables: &[Variable],
    egress: &Egress,
) -> io::Result<Exit> {
    let cancel = runtime::shutdown::on_signals()?;
    let mut exit = Exit::Passed;
    let mut runs = Vec::new();
    let mut stdout = io::stdout();
    for file in &files {
        if cancel.is_cancelled() {
            exit = exit.and(Exit::Unknown);
            break;
        }
        let plan = file.plan.as_ref().expect("only right plans come here");
        let plan = without(plan, overridden);
        let run = run_one(file, plan, format, variables.to_vec(), egress, cancel.clone()).await?;
        exit = exit.and(run.exit());
        match format {
            ReportFormat::Text => {}
            ReportFormat::Json => report::json::write(&mut stdout, &run)?,
            ReportFormat::Junit => runs.push(run),
        }
    }
    if format == ReportFormat::Junit {
        report::junit::write(&mut stdout, &runs)?;
    }
    stdout.flush()?;
    Ok(exit)
}

/// The plan without its own variables of these names: what was given from outside stands instead.
fn without(plan: &Arc<Plan>, names: &[&str]) -> Arc<Plan> {
    if !names.iter().any(|name| plan.variables.contains_key(*name)) {
        return plan.clone();
    }
    let mut plan = Plan::clone(plan);
    plan.variables.retain(|name, _| !names.contains(&name.as_str()));
    Arc::new(plan)
}

async fn run_one(
    file: &PlanFile,
    plan: Arc<Plan>,
    format: ReportFormat,
    variables: Vec<Variable>,
    egress: &Egress,
    cancel: CancellationToken,
) -> io::Result<PlanRun> {
    let title = plan.name.clone();
    let live = Live::begin(format == ReportFormat::Text, &file.shown(), title.as_deref(), &plan::outline(&plan))?;
    let mut watch = Watch { live, steps: Vec::new() };
    let ticking = watch.live.keep_ticking();
    let started_at = Timestamp::now();
    let began = Instant::now();
    let input = Input { plan, variables, deadline: DEADLINE, progress: Progress::default(), cancel };
    let outcome = engine::execute(input, egress, &mut watch).await.expect("this observer gives nothing up");
    let duration = Elapsed::from(began.elapsed());
    ticking.abort();
    let run = PlanRun {
        plan: file.shown(),
        title,
        state: outcome.state,
        reason: outcome.reason,
        started_at,
        duration,
        page: None,
        steps: watch.steps,
    };
    watch.live.end(&run)?;
    Ok(run)
}

/// Shows steps as they come and keeps their reports.
struct Watch {
    live: Live,
    steps: Vec<StepReport>,
}

impl Observer for Watch {
    async fn step_started(&mut self, step: StepStarted) -> Result<(), Abandoned> {
        self.live.step_started(&step.name);
        Ok(())
    }

    async fn step_finished(&mut self, step: StepFinished) -> Result<(), Abandoned> {
        self.live.step_finished(&step.report);
        self.steps.push(step.report);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_port_is_looked_up() {
        assert!(!exceptions("localhost:9000").unwrap().is_empty());
        assert_eq!(exceptions("10.0.0.0/8").unwrap().len(), 1);
        assert_eq!(
            exceptions("no such").unwrap_err(),
            "--allow no such: this is no HOST:PORT that can be found and no network such as 10.0.0.0/8."
        );
    }
}
