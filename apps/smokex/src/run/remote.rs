//! `smokex run --remote`: starts plans on a server, as it has them, and tells how their runs end.

mod chosen;
mod follow;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use self::follow::{Followed, follow};
use crate::{
    arguments::{ReportFormat, RunArguments},
    credentials::{Credentials, Transport},
    exit::Exit,
    giving_up::{GivingUp, complain, complete},
    report::{self, PlanRun},
};

/// Runs the plans one after the other, if all of them are there.
pub fn run(arguments: &RunArguments) -> Exit {
    complete(async {
        let (exit, runs) = run_all(arguments).await?;
        let mut stdout = io::stdout();
        if arguments.report == ReportFormat::Junit {
            report::junit::write(&mut stdout, &runs)?;
        }
        stdout.flush()?;
        Ok(exit)
    })
}

async fn run_all(arguments: &RunArguments) -> Result<(Exit, Vec<PlanRun>), GivingUp> {
    let remote = Credentials::remote(Transport::of(arguments.insecure)).map_err(GivingUp::wrong)?;
    let plans = chosen::choose(&remote, &arguments.plans, arguments.folder.as_deref()).await?;
    let variables: BTreeMap<&str, &str> =
        arguments.variables.iter().map(|given| (given.name.as_str(), given.value.as_str())).collect();
    let cancel = runtime::shutdown::on_signals()
        .map_err(|error| GivingUp::unknown(format!("Nobody could interrupt this: {error}.")))?;
    let mut exit = Exit::Passed;
    let mut refused = None;
    let mut begun = false;
    let mut runs: Vec<PlanRun> = Vec::new();
    for plan in &plans {
        let started = match remote.start_run(plan.id, &variables).await {
            Ok(started) => started,
            Err(error) => {
                complain(&format!("{}: {error}", plan.name));
                refused.get_or_insert(error.exit());
                if error.ends_everything() {
                    break;
                }
                continue;
            }
        };
        begun = true;
        let Followed::ToItsEnd(run) = follow(&remote, plan, started.id, arguments.report, &cancel).await? else {
            break;
        };
        exit = exit.and(run.exit());
        if arguments.report == ReportFormat::Json {
            report::json::write(&mut io::stdout(), &run)?;
        }
        runs.push(run);
        if cancel.is_cancelled() {
            break;
        }
    }
    if runs.len() < plans.len() {
        // Once something was run, it is not the call that is wrong.
        exit = exit.and(refused.filter(|_| !begun).unwrap_or(Exit::Unknown));
    }
    Ok((exit, runs))
}
