//! `fake-stripe`: a fake Stripe to try billing with in a browser. Nothing of it is real.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use testkit::stripe::{FakeStripe, Settings};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a fake Stripe: its API, pages to pay on, webhooks, and a page to steer it.
#[derive(Parser)]
struct Arguments {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// The secret key that requests must show.
    #[arg(long, default_value = "sk_test_demo")]
    key: String,
    /// Where its state is kept across restarts; without it, it forgets.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The address of its pages for browsers, if that is another one than where it listens.
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let origin = arguments.origin.map(|origin| format!("{}/", origin.trim_end_matches('/')));
    let settings = Settings { listen: arguments.listen, key: arguments.key, origin, file: arguments.state };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stripe = FakeStripe::open(settings).await.context("fake-stripe cannot start")?;
    stripe.follow_the_real_clock();
    println!("A fake Stripe listens on {} with the key {}", stripe.url(), stripe.secret_key());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stripe.stop().await;
    Ok(())
}
