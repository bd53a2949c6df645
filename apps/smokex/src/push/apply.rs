//! Applying what differs, plan by plan, and telling of each what became of it.

use std::io::{self, Write};

use http::StatusCode;

use super::compare::Changes;
use crate::{
    exit::Exit,
    folder::LocalPlan,
    giving_up::complain,
    remote::{Remote, RemoteError},
    style::{Style, Tone, printable},
};

/// Applies everything that can be; what is deleted comes last, and only if all else was done.
///
/// # Errors
/// If what became of it cannot be written.
pub async fn apply(remote: &Remote, changes: Changes, out: &mut impl Write) -> io::Result<Exit> {
    let style = Style::of(&io::stdout());
    let mut progress = Progress { out, style, done: 0, failed: 0, left: 0, end: None };
    for (plan, seen) in &changes.changed {
        if progress.end.is_some() {
            progress.leave(&plan.name)?;
            continue;
        }
        let saved = remote.save_plan(seen, &plan.file.text()).await;
        progress.note(&plan.name, Some(plan), saved.map(|saved| format!("version {}", saved.version)))?;
    }
    for plan in &changes.new {
        if progress.end.is_some() {
            progress.leave(&plan.name)?;
            continue;
        }
        let made = remote.create_plan(&plan.name, &plan.file.text()).await;
        progress.note(&plan.name, Some(plan), made.map(|made| format!("made, {}", made.id)))?;
    }
    for row in &changes.deleted {
        if progress.failed > 0 {
            progress.leave(&row.name)?;
            continue;
        }
        let deleted = remote.delete_plan(row.id).await;
        progress.note(&row.name, None, deleted.map(|()| "deleted".to_owned()))?;
    }
    progress.end()
}

struct Progress<'o, W> {
    out: &'o mut W,
    style: Style,
    done: usize,
    failed: usize,
    /// Not tried.
    left: usize,
    /// Set once nothing else has a chance.
    end: Option<Exit>,
}

impl<W: Write> Progress<'_, W> {
    fn note(&mut self, name: &str, plan: Option<&LocalPlan>, done: Result<String, RemoteError>) -> io::Result<()> {
        let name = printable(name);
        match done {
            Ok(what) => {
                self.done += 1;
                writeln!(self.out, "{} {name}: {what}", self.style.paint(Tone::Good, "✓"))
            }
            Err(error) => {
                self.failed += 1;
                if error.ends_everything() {
                    // Once something was applied, it is not the call that is wrong.
                    self.end = Some(if self.done == 0 { error.exit() } else { Exit::Unknown });
                }
                writeln!(self.out, "{} {name}: not applied", self.style.paint(Tone::Bad, "✗"))?;
                self.out.flush()?;
                explain(&name, plan, &error)
            }
        }
    }

    fn leave(&mut self, name: &str) -> io::Result<()> {
        self.left += 1;
        writeln!(self.out, "{} {}: not tried", self.style.paint(Tone::Faint, "–"), printable(name))
    }

    fn end(self) -> io::Result<Exit> {
        let Self { out, done, failed, left, end, .. } = self;
        match (failed, left) {
            (0, _) => writeln!(out, "{done} applied.")?,
            (_, 0) => writeln!(out, "{done} applied, {failed} not.")?,
            _ => writeln!(out, "{done} applied, {failed} not, {left} not tried.")?,
        }
        out.flush()?;
        Ok(end.unwrap_or(if failed == 0 { Exit::Passed } else { Exit::Failed }))
    }
}

fn explain(name: &str, plan: Option<&LocalPlan>, error: &RemoteError) -> io::Result<()> {
    match error.status() {
        Some(StatusCode::CONFLICT) => {
            complain(&format!("{name}: {error}\nLook at it with `smokex pull`, then push again."));
        }
        _ => complain(&format!("{name}: {error}")),
    }
    let (Some(plan), RemoteError::Refused(problem)) = (plan, error) else { return Ok(()) };
    let stderr = io::stderr();
    plan.file.print_foreign(&mut stderr.lock(), Style::of(&stderr), &problem.diagnostics)
}
