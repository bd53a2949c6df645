//! `smokex login`: keeps a token, once the server has said what it opens.

mod typed;

use std::{
    env,
    io::{self, Write},
    path::Path,
};

use secrecy::ExposeSecret;

use crate::{
    arguments::LoginArguments,
    credentials::{self, Credentials, DEFAULT_SERVER, SERVER, TOKEN, Transport},
    exit::Exit,
    giving_up::{GivingUp, complete},
    remote::{Address, Remote, TokenDetail},
    style::{Style, Tone, printable},
};

/// How every token begins.
const PREFIX: &str = "smx_";

/// As shells report a death by an interrupt.
const INTERRUPTED: i32 = 130;

/// Asks for a token, asks the server about it, and keeps it.
pub fn login(arguments: &LoginArguments) -> Exit {
    complete(async {
        tokio::select! {
            // It listens before anything is asked.
            biased;
            // What was under way is dropped by now, and the terminal as it was. Reading it cannot be given up.
            _ = tokio::signal::ctrl_c() => {
                eprintln!();
                std::process::exit(INTERRUPTED)
            }
            ended = log_in(arguments) => ended,
        }
    })
}

async fn log_in(arguments: &LoginArguments) -> Result<Exit, GivingUp> {
    let transport = Transport::of(arguments.reach.insecure);
    let server = server(arguments.server.as_deref()).map_err(GivingUp::wrong)?;
    transport.permit(&server).map_err(GivingUp::wrong)?;
    let token = typed::token(&server).await?;
    if !token.expose_secret().starts_with(PREFIX) {
        return Err(GivingUp::wrong(format!("This is no token: one begins with {PREFIX}. Nothing was kept.")));
    }
    let remote = Remote::new(server.clone(), &token).map_err(GivingUp::wrong)?;
    let detail = remote.token().await?;
    let path = Credentials { server, token, transport }.keep().map_err(GivingUp::unknown)?;
    tell(&remote, &detail, &path)?;
    if env::var_os(TOKEN).is_some() {
        eprintln!("{TOKEN} is set and goes before it.");
    }
    Ok(Exit::Passed)
}

/// The one that was named, else the one that was asked last.
fn server(named: Option<&str>) -> Result<Address, String> {
    if let Some(named) = named {
        return named.parse().map_err(|error| format!("--server: {error}"));
    }
    if let Some(named) = credentials::variable(SERVER)? {
        return named.parse().map_err(|error| format!("{SERVER}: {error}"));
    }
    // What cannot be read is about to be replaced.
    match Credentials::kept() {
        Ok(Some(kept)) => Ok(kept.server),
        _ => DEFAULT_SERVER.parse(),
    }
}

fn tell(remote: &Remote, detail: &TokenDetail, path: &Path) -> io::Result<()> {
    let stdout = io::stdout();
    let style = Style::of(&stdout);
    let mut out = stdout.lock();
    let TokenDetail { name, scope, expires_at, organization } = detail;
    let expires = expires_at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    writeln!(out, "Logged in to {}", style.paint(Tone::Strong, remote.address()))?;
    writeln!(out, "organization  {} (tier {})", printable(&organization.name), printable(&organization.tier))?;
    writeln!(out, "token         {}", printable(name))?;
    writeln!(out, "scope         {}", printable(scope))?;
    writeln!(out, "expires       {expires}")?;
    writeln!(out, "kept in       {}", path.display())
}
