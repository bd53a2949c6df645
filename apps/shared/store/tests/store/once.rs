//! Requests that come twice make one thing.

use domain::Cause;
use store::{Error, NewRun, Once, PlanFilter, QueueError, RunFilter, SaveError};
use testkit::factory;

use crate::raw;

fn once(key: &str, request: &str) -> Option<Once> {
    Some(Once::new(key, request.as_bytes()))
}

testkit::on_both! {
    async fn a_request_that_comes_ten_times_at_once_makes_one_run(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let tenant = member.tenant().once(once("deploy 7", "{}"));
        let ask = || async { store.queue_run(&tenant, NewRun::of(plan, Cause::Api)).await.unwrap() };
        let first = ask().await;
        let (a, b, c, d, e) = tokio::join!(ask(), ask(), ask(), ask(), ask());
        assert!([a, b, c, d, e].iter().all(|run| *run == first), "{first:?}");
        let other = member.tenant().once(once("deploy 8", "{}"));
        let (a, b) = tokio::join!(
            store.queue_run(&other, NewRun::of(plan, Cause::Api)),
            store.queue_run(&other, NewRun::of(plan, Cause::Api)),
        );
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!(store.runs(member.tenant(), RunFilter::default()).await.unwrap().items.len(), 2);
    }

    async fn plans_and_schedules_are_made_once_too_and_one_key_may_name_one_of_each(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let tenant = member.tenant().once(once("push", "plan"));
        let make = || store.create_plan(&tenant, member.user_id, factory::plan("Plan"));
        let plan = make().await.unwrap();
        assert_eq!(make().await.unwrap(), plan);
        assert_eq!(store.plans(member.tenant(), PlanFilter::default()).await.unwrap().items.len(), 1);
        let schedule = || store.create_schedule(&tenant, member.user_id, plan, factory::hourly("Hourly"));
        let made = schedule().await.unwrap();
        assert!(made.is_some());
        assert_eq!(schedule().await.unwrap(), made);
    }

    async fn a_key_is_good_for_one_request_of_one_organization(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        let make = |member: &store::Member, request: &str| {
            let (tenant, user) = (member.tenant().once(once("key", request)), member.user_id);
            let store = store.clone();
            async move { store.create_plan(&tenant, user, factory::plan("Plan")).await }
        };
        let hers = make(&ada, "one").await.unwrap();
        let refused = make(&ada, "another").await;
        assert!(matches!(refused, Err(SaveError::Store(Error::KeyReused))), "{refused:?}");
        assert_ne!(make(&eve, "one").await.unwrap(), hers);
    }

    async fn what_failed_took_no_key(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let tenant = member.tenant().once(once("key", "run"));
        let refused = store.queue_run(&tenant, NewRun::of(domain::PlanId::new(), Cause::Api)).await;
        assert!(matches!(refused, Err(QueueError::NotFound)), "{refused:?}");
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        store.queue_run(&tenant, NewRun::of(plan, Cause::Api)).await.unwrap();
    }

    async fn a_key_is_forgotten_after_a_day(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let tenant = member.tenant().once(once("key", "plan"));
        let make = || store.create_plan(&tenant, member.user_id, factory::plan("Plan"));
        let first = make().await.unwrap();
        assert_eq!(store.forget_old_requests().await.unwrap(), 0);
        raw::sql(&database, &format!("UPDATE requests SET created_at = created_at - {}", 24 * 3_600_000_001_i64));
        assert_eq!(store.forget_old_requests().await.unwrap(), 1);
        assert_ne!(make().await.unwrap(), first);
    }
}
