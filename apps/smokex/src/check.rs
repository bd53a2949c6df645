//! `smokex check`: tells every mistake in plans without running them.

use std::io::{self, Write};

use plan::Known;

use crate::{
    arguments::CheckArguments,
    exit::Exit,
    plan_file::PlanFile,
    style::{Style, printable},
};

/// Diagnostics go to standard error; a line per good plan to standard output.
///
/// Which variables a plan will be given from outside is not known here, so names that it does not
/// define itself are warnings.
pub fn check(arguments: &CheckArguments) -> Exit {
    let mut exit = Exit::Passed;
    for path in &arguments.plans {
        exit = exit.and(match PlanFile::read(path, &Known::default()) {
            Err(sentence) => {
                eprintln!("{sentence}");
                Exit::Wrong
            }
            Ok(file) => tell(&file),
        });
    }
    exit
}

fn tell(file: &PlanFile) -> Exit {
    let stderr = io::stderr();
    // Whoever closed the stream does not want to know; the exit code tells all the same.
    let _ = file.print_diagnostics(&mut stderr.lock(), Style::of(&stderr));
    let Some(plan) = &file.plan else { return Exit::Wrong };
    let steps = counted(plan.steps.len() + plan.finally.len(), "step");
    let found = match file.warnings() {
        0 => "no mistakes".to_owned(),
        warnings => counted(warnings, "warning"),
    };
    let _ = writeln!(io::stdout(), "{}: {steps}, {found}", printable(&file.shown()));
    Exit::Passed
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
