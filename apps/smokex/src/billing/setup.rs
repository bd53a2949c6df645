//! `smokex billing setup`: what an account at Stripe needs, made or found.

use std::fmt::Write;

use billing::{Part, SetUp, Trace};
use domain::Money;
use secrecy::ExposeSecret;
use serde::Serialize;
use url::{Host, Url};

use super::account;
use crate::{
    arguments::SetupArguments,
    exit::Exit,
    operate::print,
    style::{Style, Tone, printable},
};

/// Tells what there was and what was made.
pub async fn setup(arguments: &SetupArguments) -> anyhow::Result<Exit> {
    let (config, origin) = account()?;
    let price = match Money::parse(&arguments.price, &arguments.currency) {
        Ok(price) => price,
        Err(error) => return Ok(wrong(&error.to_string())),
    };
    if is_here(&origin) && !is_here(&config.api_url) {
        return Ok(wrong(&format!(
            "Stripe cannot reach {origin}, where it is to tell of payments. Set ORIGIN to the address that people type."
        )));
    }
    let done = SetUp::perform(&config, &origin, &price).await?;
    print(&if arguments.json { json(&done)? } else { text(&done, &price, &origin, Style::of(&std::io::stdout())) })?;
    Ok(Exit::Passed)
}

fn wrong(sentence: &str) -> Exit {
    eprintln!("smokex: {sentence}");
    Exit::Wrong
}

/// Whether it is an address of this machine, for this machine alone.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => true,
    }
}

fn word(trace: Trace) -> &'static str {
    match trace {
        Trace::Found => "found",
        Trace::Changed => "changed",
        Trace::Made => "made",
    }
}

fn text(done: &SetUp, price: &Money, origin: &Url, style: Style) -> String {
    let rows = [
        ("product", &done.product, String::new()),
        ("price", &done.price, format!("{price} a month")),
        ("portal", &done.portal, String::new()),
        ("webhook", &done.webhook, format!("{origin}webhooks/stripe")),
    ];
    let width = rows.iter().map(|(_, part, _)| part.id.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, part, detail) in rows {
        let tone = if part.trace == Trace::Found { Tone::Faint } else { Tone::Good };
        let trace = style.paint(tone, format!("{:<7}", word(part.trace)));
        let line = format!("  {name:<7}  {trace}  {:<width$}  {detail}", printable(&part.id));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(secret) = &done.webhook_secret {
        let place = if done.outdated_webhooks.is_empty() {
            "Give this variable to every process of the server, and restart them."
        } else {
            "Put this behind the secret that every process of the server has, with a comma between, and restart them."
        };
        let _ = write!(
            text,
            "\nSTRIPE_WEBHOOK_SECRET={}\n\n{place} It is not shown again; if it gets lost, delete the webhook endpoint in \
             Stripe's dashboard and run `smokex billing setup` once more.\n",
            secret.expose_secret()
        );
    }
    if !done.outdated_webhooks.is_empty() {
        let _ = writeln!(
            text,
            "\nAn endpoint of another version is there as well ({}). Once the new secret is in use, delete it in Stripe's \
             dashboard.",
            done.outdated_webhooks.join(", ")
        );
    }
    text
}

#[derive(Serialize)]
struct Report<'d> {
    product: Row<'d>,
    price: Row<'d>,
    portal: Row<'d>,
    webhook: Row<'d>,
    webhook_secret: Option<&'d str>,
    outdated_webhooks: &'d [String],
}

#[derive(Serialize)]
struct Row<'d> {
    id: &'d str,
    outcome: &'static str,
}

fn json(done: &SetUp) -> serde_json::Result<String> {
    fn row(part: &Part) -> Row<'_> {
        Row { id: &part.id, outcome: word(part.trace) }
    }
    let report = Report {
        product: row(&done.product),
        price: row(&done.price),
        portal: row(&done.portal),
        webhook: row(&done.webhook),
        webhook_secret: done.webhook_secret.as_ref().map(ExposeSecret::expose_secret),
        outdated_webhooks: &done.outdated_webhooks,
    };
    serde_json::to_string(&report).map(|line| line + "\n")
}
