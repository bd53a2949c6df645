//! What every test here needs: somebody with plans, a target, executors that can be started and stopped.

use std::time::Duration;

use domain::{PlanId, RunId, RunState};
use egress::Policy;
use notify::Mailer;
use runtime::{
    config::{Environment, MailConfig},
    metrics::Metrics,
};
use store::{Change, Member, NewPlan, RunChange, RunDetail, Store};
use testkit::{TestDatabase, factory, target::Target};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for something that should happen soon.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub database: TestDatabase,
    pub store: Store,
    pub member: Member,
    pub target: Target,
    /// What all its executors count.
    pub metrics: Metrics,
}

impl World {
    pub async fn new(database: TestDatabase) -> Self {
        let store = database.open().await;
        let member = factory::member(&store).await;
        Self { database, store, member, target: Target::start().await, metrics: Metrics::default() }
    }

    /// Saves a plan; `TARGET` in its text becomes the target's address.
    pub async fn plan(&self, text: &str) -> PlanId {
        let text = text.replace("TARGET", &self.target.address().to_string());
        let plan::Checked { plan, outside, diagnostics } = plan::check(&text, &plan::Known::default());
        let plan = plan.unwrap_or_else(|| panic!("the plan is not valid: {diagnostics:?}"));
        let outline = plan::outline(&plan);
        let new = NewPlan {
            text,
            outside,
            outline: serde_json::to_string(&outline).expect("an outline is JSON"),
            steps: u32::try_from(outline.len()).expect("few steps"),
            ..factory::plan("Plan")
        };
        self.store.create_plan(self.member.tenant(), self.member.user_id, new).await.expect("the plan is saved")
    }

    pub async fn queue(&self, plan: PlanId) -> RunId {
        factory::queued_run(&self.store, &self.member, plan).await
    }

    pub async fn detail(&self, run: RunId) -> RunDetail {
        self.store.run(self.member.tenant(), run).await.expect("the database works").expect("the run is there")
    }

    /// Waits until the run is over.
    pub async fn ended(&self, run: RunId) -> RunDetail {
        self.until(run, RunChange::Finished, |detail| detail.row.state.is_final()).await
    }

    /// Waits until the run is as wanted; looks again at every change of this kind.
    pub async fn until(&self, run: RunId, kind: RunChange, wanted: impl Fn(&RunDetail) -> bool) -> RunDetail {
        let mut changes = self.store.changes();
        let look = async {
            loop {
                let detail = self.detail(run).await;
                if wanted(&detail) {
                    return detail;
                }
                loop {
                    match changes.next().await {
                        Change::Run { kind: of, run: id, .. } if id == run && of == kind => break,
                        Change::Resync => break,
                        _ => {}
                    }
                }
            }
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(detail) => detail,
            Err(_) => panic!("it does not come to that: {:?}", self.detail(run).await),
        }
    }

    /// An executor with connections of its own, as in a process of its own.
    pub async fn executor(&self) -> Executor {
        self.executor_with(Duration::from_secs(60)).await
    }

    /// An executor whose leases last this long.
    pub async fn executor_with(&self, lease: Duration) -> Executor {
        Executor::start(self.store_of_its_own().await, self, lease, no_mail())
    }

    /// An executor whose mail goes out this way.
    pub async fn executor_sending(&self, mailer: Mailer) -> Executor {
        Executor::start(self.store_of_its_own().await, self, Duration::from_secs(60), mailer)
    }

    async fn store_of_its_own(&self) -> Store {
        // In SQLite changes are told within the process, through one store.
        if self.database.is_sqlite() { self.store.clone() } else { self.database.open().await }
    }
}

/// For those who queue no mail: the folder is never made.
pub fn no_mail() -> Mailer {
    mailer(&[("VAR_DIR", "/no-mail")])
}

/// Mail goes out as these variables say.
pub fn mailer(variables: &[(&str, &str)]) -> Mailer {
    let config = MailConfig::read(&Environment::given(variables.iter().copied())).expect("the variables are right");
    Mailer::new(&config).expect("the sender is an address")
}

pub struct Executor {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Executor {
    fn start(store: Store, world: &World, lease: Duration, mailer: Mailer) -> Self {
        let policy = Policy::public().allow(world.target.address().to_string().parse().expect("an address"));
        let stop = CancellationToken::new();
        let config =
            executor::Config { concurrency: 4, lease, policy, mailer, metrics: world.metrics.clone(), panics_on: None };
        let task = tokio::spawn(executor::run(config, store, stop.clone()));
        Self { stop, task }
    }

    /// As a signal would. Returns when the executor has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await.expect("the executor ends");
        ended.expect("it does not panic").expect("everything is written");
    }

    /// As a signal would; does not wait.
    pub fn signal(&self) {
        self.stop.cancel();
    }
}

pub fn is(state: RunState) -> impl Fn(&RunDetail) -> bool {
    move |detail| detail.row.state == state
}
