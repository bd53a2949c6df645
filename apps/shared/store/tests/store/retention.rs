//! How long runs are kept.

use std::time::Duration;

use domain::{RunId, RunState, Tiers};
use store::{Options, Recorder, RunFilter, Store};
use testkit::{TestDatabase, factory};
use uuid::Uuid;

use crate::{
    claims::{LONG, claim_one, claims},
    raw,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the run as old as that.
pub fn age(database: &TestDatabase, run: RunId, age: Duration) -> RunId {
    // The first 48 bits of an id are the milliseconds of its making.
    let older = RunId(Uuid::from_u128(run.0.as_u128() - (age.as_millis() << 80)));
    let (run, id) = (raw::id(database, run.0), raw::id(database, older.0));
    raw::sql(
        database,
        &format!(
            "INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, due_at, queued_at,
                               started_at, finished_at, steps, steps_passed, steps_failed)
             SELECT {id}, organization_id, plan_id, version, -number, state, cause, due_at, queued_at, started_at,
                    finished_at, steps, steps_passed, steps_failed
             FROM runs WHERE id = {run};
             UPDATE steps SET run_id = {id} WHERE run_id = {run};
             DELETE FROM runs WHERE id = {run};
             UPDATE runs SET number = -number WHERE id = {id};"
        ),
    );
    older
}

async fn is_there(store: &Store, member: &store::Member, run: RunId) -> bool {
    store.run_row(member.tenant(), run).await.unwrap().is_some()
}

testkit::on_both! {
    async fn what_is_over_and_older_than_the_tier_keeps_it_is_forgotten(database: TestDatabase) {
        // New organizations are on the free tier, which keeps a week.
        let tiers = Tiers { in_force: None, ..Tiers::default() };
        let store = database.open_with(Options { tiers, ..Options::default() }).await;
        let (free, pro) = (factory::member(&store).await, factory::member(&store).await);
        let organization = raw::id(&database, pro.tenant().organization().0);
        raw::sql(&database, &format!("UPDATE organizations SET tier = 'pro' WHERE id = {organization}"));
        let mut old = Vec::new();
        for member in [&free, &pro] {
            let plan = factory::saved_plan(&store, member, "Plan").await;
            let year = factory::ended_run(&store, member, plan, RunState::Failed).await;
            let week = factory::ended_run(&store, member, plan, RunState::Failed).await;
            let recent = factory::ended_run(&store, member, plan, RunState::Passed).await;
            let open = factory::queued_run(&store, member, plan).await;
            let week = age(&database, week, 8 * DAY);
            let year = age(&database, year, 366 * DAY);
            let open = age(&database, open, 366 * DAY);
            old.push([recent, week, year, open]);
            // Nothing else may wait in the database of `ended_run`.
            raw::sql(&database, &format!("UPDATE runs SET due_at = due_at + 3600000000 WHERE id = {}", raw::id(&database, open.0)));
        }
        assert_eq!(store.forget_old_runs().await.unwrap(), 3);
        for (member, [recent, week, year, open], is_pro) in [(&free, old[0], false), (&pro, old[1], true)] {
            assert!(is_there(&store, member, recent).await);
            assert_eq!(is_there(&store, member, week).await, is_pro);
            assert!(!is_there(&store, member, year).await);
            assert!(is_there(&store, member, open).await, "a run that is not over stays");
            assert!(store.step(member.tenant(), year, 0).await.unwrap().is_none());
        }
        assert_eq!(store.forget_old_runs().await.unwrap(), 0);
        assert_eq!(store.doctor().await.unwrap(), [], "what plans remember may be more than there is");
    }

    async fn others_write_while_a_long_history_is_forgotten(database: TestDatabase) {
        let mut tiers = Tiers::default();
        tiers.enterprise.history = Duration::ZERO;
        let store = database.open_with(Options { tiers, ..Options::default() }).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        raw::queue_many(&database, plan, 2_000);
        // Ids of long ago, so that they are surely older than now.
        let id = if database.is_sqlite() { "CAST(x'00' || substr(id, 2) AS BLOB)" } else { "('00' || substr(id::text, 3))::uuid" };
        raw::sql(
            &database,
            &format!("UPDATE runs SET id = {id}, state = 'passed', due_at = NULL, finished_at = queued_at"),
        );
        let forgetting = tokio::spawn({
            let store = store.clone();
            async move { store.forget_old_runs().await.unwrap() }
        });
        let recorder = Recorder::start(&store);
        let mut written = 0;
        while !forgetting.is_finished() {
            let run = factory::queued_run(&store, &member, plan).await;
            let lease = claim_one(&claims(&store, LONG)).await.lease;
            assert_eq!(lease.run, run);
            let record = recorder.run(lease, tokio_util::sync::CancellationToken::new());
            record.finish(store::Ending::errored("Nothing."), ()).await.unwrap();
            recorder.flush().await;
            written += 1;
        }
        assert!(forgetting.await.unwrap() >= 2_000);
        assert!(written > 1, "only {written} runs came in between");
        assert!(store.runs(member.tenant(), RunFilter::default()).await.unwrap().items.len() <= written);
    }
}
