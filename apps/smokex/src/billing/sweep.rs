//! `smokex billing sweep`: every customer is read at Stripe now.

use std::{fmt::Write, time::Duration};

use billing::{Billing, Error, Sweep, Swept};
use domain::OrganizationId;
use serde::Serialize;
use store::{Footing, Store, Synced};

use super::account;
use crate::{
    exit::Exit,
    operate::print,
    style::{Style, Tone, printable},
};

/// Stripe allows more than this.
const SWEEP: Sweep = Sweep { unread_for: Duration::ZERO, pause: Duration::from_millis(100) };

/// Tells whose tier or subscription was otherwise here, and whom Stripe did not tell of.
pub async fn sweep(store: &Store, json: bool) -> anyhow::Result<Exit> {
    let (config, origin) = account()?;
    let billing = Billing::new(&config, store.clone(), origin)?;
    let mut report = Report::default();
    let swept = billing.sweep(SWEEP, |swept| report.add(swept)).await;
    print(&if json { report.json()? } else { report.text(Style::of(&std::io::stdout())) })?;
    swept?;
    Ok(if report.failed.is_empty() { Exit::Passed } else { Exit::Unknown })
}

/// What came of a sweep so far.
#[derive(Default, Serialize)]
struct Report {
    read: u64,
    changed: Vec<Changed>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
struct Changed {
    organization_id: OrganizationId,
    organization: String,
    before: Stood,
    after: Stood,
}

#[derive(Serialize)]
struct Stood {
    tier: &'static str,
    status: Option<&'static str>,
}

#[derive(Serialize)]
struct Failed {
    organization_id: OrganizationId,
    problem: String,
}

impl Stood {
    fn of(footing: Footing) -> Self {
        Self { tier: footing.tier.as_str(), status: footing.status.map(|status| status.as_str()) }
    }

    fn text(&self) -> String {
        format!("{}, {}", self.tier, self.status.unwrap_or("no subscription"))
    }
}

impl Report {
    fn add(&mut self, Swept { organization, outcome }: Swept) {
        match outcome {
            Ok(synced) => {
                self.read += 1;
                if let Synced::Written { organization: name, before, after } = synced
                    && before != after
                {
                    let (before, after) = (Stood::of(before), Stood::of(after));
                    self.changed.push(Changed { organization_id: organization, organization: name, before, after });
                }
            }
            Err(error) => self.failed.push(Failed { organization_id: organization, problem: problem(&error) }),
        }
    }

    fn text(&self, style: Style) -> String {
        let mut text = String::new();
        for Changed { organization, before, after, .. } in &self.changed {
            let name = style.paint(Tone::Good, printable(organization));
            let _ = writeln!(text, "  {name}: {} → {}", before.text(), after.text());
        }
        for Failed { organization_id, problem } in &self.failed {
            let name = style.paint(Tone::Bad, format!("✗ {organization_id}"));
            let _ = writeln!(text, "  {name}: {}", printable(problem));
        }
        let (read, changed, failed) = (self.read, self.changed.len(), self.failed.len());
        let customers = if read == 1 { "customer was" } else { "customers were" };
        let _ = write!(text, "{read} {customers} read, {changed} had changed");
        text.push_str(&if failed == 0 { ".\n".to_owned() } else { format!(", {failed} could not be read.\n") });
        text
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self).map(|line| line + "\n")
    }
}

/// What members are told, and what Stripe said.
fn problem(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error} ({source})"),
        None => error.to_string(),
    }
}
