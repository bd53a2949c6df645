//! Runs counted in bins of time.

use domain::{
    Elapsed, PlanId, RunState,
    statistics::{Bin, Durations, StatisticsDraft, StatisticsQuestion},
};
use jiff::{SignedDuration, Timestamp};
use testkit::{TestDatabase, factory};
use uuid::Uuid;

use crate::raw;

/// A run as its row tells of it.
#[derive(Clone, Copy)]
struct Row {
    plan: PlanId,
    queued_at: Timestamp,
    /// How much later its id was made.
    made: SignedDuration,
    state: RunState,
    slow: bool,
    /// In microseconds, from its start to its end.
    took: Option<i64>,
}

/// A run that passed within a millisecond.
fn passed(plan: PlanId, queued_at: &str) -> Row {
    let queued_at = queued_at.parse().unwrap();
    Row { plan, queued_at, made: SignedDuration::ZERO, state: RunState::Passed, slow: false, took: Some(1000) }
}

fn insert(database: &TestDatabase, row: Row) {
    let millis = u128::try_from((row.queued_at + row.made).as_millisecond()).unwrap();
    let id = Uuid::from_u128(millis << 80 | Uuid::new_v4().as_u128() >> 48);
    let (id, plan) = (raw::id(database, id), raw::id(database, row.plan.0));
    let Row { state, slow, took, .. } = row;
    let queued = row.queued_at.as_microsecond();
    let column = |time: Option<i64>| time.map_or("NULL".to_owned(), |time| time.to_string());
    let due = column(matches!(state, RunState::Queued | RunState::Running).then_some(queued));
    let (started, finished) = (column(took.map(|_| queued + 7)), column(took.map(|took| queued + 7 + took)));
    raw::sql(
        database,
        &format!(
            "UPDATE plans SET last_run_number = last_run_number + 1 WHERE id = {plan};
             INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, due_at, queued_at,
                               started_at, finished_at, slow, steps)
             SELECT {id}, organization_id, id, version, last_run_number, '{state}', 'hook', {due}, {queued}, {started},
                    {finished}, {slow}, steps
             FROM plans WHERE id = {plan}"
        ),
    );
}

fn question(from: &str, to: &str, interval: &str, plan: Option<PlanId>) -> StatisticsQuestion {
    let plan = plan.map(|plan| plan.to_string()).unwrap_or_default();
    let draft = StatisticsDraft { from: from.to_owned(), to: to.to_owned(), interval: interval.to_owned(), plan };
    draft.check(Timestamp::now()).unwrap()
}

/// The bin of an hour without runs.
fn empty(start: &str) -> Bin {
    let start: Timestamp = start.parse().unwrap();
    Bin {
        start,
        end: start + SignedDuration::from_hours(1),
        passed: 0,
        failed: 0,
        errored: 0,
        cancelled: 0,
        refused: 0,
        skipped: 0,
        open: 0,
        slow: 0,
        durations: None,
    }
}

fn durations(p50: u64, p95: u64, max: u64) -> Option<Durations> {
    Some(Durations { p50: Elapsed(p50), p95: Elapsed(p95), max: Elapsed(max) })
}

testkit::on_both! {
    async fn runs_are_counted_in_the_bin_in_which_they_were_queued(database: TestDatabase) {
        let store = database.open().await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let shop = factory::saved_plan(&store, &member, "Shop").await;
        let login = factory::saved_plan(&store, &member, "Login").await;
        let foreign = factory::saved_plan(&store, &other, "Foreign").await;
        let insert = |row| insert(&database, row);
        // 10:00: of the shop, took 1 to 20 ms.
        for ms in 1..=20 {
            insert(Row { took: Some(ms * 1000), slow: ms == 20, ..passed(shop, "2026-03-01T10:00:00Z") });
        }
        insert(Row { state: RunState::Failed, took: Some(30_000), ..passed(login, "2026-03-01T10:59:59.999999Z") });
        insert(Row { state: RunState::Errored, took: Some(99_000), ..passed(login, "2026-03-01T10:30:00Z") });
        // 12:00: one in each state.
        for state in RunState::ALL {
            let took = (*state == RunState::Passed).then_some(4);
            insert(Row { state: *state, took, ..passed(login, "2026-03-01T12:00:00Z") });
        }
        // Not asked for: an instant before, the first one after, somebody else's.
        insert(passed(shop, "2026-03-01T09:59:59.999999Z"));
        insert(passed(shop, "2026-03-01T13:00:00Z"));
        for at in ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "2026-03-01T12:30:00Z"] {
            insert(passed(foreign, at));
        }

        let (from, to) = ("2026-03-01T10:00:00Z", "2026-03-01T13:00:00Z");
        let ask = async |plan| store.statistics(member.tenant(), question(from, to, "1h", plan)).await.unwrap();
        let last = Bin {
            passed: 1, failed: 1, errored: 1, cancelled: 1, refused: 1, skipped: 1, open: 4,
            durations: durations(4, 4, 4),
            ..empty("2026-03-01T12:00:00Z")
        };
        let first = Bin {
            passed: 20, failed: 1, errored: 1, slow: 1,
            durations: durations(11_000, 20_000, 30_000),
            ..empty("2026-03-01T10:00:00Z")
        };
        let bins = ask(None).await;
        assert_eq!(bins, [first, empty("2026-03-01T11:00:00Z"), last]);
        assert_eq!(bins.iter().map(Bin::availability).collect::<Vec<_>>(), [Some(20.0 / 22.0), None, Some(1.0 / 3.0)]);

        let of_shop = Bin { failed: 0, errored: 0, durations: durations(10_000, 19_000, 20_000), ..first };
        let of_login = Bin { passed: 0, slow: 0, durations: durations(30_000, 30_000, 30_000), ..first };
        let noon = empty("2026-03-01T12:00:00Z");
        assert_eq!(ask(Some(shop)).await, [of_shop, empty("2026-03-01T11:00:00Z"), noon]);
        let of_login = Bin { failed: 1, errored: 1, ..of_login };
        assert_eq!(ask(Some(login)).await, [of_login, empty("2026-03-01T11:00:00Z"), last]);
        let nothing = [first.start, bins[1].start, last.start].map(|start| empty(&start.to_string()));
        assert_eq!((ask(Some(foreign)).await, ask(Some(PlanId::new())).await), (nothing.to_vec(), nothing.to_vec()));
    }

    async fn a_run_on_an_edge_is_in_the_bin_that_begins_there_whatever_its_id(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let (edge, before) = ("2026-03-01T12:00:00Z", "2026-03-01T11:59:59.999999Z");
        // The clock of whoever made the id was not the database's.
        for seconds in [-200, -1, 0, 1, 200] {
            let made = SignedDuration::from_secs(seconds);
            insert(&database, Row { made, ..passed(plan, edge) });
            insert(&database, Row { made, state: RunState::Failed, ..passed(plan, before) });
        }
        for plan in [None, Some(plan)] {
            let ask = async |from, to| {
                let bins = store.statistics(member.tenant(), question(from, to, "1h", plan)).await.unwrap();
                bins.iter().map(|bin| (bin.passed, bin.failed)).collect::<Vec<_>>()
            };
            assert_eq!(ask("2026-03-01T11:00:00Z", "2026-03-01T13:00:00Z").await, [(0, 5), (5, 0)]);
            assert_eq!(ask("2026-03-01T11:00:00Z", edge).await, [(0, 5)]);
            assert_eq!(ask(edge, "2026-03-01T13:00:00Z").await, [(5, 0)]);
        }
    }

    async fn runs_that_were_executed_are_counted_as_their_rows_tell(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let before = Timestamp::now();
        let passed = factory::ended_run(&store, &member, plan, RunState::Passed).await;
        let failed = factory::ended_run(&store, &member, plan, RunState::Failed).await;
        factory::queued_run(&store, &member, plan).await;
        let cancelled = factory::queued_run(&store, &member, plan).await;
        store.cancel_run(member.tenant(), cancelled).await.unwrap();
        let now = Timestamp::now();
        let question = question(&before.to_string(), &now.to_string(), "7d", Some(plan));
        let bins = store.statistics(member.tenant(), question).await.unwrap();
        let sum = |of: fn(&Bin) -> u64| bins.iter().map(of).sum::<u64>();
        let counted = (sum(|bin| bin.passed), sum(|bin| bin.failed), sum(|bin| bin.open), sum(|bin| bin.cancelled));
        assert_eq!((counted, sum(Bin::runs)), ((1, 1, 1, 1), 4));
        let mut longest = None;
        for run in [passed, failed] {
            longest = longest.max(store.run_row(member.tenant(), run).await.unwrap().unwrap().duration);
        }
        assert_eq!(bins.iter().filter_map(|bin| Some(bin.durations?.max)).max(), longest);
    }
}
