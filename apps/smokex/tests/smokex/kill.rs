//! An executor that is killed in the middle of a run: whoever takes its place brings the run to its end.

use std::time::Duration;

use domain::{PlanId, RunId, RunState, StepState};
use store::{Member, NewPlan, RunDetail, Store};
use testkit::{
    TestDatabase, factory,
    target::{Act, Reply, Target},
};

use super::{
    browser::Browser,
    program::{Folder, PATIENCE, Running},
    roles::test_key,
};

/// Somebody's plans in PostgreSQL, and executors as processes.
struct World {
    database: TestDatabase,
    store: Store,
    member: Member,
    target: Target,
    folder: Folder,
}

impl World {
    async fn new() -> Self {
        let database = TestDatabase::postgres().await;
        let store = database.open().await;
        let member = factory::member(&store).await;
        Self { database, store, member, target: Target::start().await, folder: Folder::new() }
    }

    fn executor(&self) -> Running {
        let (key, allow) = (test_key(), self.target.address().to_string());
        let variables = [
            ("DATABASE_URL", self.database.url()),
            ("SMOKEX_KEY", key.as_str()),
            ("EGRESS_ALLOW", allow.as_str()),
            ("RUN_LEASE_SECONDS", "2"),
        ];
        self.folder.start(["executor"], &variables)
    }

    async fn plan(&self, text: &str) -> PlanId {
        let text = text.replace("TARGET", &self.target.address().to_string());
        let new = NewPlan { text, ..factory::plan("Plan") };
        self.store.create_plan(self.member.tenant(), self.member.user_id, new).await.unwrap()
    }

    async fn queue(&self, plan: PlanId) -> RunId {
        factory::queued_run(&self.store, &self.member, plan).await
    }

    async fn ended(&self, run: RunId) -> RunDetail {
        self.until(run, |detail| detail.row.state.is_final()).await
    }

    /// Waits until the run is as wanted.
    async fn until(&self, run: RunId, wanted: impl Fn(&RunDetail) -> bool) -> RunDetail {
        let mut changes = self.store.changes();
        let look = async {
            loop {
                let detail = self.store.run(self.member.tenant(), run).await.unwrap().unwrap();
                if wanted(&detail) {
                    return detail;
                }
                changes.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the run comes to that")
    }

    fn sent(&self, method: &str, path: &str) -> usize {
        let requests = self.target.requests();
        requests.iter().filter(|request| request.method == method && request.path() == path).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_executor_goes_on_after_the_last_recorded_step() {
    let world = World::new().await;
    world.target.on("POST /login", Reply::json(r#"{"token": "t-1"}"#));
    // The killed executor's request is never answered, the next one's is.
    world.target.on_each("GET /slow", [Reply::script([Act::Hold]), Reply::ok()]);
    world.target.on("POST /orders", Reply::ok());
    let plan = world
        .plan(
            "- post: {url: 'http://TARGET/login', save_from_response: {token: $.token}}\n\
             - get: {url: 'http://TARGET/slow', options: {timeout: 1m}}\n\
             - post: {url: 'http://TARGET/orders', headers: {x-token: '${token}'}}\n",
        )
        .await;
    let run = world.queue(plan).await;
    let killed = world.executor();
    world.target.received(2).await;
    world.until(run, |detail| detail.steps.first().is_some_and(|step| step.state == StepState::Passed)).await;
    killed.signal("KILL");
    let _next = world.executor();
    let detail = world.ended(run).await;
    assert_eq!((detail.row.state, detail.row.reason.as_deref()), (RunState::Passed, None));
    assert_eq!(world.sent("POST", "/login"), 1, "a recorded step is not run again");
    assert_eq!(world.sent("GET", "/slow"), 2, "the step in flight is");
    assert_eq!(world.sent("POST", "/orders"), 1);
    let requests = world.target.requests();
    assert_eq!(requests.last().unwrap().header("x-token"), Some("t-1"), "what was captured before is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_must_not_be_sent_twice_ends_the_run_instead() {
    let world = World::new().await;
    world.target.on("POST /orders", Reply::script([Act::Hold]));
    world.target.on("DELETE /orders", Reply::ok());
    let plan = world
        .plan(
            "name: Plan\nsteps:\n- post: {url: 'http://TARGET/orders', options: {timeout: 1m}}\n\
             finally:\n- delete: {url: 'http://TARGET/orders'}\n",
        )
        .await;
    let run = world.queue(plan).await;
    let killed = world.executor();
    world.target.received(1).await;
    killed.signal("KILL");
    let _next = world.executor();
    let detail = world.ended(run).await;
    assert_eq!(detail.row.state, RunState::Errored);
    let reason = detail.row.reason.unwrap_or_default();
    assert!(reason.contains("worker was lost while POST"), "{reason}");
    assert_eq!((world.sent("POST", "/orders"), world.sent("DELETE", "/orders")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_survive_executors_that_are_killed_one_after_the_other() {
    let world = World::new().await;
    world.target.on("GET /", Reply::ok().delayed(Duration::from_millis(20)));
    world.target.on("POST /", Reply::ok());
    let plan = world
        .plan("- get: {url: 'http://TARGET/'}\n- post: {url: 'http://TARGET/'}\n- get: {url: 'http://TARGET/'}\n")
        .await;
    let mut runs = Vec::new();
    for _ in 0..60 {
        runs.push(world.queue(plan).await);
    }
    for requests in [20, 60, 100] {
        let killed = world.executor();
        world.target.received(requests).await;
        killed.signal("KILL");
    }
    let _last = world.executor();
    let mut passed = 0;
    for run in &runs {
        let detail = world.ended(*run).await;
        match detail.row.state {
            RunState::Passed => passed += 1,
            RunState::Errored => {
                let reason = detail.row.reason.unwrap_or_default();
                assert!(reason.contains("worker was lost"), "{reason}");
            }
            other => panic!("{other}: {:?}", detail.row.reason),
        }
    }
    assert!(passed >= runs.len() / 5, "only {passed} of {} passed", runs.len());
    let posts = world.sent("POST", "/");
    assert!((passed..=runs.len()).contains(&posts), "{posts} requests of {} runs, {passed} passed", runs.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_sqlite_that_is_killed_ends_its_runs_after_its_restart() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("POST /login", Reply::ok()).on_each("GET /slow", [Reply::script([Act::Hold]), Reply::ok()]);
    let allow = target.address().to_string();
    let variables = [
        ("LISTEN", "127.0.0.1:0"),
        ("DEMO_LISTEN", "127.0.0.1:0"),
        ("EGRESS_ALLOW", allow.as_str()),
        ("RUN_LEASE_SECONDS", "2"),
    ];
    let mut killed = folder.start(["serve"], &variables);
    let origin = killed.origin();
    let browser = Browser::sign_up(&origin, "ada@example.com").await;
    let text = format!(
        "name: Killed\nsteps:\n  - post: {{ url: \"{}\" }}\n  - get: {{ url: \"{}\", options: {{ timeout: 1m }} }}\n",
        target.url("/login"),
        target.url("/slow")
    );
    let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", &text)]).await;
    let plan = plan.split('?').next().unwrap_or_default().to_owned();
    let run = browser.submit(&format!("{origin}{plan}/runs"), &[]).await;
    target.received(2).await;
    browser.eventually(&format!("{origin}{run}"), "1 of 2 steps").await;
    killed.signal("KILL");
    drop(killed);
    let mut again = folder.start(["serve"], &variables);
    let origin = again.origin();
    browser.eventually(&format!("{origin}{run}"), " passed ·").await;
    let posts = target.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 1, "the recorded step is not run again");
}
