//! `smokex push`: brings a server's plans in line with the folder.

mod apply;
mod compare;

use std::io::{self, Write};

use self::{apply::apply, compare::Changes};
use crate::{
    arguments::PushArguments,
    credentials::{Credentials, Transport},
    exit::Exit,
    folder::{Folder, LocalPlan},
    giving_up::{GivingUp, complain, complete},
    question::{Answer, Consent},
    style::{Style, printable},
};

/// Shows what differs, and applies it if somebody says so.
pub fn push(arguments: &PushArguments) -> Exit {
    complete(async {
        let folder = Folder::find(arguments.folder.folder.as_deref()).map_err(GivingUp::wrong)?;
        let local = folder.plans().map_err(GivingUp::wrong)?;
        if !all_right(&local) {
            return Ok(Exit::Wrong);
        }
        let remote = Credentials::remote(Transport::of(arguments.server.insecure)).map_err(GivingUp::wrong)?;
        let organization = remote.token().await?.organization.name;
        let changes = Changes::find(&remote, local, arguments.delete).await?;
        let mut stdout = io::stdout();
        changes.show(&mut stdout, Style::of(&io::stdout()))?;
        stdout.flush()?;
        if changes.is_empty() {
            return Ok(Exit::Passed);
        }
        if arguments.dry_run {
            return Ok(Exit::Failed);
        }
        let question = format!("Apply this to {} at {}?", printable(&organization), remote.address());
        match Consent::of(arguments.yes).to(&question)? {
            Answer::Yes => Ok(apply(&remote, changes, &mut stdout).await?),
            Answer::No => {
                writeln!(stdout, "Nothing was changed.")?;
                Ok(Exit::Failed)
            }
            Answer::Nobody => {
                complain("Nothing was changed: nobody is there to ask. Say --yes.");
                Ok(Exit::Failed)
            }
        }
    })
}

/// Whether all of them are plans; tells every mistake if not.
fn all_right(local: &[LocalPlan]) -> bool {
    let stderr = io::stderr();
    for plan in local {
        // Whoever closed the stream does not want to know; the exit code tells all the same.
        let _ = plan.file.print_diagnostics(&mut stderr.lock(), Style::of(&stderr));
    }
    local.iter().all(|plan| plan.file.plan.is_some())
}
