//! The clock and who is at work.

use std::time::Duration;

use domain::{
    Elapsed, WorkerId,
    schedule::{Interval, Timing},
};
use jiff::Timestamp;
use store::{ClockPause, Heartbeat, Store, WorkerRole};
use testkit::factory;

fn heartbeat(role: WorkerRole) -> Heartbeat {
    Heartbeat {
        id: WorkerId::new(),
        role,
        host: "machine".to_owned(),
        version: "1.2.3".to_owned(),
        slots: 8,
        busy: 0,
        ticks: 0,
        lag: Elapsed::ZERO,
    }
}

/// Waits until the database's clock shows more than this.
async fn after(store: &Store, time: Timestamp) {
    while store.now().await.unwrap() <= time {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

testkit::on_both! {
    async fn an_empty_installation_has_nothing_before_it(database: TestDatabase) {
        let store = database.open().await;
        let status = store.clock().await.unwrap();
        assert_eq!((status.paused, status.due, status.oldest_due, status.next_due), (None, 0, None, None));
        assert_eq!((status.queued, status.oldest_queued, status.workers), (0, None, vec![]));
    }

    async fn the_clock_tells_what_is_due_and_what_waits(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let later = factory::scheduled(&store, &member, plan, factory::hourly("Later")).await;
        let mut at_once = factory::hourly("At once");
        at_once.timetable.timing =
            Timing::Every { interval: Interval::from_millis(1).unwrap(), jitter: Interval::ZERO, start: Timestamp::UNIX_EPOCH };
        let due = factory::scheduled(&store, &member, plan, at_once).await;
        factory::queued_run(&store, &member, plan).await;
        let next_of = async |id| store.schedule(member.tenant(), id).await.unwrap().unwrap().row.next_due_at;
        let since = next_of(due).await;
        after(&store, since.unwrap()).await;
        let status = store.clock().await.unwrap();
        assert_eq!((status.due, status.oldest_due, status.next_due), (1, since, next_of(later).await));
        assert_eq!(status.queued, 1);
        assert!(status.oldest_queued.unwrap() <= status.now);
        let (now, next) = store.next_due().await.unwrap();
        assert_eq!(next, since);
        assert!(now >= status.now);
    }

    async fn the_clock_is_paused_once_with_who_and_why(database: TestDatabase) {
        let store = database.open().await;
        let before = store.now().await.unwrap();
        assert!(!store.resume_clock().await.unwrap());
        assert!(store.pause_clock(" ada@example.com ", "The database moves.").await.unwrap());
        assert!(!store.pause_clock("bob@example.com", "Me, too.").await.unwrap());
        let ClockPause { at, by, reason } = store.clock().await.unwrap().paused.unwrap();
        assert!(at >= before);
        assert_eq!((by.as_str(), reason.as_str()), ("ada@example.com", "The database moves."));
        assert!(store.resume_clock().await.unwrap());
        assert_eq!(store.clock().await.unwrap().paused, None);
    }

    async fn who_tells_of_itself_is_at_work_until_it_says_goodbye(database: TestDatabase) {
        let store = database.open().await;
        let scheduler = heartbeat(WorkerRole::Scheduler);
        let mut executor = heartbeat(WorkerRole::Executor);
        store.heartbeat(scheduler.clone()).await.unwrap();
        store.heartbeat(executor.clone()).await.unwrap();
        let first = store.clock().await.unwrap().workers;
        assert_eq!(first.iter().map(|worker| &worker.heartbeat).collect::<Vec<_>>(), [&executor, &scheduler]);
        (executor.busy, executor.ticks, executor.lag) = (5, 7, Elapsed(1_500));
        store.heartbeat(executor.clone()).await.unwrap();
        let second = store.clock().await.unwrap().workers;
        assert_eq!(second[0].heartbeat, executor);
        assert_eq!(second[0].started_at, first[0].started_at);
        assert!(second[0].seen_at >= first[0].seen_at);
        store.goodbye(executor.id).await.unwrap();
        let third = store.clock().await.unwrap().workers;
        assert_eq!(third.iter().map(|worker| &worker.heartbeat).collect::<Vec<_>>(), [&scheduler]);
    }

    async fn who_says_nothing_is_taken_for_dead_and_forgotten_in_the_end(database: TestDatabase) {
        let store = database.open().await;
        store.heartbeat(heartbeat(WorkerRole::Executor)).await.unwrap();
        crate::firing::execute(&database, "UPDATE workers SET seen_at = seen_at - 31000000");
        assert_eq!(store.clock().await.unwrap().workers, []);
        assert_eq!(store.forget_dead_workers().await.unwrap(), 0);
        crate::firing::execute(&database, "UPDATE workers SET seen_at = seen_at - 3600000000");
        assert_eq!(store.forget_dead_workers().await.unwrap(), 1);
    }
}
