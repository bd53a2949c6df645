//! Plans and their versions.

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use domain::{Health, PlanId, RunId, RunState};
use store::{NewPlan, PageRequest, PlanFilter, SaveError};
use testkit::factory;

fn named(name: &str, text: &str) -> NewPlan {
    NewPlan { text: text.to_owned(), ..factory::plan(name) }
}

fn page(size: u32) -> PageRequest {
    PageRequest { after: None, size }
}

testkit::on_both! {
    async fn a_plan_is_read_as_it_was_saved(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let new = named("Überprüfung 雨", "- get: {url: http://x/ä}\n");
        let id = store.create_plan(member.tenant(), member.user_id, new.clone()).await.unwrap();

        let plan = store.plan(member.tenant(), id).await.unwrap().unwrap();
        assert_eq!((plan.name.as_str(), plan.text, plan.outline), (new.name.as_str(), new.text, new.outline));
        assert_eq!((plan.version, plan.steps, plan.health, plan.recent), (1, 2, None, vec![]));
        assert_eq!(plan.author, Some(member.email.clone()));
        assert_eq!(plan.created_at, plan.updated_at);
    }

    async fn saving_adds_a_version_and_keeps_the_old_one(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let id = factory::saved_plan(&store, &member, "First").await;
        let version = store.save_plan(member.tenant(), member.user_id, id, 1, named("Second", "- get: {url: http://y/}\n")).await;
        assert_eq!(version.unwrap(), 2);

        let plan = store.plan(member.tenant(), id).await.unwrap().unwrap();
        assert_eq!((plan.name.as_str(), plan.version), ("Second", 2));
        let old = store.plan_version(member.tenant(), id, 1).await.unwrap().unwrap();
        assert_eq!((old.row.name.as_str(), old.text), ("First", factory::plan("x").text));
        let versions = store.plan_versions(member.tenant(), id, page(1)).await.unwrap();
        assert_eq!(versions.items[0].version, 2);
        let rest = store.plan_versions(member.tenant(), id, PageRequest { after: versions.next, size: 1 }).await.unwrap();
        assert_eq!((rest.items[0].version, rest.next), (1, None));
        assert!(store.plan_version(member.tenant(), id, 3).await.unwrap().is_none());
    }

    async fn saving_over_a_version_that_is_no_longer_current_is_a_conflict(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let id = factory::saved_plan(&store, &member, "Plan").await;
        store.save_plan(member.tenant(), member.user_id, id, 1, named("Plan", "- get: {url: http://y/}\n")).await.unwrap();
        let late = store.save_plan(member.tenant(), member.user_id, id, 1, named("Plan", "- get: {url: http://z/}\n")).await;
        assert!(matches!(late, Err(SaveError::Conflict { current: 2 })));
    }

    async fn of_many_who_save_over_the_same_version_one_wins(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let id = factory::saved_plan(&store, &member, "Plan").await;
        let tries: Vec<_> = (0..8)
            .map(|n| {
                let (store, member) = (store.clone(), member.clone());
                let new = named("Plan", &format!("- get: {{url: http://{n}/}}\n"));
                tokio::spawn(async move { store.save_plan(member.tenant(), member.user_id, id, 1, new).await })
            })
            .collect();
        let mut won = 0;
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(2) => won += 1,
                Err(SaveError::Conflict { current: 2 }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(won, 1);
    }

    async fn saving_what_is_there_already_makes_no_version(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let id = factory::saved_plan(&store, &member, "Plan").await;
        let same = store.save_plan(member.tenant(), member.user_id, id, 1, factory::plan("Plan")).await;
        assert_eq!(same.unwrap(), 1);
        let renamed = store.save_plan(member.tenant(), member.user_id, id, 1, factory::plan("Other")).await;
        assert_eq!(renamed.unwrap(), 2);
    }

    async fn what_does_not_exist_cannot_be_saved(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let saved = store.save_plan(member.tenant(), member.user_id, PlanId::new(), 1, factory::plan("x")).await;
        assert!(matches!(saved, Err(SaveError::NotFound)));
    }

    async fn the_list_pages_from_the_newest_to_the_oldest_without_gaps_or_doubles(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        for n in 0..7 {
            factory::saved_plan(&store, &member, &format!("Plan {n}")).await;
        }
        let mut seen = Vec::new();
        let mut request = page(3);
        loop {
            let part = store.plans(member.tenant(), PlanFilter { page: request, ..PlanFilter::default() }).await.unwrap();
            assert!(part.items.len() <= 3);
            seen.extend(part.items.into_iter().map(|plan| plan.name));
            match part.next {
                Some(next) => request.after = Some(next.to_string().parse().unwrap()),
                None => break,
            }
        }
        assert_eq!(seen, (0..7).rev().map(|n| format!("Plan {n}")).collect::<Vec<_>>());
    }

    async fn the_list_is_searched_by_text_in_the_name_and_text_is_no_pattern(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        for name in ["Checkout", "Login at 50%", "check_in"] {
            factory::saved_plan(&store, &member, name).await;
        }
        for (search, found) in [("CHECK", 2), ("50%", 1), ("%", 1), ("_", 1), ("\\", 0), ("", 3), ("kout", 1), ("log\0in", 1)] {
            let filter = PlanFilter { search: Some(search.to_owned()), ..PlanFilter::default() };
            assert_eq!(store.plans(member.tenant(), filter).await.unwrap().items.len(), found, "{search:?}");
        }
    }

    async fn the_list_shows_health_the_last_run_and_a_bar_per_run(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let failing = factory::saved_plan(&store, &member, "Failing").await;
        let passing = factory::saved_plan(&store, &member, "Passing").await;
        factory::saved_plan(&store, &member, "New").await;
        factory::ended_run(&store, &member, failing, RunState::Passed).await;
        factory::ended_run(&store, &member, failing, RunState::Failed).await;
        factory::ended_run(&store, &member, passing, RunState::Passed).await;
        let waiting = factory::queued_run(&store, &member, passing).await;

        let plans = store.plans(member.tenant(), PlanFilter::default()).await.unwrap().items;
        let [new, passing, failing] = &plans[..] else { panic!("{plans:?}") };
        assert_eq!((new.health, new.last_run.is_none(), new.recent.len()), (None, true, 0));
        let last = passing.last_run.as_ref().unwrap();
        assert_eq!((last.id, last.number, last.state, last.duration), (waiting, 2, RunState::Queued, None));
        assert_eq!((passing.health, passing.recent.len()), (Some(Health::Passing), 1));
        let states: Vec<_> = failing.recent.iter().map(|run| run.state).collect();
        assert_eq!((failing.health, states), (Some(Health::Failing), vec![RunState::Failed, RunState::Passed]));
        assert!(failing.last_run.as_ref().unwrap().duration.is_some());

        let filter = PlanFilter { health: vec![Health::Failing, Health::Errored], ..PlanFilter::default() };
        let found = store.plans(member.tenant(), filter).await.unwrap().items;
        assert_eq!(found.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["Failing"]);
    }

    async fn a_plan_remembers_its_last_thirty_runs_only(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::ended_run(&store, &member, plan, RunState::Failed).await;
        for _ in 0..30 {
            let run = factory::queued_run(&store, &member, plan).await;
            store.cancel_run(member.tenant(), run).await.unwrap();
        }
        let plan = store.plan(member.tenant(), plan).await.unwrap().unwrap();
        assert!(plan.recent.iter().all(|run| run.state == RunState::Cancelled));
        assert_eq!((plan.recent.len(), plan.health), (30, Some(Health::Failing)));
    }

    async fn deleting_a_plan_takes_its_versions_runs_and_steps(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let other = factory::saved_plan(&store, &member, "Other").await;
        let run = factory::ended_run(&store, &member, plan, RunState::Failed).await;
        let kept = factory::ended_run(&store, &member, other, RunState::Passed).await;

        assert!(store.delete_plan(member.tenant(), plan).await.unwrap());
        assert!(store.plan(member.tenant(), plan).await.unwrap().is_none());
        assert!(store.plan_version(member.tenant(), plan, 1).await.unwrap().is_none());
        assert!(store.run(member.tenant(), run).await.unwrap().is_none());
        assert!(store.step(member.tenant(), run, 0).await.unwrap().is_none());
        assert_eq!(store.run(member.tenant(), kept).await.unwrap().unwrap().steps.len(), 2);
        assert!(!store.delete_plan(member.tenant(), plan).await.unwrap());
    }

    async fn a_history_longer_than_one_transaction_is_deleted_whole(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let mut run = None;
        for _ in 0..501 {
            run = Some(factory::queued_run(&store, &member, plan).await);
        }
        assert!(store.delete_plan(member.tenant(), plan).await.unwrap());
        assert!(store.run(member.tenant(), run.unwrap()).await.unwrap().is_none());
        assert_eq!(store.summary(member.tenant()).await.unwrap(), store::Summary::default());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_deleted_although_somebody_writes_to_its_runs_in_another_order() {
    let database = testkit::TestDatabase::postgres().await;
    let store = database.open().await;
    let member = factory::member(&store).await;
    let plan = factory::saved_plan(&store, &member, "Plan").await;
    let (older, newer) =
        (factory::queued_run(&store, &member, plan).await, factory::queued_run(&store, &member, plan).await);
    let mut other = PgConnection::establish(database.url()).unwrap();
    let touch = |run: RunId| format!("UPDATE runs SET priority = 1 WHERE id = '{run}'");
    // The deletion begins with the newer run and waits for the older one, which the other holds; when
    // the other wants the newer one too, one of the two has to yield.
    other.batch_execute(&format!("BEGIN; SET LOCAL deadlock_timeout = '20s'; {}", touch(older))).unwrap();
    let deletion = tokio::spawn({
        let (store, member) = (store.clone(), member.clone());
        async move { store.delete_plan(member.tenant(), plan).await }
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
    while database.sql(waits) == "0" {
        tokio::task::yield_now().await;
    }
    tokio::task::spawn_blocking(move || other.batch_execute(&format!("{}; COMMIT", touch(newer))).unwrap())
        .await
        .unwrap();
    assert!(deletion.await.unwrap().unwrap());
}
