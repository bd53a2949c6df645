//! A database of ours for a figure: an organization with one plan, runs queued and executed.

use std::time::{Duration, Instant};

use anyhow::Context;
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use domain::{Cause, PlanId, Restriction, WhenBusy};
use egress::Policy;
use notify::Mailer;
use runtime::{
    config::{MailConfig, MailRoute},
    metrics::Metrics,
};
use sha2::{Digest, Sha256};
use store::{Change, DatabaseUrl, Member, NewAccount, NewPlan, NewRun, NewSession, RunChange, SealingKey, Store};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::load;

/// What the browser of the figures keeps in its cookie.
pub const SESSION: [u8; 32] = [7; 32];

/// An open store with a signed-in owner and the plan of the figures.
pub struct Household {
    /// Where it is.
    pub url: String,
    /// Ours.
    pub store: Store,
    /// The owner.
    pub member: Member,
    /// The plan.
    pub plan: PlanId,
}

/// The databases that a figure is taken on: a name, ours, and the floor's.
pub fn databases(folder: &std::path::Path) -> anyhow::Result<Vec<(&'static str, String, String)>> {
    let file = |name: &str| format!("sqlite:{}", folder.join(name).display());
    let mut databases = vec![("sqlite", file("ours.db"), file("floor.db"))];
    match std::env::var("BENCH_POSTGRES") {
        Ok(url) => {
            let (ours, floor) = (fresh_postgres(&url)?, fresh_postgres(&url)?);
            databases.push(("postgres", ours, floor));
        }
        Err(_) => eprintln!("BENCH_POSTGRES is not set: nothing is measured on PostgreSQL"),
    }
    Ok(databases)
}

fn fresh_postgres(url: &str) -> anyhow::Result<String> {
    let name = format!("bench_{}", Uuid::new_v4().simple());
    PgConnection::establish(url)?.batch_execute(&format!("CREATE DATABASE {name}"))?;
    Ok(url.replacen("/postgres?", &format!("/{name}?"), 1))
}

impl Household {
    /// Migrates the database and signs the owner of a plan for the target up.
    pub async fn new(url: &str, target: &load::Target) -> anyhow::Result<Self> {
        Self::with_plan(url, new_plan(&target.address, "Orders")?).await
    }

    /// Migrates the database and signs the plan's owner up.
    pub async fn with_plan(url: &str, plan: NewPlan) -> anyhow::Result<Self> {
        let store = open(url).await?;
        store.migrate().await?;
        let (member, plan) = move_in(&store, "ada@example.com", SESSION, plan).await?;
        Ok(Self { url: url.to_owned(), store, member, plan })
    }

    /// Somebody else who lives in the same database, in an organization of their own.
    pub async fn neighbor(&self, plan: NewPlan) -> anyhow::Result<Self> {
        let (member, plan) = move_in(&self.store, "grace@example.com", [8; 32], plan).await?;
        Ok(Self { url: self.url.clone(), store: self.store.clone(), member, plan })
    }

    /// The store as another process has it, with connections of its own; over SQLite the very same.
    pub async fn as_elsewhere(&self) -> anyhow::Result<Store> {
        match self.url.starts_with("sqlite:") {
            true => Ok(self.store.clone()),
            false => open(&self.url).await,
        }
    }

    /// Queues runs of the plan.
    pub async fn queue(&self, runs: usize) -> anyhow::Result<()> {
        for _ in 0..runs {
            let new = NewRun::of(self.plan, Cause::Manual);
            self.store.queue_run(self.member.tenant(), new).await?;
        }
        Ok(())
    }

    /// Has an executor of this process execute the queued runs; answers how many a second, from the
    /// executor's start to the last run's end.
    pub async fn execute(&self, runs: usize) -> anyhow::Result<f64> {
        let mut changes = self.store.changes();
        let shutdown = CancellationToken::new();
        let begin = Instant::now();
        let worker = tokio::spawn(executor::run(executing(), self.store.clone(), shutdown.clone()));
        let mut finished = 0;
        while finished < runs {
            match changes.next().await {
                Change::Run { kind: RunChange::Finished, .. } => finished += 1,
                Change::Resync => anyhow::bail!("the change feed could not keep up"),
                _ => {}
            }
        }
        let took = begin.elapsed().as_secs_f64();
        shutdown.cancel();
        worker.await??;
        #[allow(clippy::cast_precision_loss)]
        Ok(runs as f64 / took)
    }
}

/// How the executors of the figures work.
pub fn executing() -> executor::Config {
    executor::Config {
        concurrency: load::AT_ONCE,
        lease: Duration::from_secs(30),
        policy: Policy::any(),
        mailer: no_mail(),
        metrics: Metrics::default(),
        panics_on: None,
    }
}

/// The figures are of runs: nobody queues a mail, so the folder is never made.
fn no_mail() -> Mailer {
    let route = MailRoute::Folder("no-mail".into());
    Mailer::new(&MailConfig { route, from: "smokex@localhost".to_owned() }).expect("the sender is an address")
}

/// Opens a store with the key of the figures.
pub async fn open(url: &str) -> anyhow::Result<Store> {
    let url: DatabaseUrl = url.parse()?;
    Ok(Store::open(&url, SealingKey::new(&[9; 32]), store::Options::default()).await?)
}

/// Signs somebody up, and in.
async fn move_in(store: &Store, email: &str, session: [u8; 32], plan: NewPlan) -> anyhow::Result<(Member, PlanId)> {
    let user = store
        .sign_up(NewAccount {
            email: email.parse()?,
            password_hash: "nobody signs in with it".to_owned(),
            organization_name: "Bench".parse()?,
            sample: Some(plan),
            confirmation: None,
        })
        .await?;
    let token_hash = Sha256::digest(session).into();
    let expires_at = jiff_in_a_day();
    store.create_session(user, NewSession { token_hash, user_agent: "bench".to_owned(), expires_at }).await?;
    let member = store.member(token_hash).await?.context("the member who has just signed in")?;
    let plans = store.plans(member.tenant(), store::PlanFilter::default()).await?;
    let plan = plans.items.first().context("the sample plan")?.id;
    Ok((member, plan))
}

/// The plan of the figures, ready to be stored.
pub fn new_plan(target: &str, name: &str) -> anyhow::Result<NewPlan> {
    checked_plan(load::plan_text(target), name)
}

/// A plan of any text, ready to be stored.
pub fn checked_plan(text: String, name: &str) -> anyhow::Result<NewPlan> {
    let plan = plan::check(&text, &plan::Known::default()).plan.context("a valid plan")?;
    let outline = plan::outline(&plan);
    let steps = u32::try_from(outline.len())?;
    Ok(NewPlan {
        name: name.parse()?,
        text,
        steps,
        outline: serde_json::to_string(&outline)?,
        restriction: Restriction::None,
        when_busy: WhenBusy::Refuse,
        outside: Vec::new(),
    })
}

fn jiff_in_a_day() -> jiff::Timestamp {
    jiff::Timestamp::now() + Duration::from_secs(86_400)
}
