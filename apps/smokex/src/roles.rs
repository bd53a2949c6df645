//! The server: everything in one process, or one role alone.

mod settings;
mod tiers;

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, TcpListener},
    process::ExitCode,
};

use anyhow::{Context, bail};
use billing::Billing;
use egress::{Allow, Policy};
use runtime::{
    config::{BillingConfig, ExecutionConfig},
    metrics::Metrics,
};
use store::{Options, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use settings::Settings;

/// What this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Pages, clock and execution, over either database.
    Everything,
    /// Pages.
    Web,
    /// The clock and the upkeep.
    Scheduler,
    /// Execution, and mail.
    Executor,
    /// Brings the database up to date and ends.
    Migrate,
}

impl Role {
    /// The name of a role that is one process of several.
    fn alone(self) -> Option<&'static str> {
        match self {
            Self::Everything | Self::Migrate => None,
            Self::Web => Some("web"),
            Self::Scheduler => Some("scheduler"),
            Self::Executor => Some("executor"),
        }
    }

    fn serves_pages(self) -> bool {
        matches!(self, Self::Everything | Self::Web)
    }
}

/// Does it until it is told to stop; what keeps it from starting is one sentence on standard error.
pub fn start(role: Role) -> ExitCode {
    match try_start(role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smokex: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_start(role: Role) -> anyhow::Result<()> {
    let settings = Settings::from_env(role)?;
    let _telemetry = runtime::telemetry::start(&settings.telemetry);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(role, settings))
}

async fn play(role: Role, settings: Settings) -> anyhow::Result<()> {
    if role.serves_pages() {
        // Before the database is touched: whoever finds the port taken has changed nothing.
        is_free("LISTEN", settings.serving.listen)?;
        is_free("DEMO_LISTEN", settings.serving.demo_listen)?;
    }
    let store = settings.database.open(Options { tiers: settings.tiers.clone(), ..Options::default() }).await?;
    if matches!(role, Role::Everything | Role::Migrate) {
        store.migrate().await?;
    } else {
        settings.database.check(&store).await?;
    }
    if role == Role::Migrate {
        println!("The database {} is up to date.", settings.database.url);
        return Ok(());
    }
    let shutdown = runtime::shutdown::on_signals().context("Signals cannot be watched")?;
    parts(role, settings, store, shutdown).await
}

/// Fails if nothing can listen there now.
fn is_free(variable: &'static str, address: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("{variable}: {address} is in use. Stop what listens there, or choose another address in {variable}.")
        }
        Err(error) => {
            bail!("{variable}: {address} cannot be listened on ({error}). Choose another address in {variable}.")
        }
    }
}

/// Starts what the role is made of and waits for all of it. A part that ends by itself takes the
/// others along: a server that does half of its work looks alive and is not.
async fn parts(role: Role, settings: Settings, store: Store, shutdown: CancellationToken) -> anyhow::Result<()> {
    let Settings { billing, serving, execution, metrics: access, allow, mailer, delivery, .. } = settings;
    let metrics = Metrics::default();
    let origin = serving.origin(serving.listen);
    let mut parts: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let mut demo = serving.demo_url(serving.demo_listen);
    let listener = web::MetricsListener::bind_if_wanted(&access, &serving.trusted_proxies, &metrics, &store)?;
    if let Some(listener) = listener {
        println!("Metrics are at http://{}/metrics", listener.address());
        let shutdown = shutdown.clone();
        parts.spawn(async move { Ok(listener.run(shutdown).await?) });
    }
    if role.serves_pages() {
        let (billing, metrics) = (billing.clone(), metrics.clone());
        let mut config = web::Config { billing, mail: delivery, metrics, ..web::Config::new(serving) };
        config.metrics_access = access;
        let application = web::Application::build(config, store.clone())?;
        demo = application.demo_url().parse().context("DEMO_URL")?;
        println!("Smokex is ready: {}", application.origin());
        let shutdown = shutdown.clone();
        parts.spawn(async move { Ok(application.run(shutdown).await?) });
    }
    if matches!(role, Role::Everything | Role::Executor) {
        let policy = allow.into_iter().chain(loopback(&demo)).fold(Policy::public(), Policy::allow);
        let ExecutionConfig { concurrency, lease, .. } = execution;
        let config = executor::Config { concurrency, lease, policy, mailer, metrics: metrics.clone(), panics_on: None };
        parts.spawn(executor::run(config, store.clone(), shutdown.clone()));
    }
    if matches!(role, Role::Everything | Role::Scheduler) {
        let sell = |account| Billing::new(&account, store.clone(), origin.clone());
        let billing = billing.map(sell).transpose().context(BillingConfig::SECRET_KEY)?;
        parts.spawn(scheduler::run(scheduler::Config { billing, origin, metrics }, store, shutdown.clone()));
    }
    let mut ended = Ok(());
    while let Some(part) = parts.join_next().await {
        let part = part.context("A part of the server panicked").flatten();
        if !shutdown.is_cancelled() && ended.is_ok() {
            ended = part.and_then(|()| bail!("A part of the server ended by itself"));
        } else {
            ended = ended.and(part);
        }
        shutdown.cancel();
    }
    ended
}

/// The demo endpoints are the one loopback address that plans may reach. A public address of theirs
/// is reached like any other.
fn loopback(demo: &Url) -> Option<Allow> {
    let ip: IpAddr = match demo.host()? {
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        Host::Domain(_) => return None,
    };
    let address = SocketAddr::new(ip, demo.port_or_known_default()?);
    ip.is_loopback().then(|| address.to_string().parse().expect("an address with a port is an exception"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_of_the_demo_endpoints_is_an_exception() {
        let allowed = |url: &str| loopback(&url.parse().unwrap());
        assert_eq!(allowed("http://127.0.0.1:8081"), Some("127.0.0.1:8081".parse().unwrap()));
        assert_eq!(allowed("http://[::1]"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(allowed("http://10.0.0.1:8081"), None);
        assert_eq!(allowed("https://demo.example.com"), None);
    }
}
