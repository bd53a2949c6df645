//! What differs between the folder and the server.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{
    diff,
    folder::LocalPlan,
    giving_up::GivingUp,
    remote::{Remote, RemotePlan, RemotePlanRow, ambiguous},
    style::{Style, Tone, printable},
};

/// What there is to do.
#[derive(Default)]
pub struct Changes {
    /// Files whose plan the server does not have.
    pub new: Vec<LocalPlan>,
    /// Files that say something else than the server's plan, as it was seen.
    pub changed: Vec<(LocalPlan, RemotePlan)>,
    /// Plans without a file that are to be deleted.
    pub deleted: Vec<RemotePlanRow>,
    unchanged: usize,
    /// Plans without a file that stay.
    strangers: usize,
}

impl Changes {
    /// Asks the server for what it has.
    pub async fn find(remote: &Remote, local: Vec<LocalPlan>, delete: bool) -> Result<Self, GivingUp> {
        let mut there: BTreeMap<String, Vec<RemotePlanRow>> = BTreeMap::new();
        for row in remote.plans().await? {
            there.entry(row.name.clone()).or_default().push(row);
        }
        let mut changes = Self::default();
        for plan in local {
            match there.remove(&plan.name).as_deref() {
                None => changes.new.push(plan),
                Some([row]) => {
                    let seen = remote.plan(row.id).await?;
                    if plan.file.text() == seen.text {
                        changes.unchanged += 1;
                    } else {
                        changes.changed.push((plan, seen));
                    }
                }
                Some(several) => {
                    return Err(GivingUp::wrong(ambiguous(&plan.name, &several.iter().collect::<Vec<_>>())));
                }
            }
        }
        let rest = there.into_values().flatten();
        match delete {
            true => changes.deleted = rest.collect(),
            false => changes.strangers = rest.count(),
        }
        Ok(changes)
    }

    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.deleted.is_empty()
    }

    /// A diff for what differs, a line for what is new or deleted, a number for the rest.
    pub fn show(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        for (plan, seen) in &self.changed {
            let old = format!("{} on the server, version {}", seen.name, seen.version);
            diff::print(out, style, (&old, &seen.text), (&plan.file.shown(), &plan.file.text()))?;
        }
        for plan in &self.new {
            let (file, name) = (printable(&plan.file.shown()), printable(&plan.name));
            writeln!(out, "{file}: {name} {}", style.paint(Tone::Good, "is new"))?;
        }
        for row in &self.deleted {
            let deleted = style.paint(Tone::Bad, "is deleted with its runs");
            writeln!(out, "{} has no file and {deleted}", printable(&row.name))?;
        }
        let Self { new, changed, deleted, unchanged, strangers } = self;
        write!(out, "{} new, {} changed, {} deleted, {unchanged} unchanged.", new.len(), changed.len(), deleted.len())?;
        if *strangers > 0 {
            write!(out, " {strangers} of the server have no file and stay; --delete deletes them.")?;
        }
        writeln!(out)
    }
}
