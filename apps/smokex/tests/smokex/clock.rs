//! `smokex clock`, beside the processes it is about, and the clock of several of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    PlanId, RunId, ScheduleId,
    schedule::{CatchUp, CheckedSchedule, Overlap, Timetable, Timing},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use store::{Member, PageRequest, Store};
use testkit::{TestDatabase, factory};

use super::{
    program::{Ended, Folder, PATIENCE, Running},
    roles::test_key,
};

/// A database with somebody's plan in it, and processes over it.
pub struct World {
    pub database: TestDatabase,
    pub store: Store,
    member: Member,
    plan: PlanId,
    folder: Folder,
    key: String,
}

impl World {
    pub async fn new(database: TestDatabase) -> Self {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        Self { database, store, member, plan, folder: Folder::new(), key: test_key() }
    }

    fn variables(&self) -> [(&str, &str); 4] {
        [
            ("DATABASE_URL", self.database.url()),
            ("SMOKEX_KEY", &self.key),
            ("LISTEN", "127.0.0.1:0"),
            ("DEMO_LISTEN", "127.0.0.1:0"),
        ]
    }

    /// A process with a clock: the role alone, or everything where one process is all there may be.
    fn start(&self) -> Running {
        let role = if self.database.is_sqlite() { "serve" } else { "scheduler" };
        self.folder.start([role], &self.variables())
    }

    /// What somebody types.
    pub async fn command(&self, arguments: &[&str]) -> Ended {
        let mut variables = self.variables().to_vec();
        variables.push(("USER", "ada"));
        self.folder.run_with(arguments, &variables, "").await
    }

    pub async fn queued_run(&self) -> RunId {
        factory::queued_run(&self.store, &self.member, self.plan).await
    }

    async fn status(&self) -> Value {
        let ended = self.command(&["clock", "status", "--json"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        serde_json::from_str(&ended.stdout).expect("one JSON object")
    }

    /// Asks for the status until it is as wanted.
    async fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let status = self.status().await;
                if wanted(&status) {
                    return status;
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the status comes to that")
    }

    /// A schedule that is due at these times and catches up all of them.
    async fn due_at(&self, times: Vec<Timestamp>) -> ScheduleId {
        let timetable = Timetable {
            timing: Timing::At(times),
            zone: "UTC".parse().unwrap(),
            after: None,
            before: None,
            repeats: None,
        };
        let schedule = CheckedSchedule {
            name: "At times".to_owned(),
            timetable,
            catch_up: CatchUp::All,
            overlap: Overlap::Queue,
            tags: "".parse().unwrap(),
            variables: BTreeMap::new(),
        };
        let created = self.store.create_schedule(self.member.tenant(), self.member.user_id, self.plan, schedule);
        created.await.unwrap().expect("the plan is there")
    }

    async fn occurrences(&self, schedule: ScheduleId) -> Vec<Timestamp> {
        let page = self.store.occurrences(self.member.tenant(), schedule, PageRequest::default()).await.unwrap();
        page.items.iter().map(|row| row.scheduled_at).collect()
    }

    /// Waits until the schedule has so many occurrences. Over SQLite, nobody tells another process.
    async fn occurred(&self, schedule: ScheduleId, count: usize) -> Vec<Timestamp> {
        let look = async {
            loop {
                let times = self.occurrences(schedule).await;
                if times.len() >= count {
                    return times;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("it occurs")
    }
}

fn workers(status: &Value, role: &str) -> Vec<Value> {
    let all = status["workers"].as_array().expect("a list").clone();
    all.into_iter().filter(|worker| worker["role"] == role).collect()
}

testkit::on_both! {
    async fn the_clock_is_looked_at_stopped_and_let_go_on_beside_what_runs(database: TestDatabase) {
        let world = World::new(database).await;
        let running = world.start();
        let status = world.until(|status| workers(status, "scheduler").iter().any(|one| one["ticks"] != 0)).await;
        let scheduler = &workers(&status, "scheduler")[0];
        assert_eq!((&status["paused"], &scheduler["version"]), (&Value::Null, &env!("CARGO_PKG_VERSION").into()));

        let ended = world.command(&["clock", "pause", "--reason", "moving\u{1b}[2J house"]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let due = world.due_at(vec![world.store.now().await.unwrap() + SignedDuration::from_millis(200)]).await;
        let status = world.until(|status| status["due"] == 1).await;
        assert!(status["paused"]["by"].as_str().unwrap().starts_with("ada on "), "{status}");
        let ended = world.command(&["clock", "status"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for text in ["The clock is paused since ", "by ada on ", ": moving\\u{1b}[2J house", "due     1 schedule", "scheduler  "] {
            assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
        }
        assert!(!ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
        assert_eq!(world.occurrences(due).await.len(), 0, "nothing is fired");

        let ended = world.command(&["clock", "resume"]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        world.occurred(due, 1).await;
        let ended = world.command(&["clock", "status"]).await;
        assert!(ended.stdout.starts_with("The clock runs; one scheduler is at work.\n"), "{}", ended.stdout);

        running.signal("TERM");
        let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schedulers_make_each_occurrence_once() {
    let world = World::new(TestDatabase::postgres().await).await;
    let (one, other) = (world.start(), world.start());
    world.until(|status| workers(status, "scheduler").iter().filter(|one| one["ticks"] != 0).count() == 2).await;
    let first = Timestamp::from_second(world.store.now().await.unwrap().as_second() + 3).unwrap();
    let times: Vec<Timestamp> = (0..4).map(|n| first + SignedDuration::from_secs(n)).collect();
    let mut schedules = Vec::new();
    for _ in 0..300 {
        schedules.push(world.due_at(times.clone()).await);
    }
    for schedule in schedules {
        let occurred = world.occurred(schedule, times.len()).await;
        assert_eq!(occurred.len(), times.len(), "each one once");
        assert_eq!(occurred.into_iter().collect::<BTreeSet<_>>(), times.iter().copied().collect());
    }
    let ended = world.command(&["doctor"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for running in [one, other] {
        running.signal("TERM");
        let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_without_a_scheduler_says_so() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let ended = world.command(&["clock", "status"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("The clock stands: no scheduler is at work"), "{}", ended.stdout);
    assert!(ended.stdout.contains("due     nothing, and nothing to come\n"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_cannot_be_looked_at_ends_with_3_and_nothing_is_made() {
    let folder = Folder::new();
    for arguments in [vec!["clock", "status"], vec!["clock", "pause"], vec!["clock", "resume"], vec!["doctor"]] {
        let ended = folder.run(&arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.stderr.starts_with("smokex: There is no database sqlite:./var/smokex.db."), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert_eq!(folder.content(), Vec::<String>::new());
    let ended = folder.run(["clock"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
