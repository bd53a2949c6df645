//! The clock: what is due becomes runs, once, and whatever happens to the database or the scheduler.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    ScheduleId,
    schedule::{CatchUp, CheckedSchedule, Overlap, Timetable, Timing},
};
use jiff::{SignedDuration, Timestamp};
use store::{Change, Changes, Member, OccurrenceRow, Options, PageRequest, RunChange, SealingKey, Store};
use testkit::{Cluster, database::TEST_KEY, factory};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take that should happen within a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

fn config() -> scheduler::Config {
    scheduler::Config::new("http://localhost:8080".parse().unwrap())
}

/// A scheduler at work.
struct Scheduler {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Scheduler {
    fn start(store: &Store) -> Self {
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(scheduler::run(config(), store.clone(), stop.clone())), stop }
    }

    /// Stops it in good order; tells how long that took.
    async fn stop(self) -> Duration {
        let asked = tokio::time::Instant::now();
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it stops").unwrap().unwrap();
        asked.elapsed()
    }
}

/// Somebody's plan in a database.
struct World {
    store: Store,
    member: Member,
    plan: domain::PlanId,
    changes: Changes,
}

impl World {
    async fn new(store: Store) -> Self {
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        Self { changes: store.changes(), store, member, plan }
    }

    /// A schedule that is due at these times, catching up all of them.
    async fn due_at(&self, times: Vec<Timestamp>) -> ScheduleId {
        let schedule = CheckedSchedule {
            name: "At times".to_owned(),
            timetable: Timetable {
                timing: Timing::At(times),
                zone: "UTC".parse().unwrap(),
                after: None,
                before: None,
                repeats: None,
            },
            catch_up: CatchUp::All,
            overlap: Overlap::Queue,
            tags: "".parse().unwrap(),
            variables: std::collections::BTreeMap::new(),
        };
        let created = self.store.create_schedule(self.member.tenant(), self.member.user_id, self.plan, schedule);
        created.await.unwrap().expect("the plan is there")
    }

    async fn occurrences(&self, schedule: ScheduleId) -> Vec<OccurrenceRow> {
        self.store.occurrences(self.member.tenant(), schedule, PageRequest::default()).await.unwrap().items
    }

    /// Waits until the schedule has so many occurrences.
    async fn until(&mut self, schedule: ScheduleId, count: usize) -> Vec<OccurrenceRow> {
        let look = async {
            loop {
                let rows = self.occurrences(schedule).await;
                if rows.len() >= count {
                    return rows;
                }
                while !matches!(self.changes.next().await, Change::Run { kind: RunChange::Queued, .. } | Change::Resync)
                {
                }
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the occurrences come")
    }
}

/// A time on the database's clock.
async fn soon(store: &Store, milliseconds: i64) -> Timestamp {
    store.now().await.unwrap() + SignedDuration::from_millis(milliseconds)
}

/// Waits until it is that time on the database's clock.
async fn has_come(store: &Store, time: Timestamp) {
    while let Ok(left) = Duration::try_from(time.duration_since(store.now().await.unwrap())) {
        tokio::time::sleep(left).await;
    }
}

/// Each due time has one row, and no run was queued before its time.
fn assert_once_each(rows: &[OccurrenceRow], times: &[Timestamp]) {
    let due: BTreeSet<Timestamp> = rows.iter().map(|row| row.scheduled_at).collect();
    assert_eq!(due, times.iter().copied().collect(), "each due time and no other");
    assert_eq!(rows.len(), times.len(), "each one once");
    for row in rows {
        assert!(row.queued_at >= row.scheduled_at, "early: {row:?}");
    }
}

testkit::on_both! {
    async fn a_due_time_makes_one_run_and_never_early(database: TestDatabase) {
        let mut world = World::new(database.open().await).await;
        let scheduler = Scheduler::start(&world.store);
        let mut times = Vec::new();
        // Within a second, on its beginning, and two at once.
        for milliseconds in [700, 900, 901, 1_500, 2_250] {
            times.push(soon(&world.store, milliseconds).await);
        }
        times.push(Timestamp::from_second(times[4].as_second() + 1).unwrap());
        let schedule = world.due_at(times.clone()).await;
        let rows = world.until(schedule, times.len()).await;
        assert_once_each(&rows, &times);
        scheduler.stop().await;
    }

    async fn more_than_one_batch_due_at_once_is_fired_whole_by_two_schedulers(database: TestDatabase) {
        let mut world = World::new(database.open().await).await;
        let mut schedules = Vec::new();
        for _ in 0..1_100 {
            let at = soon(&world.store, 500).await;
            schedules.push((world.due_at(vec![at]).await, at));
        }
        has_come(&world.store, schedules[1_099].1).await;
        let (one, other) = (Scheduler::start(&world.store), Scheduler::start(&world.store));
        for (schedule, at) in schedules {
            assert_once_each(&world.until(schedule, 1).await, &[at]);
        }
        one.stop().await;
        other.stop().await;
    }

    async fn a_paused_clock_fires_nothing_until_it_goes_on(database: TestDatabase) {
        let mut world = World::new(database.open().await).await;
        world.store.pause_clock("ada@example.com", "a test").await.unwrap();
        let scheduler = Scheduler::start(&world.store);
        let paused = world.due_at(vec![soon(&world.store, 100).await]).await;
        // The scheduler has seen it due: its clock ticks on.
        let ticks = ticks(&world.store, 2).await;
        assert!(ticks >= 2);
        assert_eq!(world.occurrences(paused).await.len(), 0);
        assert_eq!(world.store.clock().await.unwrap().due, 1);
        world.store.resume_clock().await.unwrap();
        world.until(paused, 1).await;
        scheduler.stop().await;
    }

    async fn what_came_due_while_no_scheduler_ran_is_made_up_for_as_the_schedule_says(database: TestDatabase) {
        let mut world = World::new(database.open().await).await;
        let first = soon(&world.store, 500).await;
        let times: Vec<Timestamp> = (0..3).map(|n| first + SignedDuration::from_millis(n * 20)).collect();
        let schedule = world.due_at(times.clone()).await;
        has_come(&world.store, times[2]).await;
        let scheduler = Scheduler::start(&world.store);
        assert_once_each(&world.until(schedule, 3).await, &times);
        scheduler.stop().await;
    }

    async fn a_scheduler_tells_of_itself_and_stops_at_once(database: TestDatabase) {
        let store = database.open().await;
        let scheduler = Scheduler::start(&store);
        ticks(&store, 1).await;
        let workers = store.clock().await.unwrap().workers;
        assert_eq!(workers.len(), 1);
        assert_eq!(workers[0].heartbeat.version, env!("CARGO_PKG_VERSION"));
        assert!(!workers[0].heartbeat.host.is_empty());
        let took = scheduler.stop().await;
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

/// Waits until a scheduler has told of so many ticks.
async fn ticks(store: &Store, least: u64) -> u64 {
    let look = async {
        loop {
            let workers = store.clock().await.unwrap().workers;
            if let Some(ticks) =
                workers.iter().map(|worker| worker.heartbeat.ticks).max().filter(|ticks| *ticks >= least)
            {
                return ticks;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("a scheduler ticks")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_outlives_a_database_that_goes_away_and_makes_up_for_what_it_missed() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let url = cluster.url().parse().unwrap();
    let store = Store::open(&url, SealingKey::new(&TEST_KEY), Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    let mut world = World::new(store).await;
    let scheduler = Scheduler::start(&world.store);
    let before = soon(&world.store, 100).await;
    let schedule = world.due_at(vec![before]).await;
    world.until(schedule, 1).await;

    let during = soon(&world.store, 1_500).await;
    let missed = world.due_at(vec![during]).await;
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.crash();
        cluster
    });
    let cluster = cluster.await.unwrap();
    // Nobody can be asked for the database's time while it is away; it is this machine's.
    let left = during.duration_since(Timestamp::now()).max(SignedDuration::ZERO);
    tokio::time::sleep(Duration::try_from(left).unwrap()).await;
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.resume();
        cluster
    });
    let _cluster = cluster.await.unwrap();
    assert_once_each(&world.until(missed, 1).await, &[during]);
    let after = soon(&world.store, 500).await;
    let next = world.due_at(vec![after]).await;
    assert_once_each(&world.until(next, 1).await, &[after]);
    scheduler.stop().await;
}
