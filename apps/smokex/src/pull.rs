//! `smokex pull`: writes a server's plans into the folder.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    arguments::PullArguments,
    credentials::{Credentials, Transport},
    diff,
    exit::Exit,
    file::{self, Readers},
    folder::{Folder, LocalPlan, written_name},
    giving_up::{GivingUp, complain, complete},
    question::{Answer, Consent},
    remote::{Remote, RemotePlan, one_of_each_name},
    style::{Style, Tone, printable},
};

/// What there is to do.
#[derive(Default)]
struct Work {
    /// Plans that no file holds yet.
    new: Vec<(PathBuf, RemotePlan)>,
    /// Files that hold something else.
    changed: Vec<(PathBuf, RemotePlan)>,
    unchanged: usize,
    /// Plans that no file can hold.
    homeless: Vec<RemotePlan>,
}

/// Writes what is new, and what differs if somebody says so.
pub fn pull(arguments: &PullArguments) -> Exit {
    complete(async {
        let remote = Credentials::remote(Transport::of(arguments.server.insecure)).map_err(GivingUp::wrong)?;
        let plans = read(&remote).await?;
        let folder = Folder::find_or_make(arguments.folder.folder.as_deref()).map_err(GivingUp::wrong)?;
        let local = folder.plans().map_err(GivingUp::wrong)?;
        let mut stdout = io::stdout();
        tell_strangers(&mut stdout, &local, &plans)?;
        let work = compare(&folder, &local, plans).map_err(GivingUp::wrong)?;
        let exit = write(&work, &local, Consent::of(arguments.yes), &mut stdout)?;
        stdout.flush()?;
        Ok(exit)
    })
}

async fn read(remote: &Remote) -> Result<Vec<RemotePlan>, GivingUp> {
    let rows = remote.plans().await?;
    one_of_each_name(&rows).map_err(GivingUp::wrong)?;
    let mut plans = Vec::with_capacity(rows.len());
    for row in rows {
        plans.push(remote.plan(row.id).await?);
    }
    // Those that only the name of their file tells apart choose first.
    plans.sort_by_key(|plan| written_name(&plan.text).is_some());
    Ok(plans)
}

fn tell_strangers(out: &mut impl Write, local: &[LocalPlan], plans: &[RemotePlan]) -> io::Result<()> {
    for plan in local.iter().filter(|plan| !plans.iter().any(|there| there.name == plan.name)) {
        writeln!(out, "{}: {} is not on the server", printable(&plan.file.shown()), printable(&plan.name))?;
    }
    Ok(())
}

fn compare(folder: &Folder, local: &[LocalPlan], plans: Vec<RemotePlan>) -> Result<Work, String> {
    let mut taken = folder.taken()?;
    let files: BTreeMap<&str, &LocalPlan> = local.iter().map(|plan| (plan.name.as_str(), plan)).collect();
    let mut work = Work::default();
    for plan in plans {
        match files.get(plan.name.as_str()) {
            Some(local) if local.file.text() == plan.text => work.unchanged += 1,
            Some(local) => work.changed.push((local.file.path.clone(), plan)),
            None => match folder.place(&mut taken, &plan.name, &plan.text) {
                Some(path) => work.new.push((path, plan)),
                None => work.homeless.push(plan),
            },
        }
    }
    Ok(work)
}

fn write(work: &Work, local: &[LocalPlan], consent: Consent, out: &mut impl Write) -> Result<Exit, GivingUp> {
    let style = Style::of(&io::stdout());
    let mut exit = Exit::Passed;
    for (path, plan) in &work.new {
        file::create(path, plan.text.as_bytes(), Readers::Usual).map_err(|error| cannot(path, &error))?;
        writeln!(out, "{}: {} {}", shown(path), printable(&plan.name), style.paint(Tone::Good, "is new"))?;
    }
    for plan in &work.homeless {
        complain(&format!(
            "`{}` is left out: the name of a file cannot hold its name. Write `name:` into its text on the server.",
            plan.name
        ));
        exit = Exit::Failed;
    }
    for (path, plan) in &work.changed {
        let before = local.iter().find(|local| local.file.path == *path).map(|local| local.file.text());
        let old = (path.to_string_lossy(), before.unwrap_or_default());
        let new = format!("{} on the server, version {}", plan.name, plan.version);
        diff::print(out, style, (&old.0, &old.1), (&new, &plan.text))?;
    }
    out.flush()?;
    if !work.changed.is_empty() {
        let files = counted(work.changed.len(), "file");
        match consent.to(&format!("Overwrite {files}?"))? {
            Answer::Yes => {
                for (path, plan) in &work.changed {
                    file::replace(path, plan.text.as_bytes(), Readers::Usual).map_err(|error| cannot(path, &error))?;
                }
                writeln!(out, "{files} overwritten.")?;
            }
            Answer::No => {
                writeln!(out, "Nothing was overwritten.")?;
                exit = Exit::Failed;
            }
            Answer::Nobody => {
                complain(&format!("{files} would be overwritten, and nobody is there to ask. Say --yes."));
                exit = Exit::Failed;
            }
        }
    }
    writeln!(out, "{} new, {} changed, {} unchanged.", work.new.len(), work.changed.len(), work.unchanged)?;
    Ok(exit)
}

fn cannot(path: &Path, error: &io::Error) -> GivingUp {
    GivingUp::unknown(format!("{} cannot be written: {error}.", path.display()))
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
