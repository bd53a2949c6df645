//! The queue over real databases, with executions that tests control.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{PlanId, RunId, RunState, Subscription, SubscriptionStatus, Tier, Tiers};
use queue::{Held, Options, Queue, Stop};
use store::{ClaimedRun, Ending, Found, Member, Recorder, RunRow, Store};
use testkit::{TestDatabase, factory};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    store: Store,
    member: Member,
    plan: PlanId,
    recorder: Recorder,
    stop: CancellationToken,
}

impl World {
    async fn new(database: &TestDatabase) -> Self {
        Self::with(database, store::Options::default()).await
    }

    async fn with(database: &TestDatabase, options: store::Options) -> Self {
        let store = database.open_with(options).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        Self { recorder: Recorder::start(&store), stop: CancellationToken::new(), store, member, plan }
    }

    async fn queue(&self, runs: usize) -> Vec<RunId> {
        let mut queued = Vec::new();
        for _ in 0..runs {
            queued.push(factory::queued_run(&self.store, &self.member, self.plan).await);
        }
        queued
    }

    fn work<F>(
        &self,
        options: Options,
        execute: impl Fn(ClaimedRun, Held) -> F + Clone + Send + Sync + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let queue = Queue::new(self.store.clone(), self.recorder.clone(), options);
        tokio::spawn(queue.work(execute, self.stop.clone()))
    }

    async fn row(&self, run: RunId) -> RunRow {
        self.store.run_row(self.member.tenant(), run).await.unwrap().unwrap()
    }

    /// Waits until the run is in this state.
    async fn until(&self, run: RunId, state: RunState) -> RunRow {
        let mut changes = self.store.changes();
        let look = async {
            loop {
                let row = self.row(run).await;
                if row.state == state {
                    return row;
                }
                changes.next().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the run comes to that state")
    }
}

fn slots(concurrency: usize) -> Options {
    Options { concurrency, ..Options::default() }
}

async fn pass(recorder: Recorder, run: ClaimedRun, held: Held) {
    let ending = Ending { state: RunState::Passed, reason: None, slow: false, passed: 0, failed: 0, skipped: 0 };
    recorder.run(run.lease, held.lost()).finish(ending, held).await.unwrap();
}

/// Puts the organization on the tier pro, as when Stripe tells that somebody has subscribed.
async fn subscribe(world: &World) {
    world.store.add_customer(world.member.tenant(), "cus_1", None).await.unwrap();
    let reading = world.store.begin_sync("cus_1").await.unwrap().unwrap();
    let subscription = Subscription {
        id: "sub_1".to_owned(),
        status: SubscriptionStatus::Active,
        tier: Tier::Pro,
        price: None,
        interval: None,
        created_at: reading.now,
        current_period_end: None,
        cancel_at: None,
        trial_end: None,
        past_due_since: None,
        open_invoice: None,
        ended_at: None,
    };
    let found = Found { email: None, subscription: Some(subscription) };
    world.store.finish_sync(reading, Some(found), None, "https://smokex.example.com/billing").await.unwrap();
}

async fn in_time(work: JoinHandle<()>) {
    tokio::time::timeout(PATIENCE, work).await.expect("it ends").unwrap();
}

testkit::on_both! {
    async fn every_run_is_executed_once_and_never_more_than_the_slots_at_a_time(database: TestDatabase) {
        let world = World::new(&database).await;
        let queued = world.queue(150).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = world.work(slots(3), {
            let (recorder, seen, now, most) = (world.recorder.clone(), Arc::clone(&seen), Arc::clone(&now), Arc::clone(&most));
            move |run, held| {
                let (recorder, seen, now, most) = (recorder.clone(), Arc::clone(&seen), Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    seen.lock().unwrap().push(run.lease.run);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    pass(recorder, run, held).await;
                }
            }
        });
        for run in &queued {
            world.until(*run, RunState::Passed).await;
        }
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.len(), 150);
        assert_eq!(seen.into_iter().collect::<HashSet<_>>(), queued.into_iter().collect());
        assert_eq!(most.load(Ordering::SeqCst), 3);
        world.stop.cancel();
        in_time(work).await;
    }

    async fn an_execution_that_panics_loses_its_run_and_not_the_worker(database: TestDatabase) {
        let world = World::new(&database).await;
        let poison = world.queue(1).await[0];
        let options = Options { lease: Duration::from_millis(200), poll: Duration::from_millis(50), ..slots(2) };
        let recorder = world.recorder.clone();
        let work = world.work(options, move |run, held| {
            let recorder = recorder.clone();
            async move {
                assert!(run.lease.run != poison, "this run kills whoever executes it");
                pass(recorder, run, held).await;
            }
        });
        let good = world.queue(3).await;
        for run in good {
            world.until(run, RunState::Passed).await;
        }
        let row = world.until(poison, RunState::Errored).await;
        assert!(row.reason.unwrap().contains("The worker was lost 3 times"));
        world.stop.cancel();
        in_time(work).await;
    }

    async fn what_was_claimed_ahead_and_gets_no_turn_goes_to_somebody_else(database: TestDatabase) {
        let world = World::new(&database).await;
        // So many short runs that the next ones are claimed ahead.
        let short = world.queue(80).await;
        let last = *short.last().unwrap();
        let (gate, long) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let work = world.work(slots(2), {
            let (recorder, gate, long) = (world.recorder.clone(), Arc::clone(&gate), Arc::clone(&long));
            let short: HashSet<_> = short.into_iter().collect();
            move |run, held| {
                let (recorder, gate, long) = (recorder.clone(), Arc::clone(&gate), Arc::clone(&long));
                let is_short = short.contains(&run.lease.run);
                async move {
                    if !is_short {
                        long.notify_one();
                        gate.acquire().await.unwrap().forget();
                    }
                    pass(recorder, run, held).await;
                }
            }
        });
        world.until(last, RunState::Passed).await;
        // Two of these take the slots for long, the others are claimed ahead of their turn.
        let stuck = world.queue(4).await;
        long.notified().await;
        world.until(stuck[3], RunState::Running).await;
        world.until(stuck[3], RunState::Queued).await;
        let claims = world.store.claims(domain::WorkerId::new(), Duration::from_secs(60));
        tokio::time::timeout(PATIENCE, async {
            while claims.claim(1).await.unwrap().runs.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("somebody else gets one of them");
        gate.add_permits(10);
        world.stop.cancel();
        in_time(work).await;
    }

    async fn a_stop_hands_back_what_was_not_begun_and_tells_what_was(database: TestDatabase) {
        let world = World::new(&database).await;
        let (begun, reasons) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Vec::new())));
        let work = world.work(slots(1), {
            let (recorder, begun, reasons, stop) =
                (world.recorder.clone(), Arc::clone(&begun), Arc::clone(&reasons), world.stop.clone());
            move |run, held| {
                let (recorder, begun, reasons, stop) = (recorder.clone(), Arc::clone(&begun), Arc::clone(&reasons), stop.clone());
                async move {
                    assert_eq!(held.reason(), None);
                    begun.notify_one();
                    stop.cancelled().await;
                    reasons.lock().unwrap().push((held.reason(), held.stop().is_cancelled()));
                    recorder.run(run.lease, held.lost()).hand_back(held).await.unwrap();
                }
            }
        });
        let runs = world.queue(3).await;
        begun.notified().await;
        world.stop.cancel();
        in_time(work).await;
        world.recorder.flush().await;
        assert_eq!(*reasons.lock().unwrap(), [(Some(Stop::Draining), false)]);
        for run in runs {
            assert_eq!(world.row(run).await.state, RunState::Queued);
        }
    }

    async fn after_the_grace_a_run_is_stopped_in_the_middle_of_its_step(database: TestDatabase) {
        let world = World::new(&database).await;
        let run = world.queue(1).await[0];
        let begun = Arc::new(Notify::new());
        let options = Options { grace: Duration::from_millis(100), ..slots(1) };
        let work = world.work(options, {
            let (recorder, begun) = (world.recorder.clone(), Arc::clone(&begun));
            move |run, held| {
                let (recorder, begun) = (recorder.clone(), Arc::clone(&begun));
                async move {
                    begun.notify_one();
                    held.stop().cancelled().await;
                    recorder.run(run.lease, held.lost()).hand_back(held).await.unwrap();
                }
            }
        });
        begun.notified().await;
        world.stop.cancel();
        in_time(work).await;
        world.recorder.flush().await;
        assert_eq!(world.row(run).await.state, RunState::Queued);
    }

    async fn what_a_limit_holds_back_goes_as_soon_as_another_run_ends(database: TestDatabase) {
        let mut tiers = Tiers { in_force: Some(Tier::Free), ..Tiers::default() };
        tiers.free.concurrent_runs = Some(1);
        let world = World::with(&database, store::Options { tiers, ..store::Options::default() }).await;
        let queued = world.queue(12).await;
        // Nobody looks again by himself.
        let options = Options { poll: PATIENCE * 10, ..slots(4) };
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let execute = {
            let (recorder, now, most) = (world.recorder.clone(), Arc::clone(&now), Arc::clone(&most));
            move |run, held| {
                let (recorder, now, most) = (recorder.clone(), Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    pass(recorder, run, held).await;
                }
            }
        };
        let workers = [world.work(options.clone(), execute.clone()), world.work(options, execute)];
        for run in queued {
            world.until(run, RunState::Passed).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 1);
        world.stop.cancel();
        for work in workers {
            in_time(work).await;
        }
    }

    async fn what_a_limit_holds_back_goes_as_soon_as_the_tier_allows_more(database: TestDatabase) {
        let mut tiers = Tiers { in_force: None, ..Tiers::default() };
        tiers.free.concurrent_runs = Some(1);
        let world = World::with(&database, store::Options { tiers, ..store::Options::default() }).await;
        world.queue(2).await;
        // Nobody looks again by himself.
        let options = Options { poll: PATIENCE * 10, ..slots(4) };
        let (begun, end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let work = world.work(options, {
            let (recorder, begun, end) = (world.recorder.clone(), Arc::clone(&begun), Arc::clone(&end));
            move |run, held| {
                let (recorder, begun, end) = (recorder.clone(), Arc::clone(&begun), Arc::clone(&end));
                async move {
                    begun.add_permits(1);
                    end.acquire().await.unwrap().forget();
                    pass(recorder, run, held).await;
                }
            }
        });
        let begins = async || {
            tokio::time::timeout(PATIENCE, begun.acquire()).await.expect("a run begins").unwrap().forget();
        };
        begins().await;
        subscribe(&world).await;
        begins().await;
        end.add_permits(2);
        world.stop.cancel();
        in_time(work).await;
    }

    async fn a_wish_to_stop_a_run_reaches_it(database: TestDatabase) {
        let world = World::new(&database).await;
        let (begun, reason) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
        let work = world.work(slots(1), {
            let (recorder, begun, reason) = (world.recorder.clone(), Arc::clone(&begun), Arc::clone(&reason));
            move |run, held| {
                let (recorder, begun, reason) = (recorder.clone(), Arc::clone(&begun), Arc::clone(&reason));
                async move {
                    begun.notify_one();
                    held.stop().cancelled().await;
                    *reason.lock().unwrap() = held.reason();
                    pass(recorder, run, held).await;
                }
            }
        });
        let run = world.queue(1).await[0];
        begun.notified().await;
        world.store.cancel_run(world.member.tenant(), run).await.unwrap();
        world.until(run, RunState::Passed).await;
        assert_eq!(*reason.lock().unwrap(), Some(Stop::Cancelled));
        world.stop.cancel();
        in_time(work).await;
    }
}
