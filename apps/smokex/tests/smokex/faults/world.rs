//! What a scenario plays in: a database, somebody signed in, a shop, the processes, the load, and the verdict.

use std::{sync::Arc, time::Duration};

use domain::{PlanId, RunState};
use store::{Member, RunFilter, Store};
use testkit::TestDatabase;
use tokio::time::Instant;

use super::{
    super::{browser::Browser, program::Folder, roles::test_key},
    calendar::Calendar,
    fleet::Fleet,
    form::Form,
    load::{Accepted, Load},
    shop::Shop,
    verdict::{Evidence, Figures},
};

/// How long everything that was accepted may take to come to its end once the faults are over.
const SETTLED: Duration = Duration::from_secs(90);

pub struct World {
    pub form: Form,
    pub fleet: Fleet,
    pub shop: Shop,
    pub accepted: Accepted,
    pub database: TestDatabase,
    /// The test's own way to the database.
    pub store: Store,
    pub browser: Arc<Browser>,
    /// The path of the plan that is run.
    pub plan: String,
    /// What the reason of a run that had to be broken off may hold, in lower case.
    pub excuses: Vec<&'static str>,
    calendar: Calendar,
    load: Option<Load>,
}

/// How the processes are set up.
pub struct Setting {
    /// What is started; the first one serves pages.
    pub roles: &'static [&'static str],
    /// `RUN_LEASE_SECONDS`.
    pub lease: u32,
    /// How long the shop takes for an answer at most, in milliseconds.
    pub slowest: u64,
    /// More variables.
    pub variables: Vec<(&'static str, String)>,
    /// See [`Fleet::within`].
    pub within: Option<u32>,
}

impl Setting {
    /// These roles with this lease, otherwise as usual.
    pub fn of(roles: &'static [&'static str], lease: u32) -> Self {
        Self { roles, lease, slowest: 60, variables: Vec::new(), within: None }
    }
}

impl World {
    /// Starts everything but the load.
    pub async fn new(form: Form, database: TestDatabase, setting: Setting) -> Self {
        let (shop, folder) = (Shop::open(setting.slowest).await, Arc::new(Folder::new()));
        let store = database.open().await;
        let mut variables = vec![
            ("DATABASE_URL", database.url().to_owned()),
            ("SMOKEX_KEY", test_key()),
            ("LISTEN", "127.0.0.1:0".to_owned()),
            ("DEMO_LISTEN", "127.0.0.1:0".to_owned()),
            ("EGRESS_ALLOW", shop.address()),
            ("RUN_LEASE_SECONDS", setting.lease.to_string()),
        ];
        variables.extend(setting.variables);
        let mut fleet = Fleet::new(folder, variables);
        fleet.within = setting.within;
        tokio::task::block_in_place(|| fleet.start(setting.roles));
        let origin = fleet.origins()[0].borrow().clone().expect("pages are served");
        let browser = Browser::sign_up(&origin, "ada@example.com").await;
        let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", &shop.plan())]).await;
        let plan = plan.split('?').next().unwrap_or_default().to_owned();
        let (browser, accepted) = (Arc::new(browser), Accepted::default());
        Self {
            form,
            fleet,
            shop,
            accepted,
            database,
            store,
            browser,
            plan,
            excuses: vec!["worker was lost"],
            calendar: Calendar::default(),
            load: None,
        }
    }

    /// Whoever signed up, as the test's own store knows them.
    pub async fn member(&self) -> Member {
        self.store.member(self.browser.token_hash()).await.unwrap().expect("somebody has signed up")
    }

    /// Makes so many schedules of the plan.
    pub async fn keep_calendar(&mut self, many: usize, interval: &str, repeats: Option<u32>) {
        let plan: PlanId = self.plan.trim_start_matches("/plans/").parse().expect("the path ends with the plan's id");
        let member = self.member().await;
        self.calendar = Calendar::keep(&self.store, &member, plan, many, interval, repeats).await;
    }

    /// Lets runs be started, one every `pause` with each process that serves pages.
    pub fn load(&mut self, pause: Duration) {
        self.load = Some(Load::start(&self.browser, &self.plan, self.fleet.origins(), pause, &self.accepted));
    }

    /// Waits until so many more runs were accepted: the load has got through.
    pub async fn accepts(&self, more: usize) {
        let (wanted, began) = (self.accepted.count() + more, Instant::now());
        while self.accepted.count() < wanted {
            assert!(began.elapsed() < SETTLED, "no more than {} of {wanted} runs are accepted", self.accepted.count());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until somebody holds the table of runs for themselves (PostgreSQL).
    pub async fn until_locked(&self) {
        let began = Instant::now();
        let locks = "SELECT count(*) FROM pg_locks WHERE relation = 'runs'::regclass AND granted
                     AND mode = 'AccessExclusiveLock'";
        while self.database.sql(locks) != "1" {
            assert!(began.elapsed() < SETTLED, "the table is never locked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the load, if there is one.
    pub async fn rest(&mut self) {
        if let Some(load) = self.load.take() {
            load.end().await;
        }
    }

    /// Where the first process serves pages.
    pub fn origin(&self) -> String {
        self.fleet.origins()[0].borrow().clone().expect("pages are served")
    }

    /// Ends the load, waits until every run is over, stops everybody, and judges.
    ///
    /// # Panics
    /// If anything was lost or doubled.
    pub async fn judge(mut self, scenario: &str, faults: usize) -> Figures {
        self.rest().await;
        let member = self.member().await;
        self.calendar.close(&self.store, &member).await;
        self.settle(&member).await;
        let said = tokio::task::block_in_place(|| self.fleet.disband());
        let evidence = Evidence {
            store: &self.store,
            member: &member,
            shop: &self.shop,
            accepted: &self.accepted.all(),
            calendar: &self.calendar,
            excuses: &self.excuses,
            said: &said,
        };
        evidence.judge().await.tell(scenario, faults, self.form.seed)
    }

    async fn settle(&self, member: &Member) {
        let began = Instant::now();
        loop {
            let filter = RunFilter { states: vec![RunState::Queued, RunState::Running], ..RunFilter::default() };
            let open = self.store.runs(member.tenant(), filter).await.unwrap().items;
            let Some(oldest) = open.last() else { return };
            assert!(
                began.elapsed() < SETTLED,
                "lost: {} or more runs are not over {SETTLED:?} after the last fault, such as {oldest:?} (FAULTS_SEED={})",
                open.len(),
                self.form.seed
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
