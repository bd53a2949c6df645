//! Which operators may run and stop which plan.

use domain::{Cause, Role};
use store::{CancelOutcome, Member, MemberError, NewRun, QueueError, Store};
use testkit::factory;

async fn run(store: &Store, member: &Member, plan: domain::PlanId) -> Result<domain::RunId, QueueError> {
    store.queue_run(member.tenant(), NewRun::of(plan, Cause::Manual)).await.map(|run| run.id)
}

testkit::on_both! {
    async fn a_plan_with_named_operators_is_run_and_stopped_by_no_others(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        let (named, other) = (factory::colleague(&store, &owner, Role::Operator).await, factory::colleague(&store, &owner, Role::Operator).await);
        let editor = factory::colleague(&store, &owner, Role::Editor).await;
        run(&store, &other, plan).await.unwrap();

        store.name_plan_operators(editor.tenant(), plan, vec![named.user_id]).await.unwrap();
        let refused = run(&store, &other, plan).await;
        assert!(matches!(refused, Err(QueueError::NotYours)), "{refused:?}");
        let going = run(&store, &named, plan).await.unwrap();
        assert_eq!(store.run_row(owner.tenant(), going).await.unwrap().unwrap().number, 2, "a refusal takes no number");
        assert_eq!(store.cancel_run(other.tenant(), going).await.unwrap(), CancelOutcome::NotYours);
        assert_eq!(store.cancel_run(named.tenant(), going).await.unwrap(), CancelOutcome::Cancelled);
        for above in [&owner, &editor] {
            let going = run(&store, above, plan).await.unwrap();
            assert_eq!(store.cancel_run(above.tenant(), going).await.unwrap(), CancelOutcome::Cancelled);
        }
        let told: Vec<_> = store.plan_operators(owner.tenant(), plan).await.unwrap();
        let told: Vec<_> = told.iter().map(|one| (one.user, one.role, one.is_named)).collect();
        assert!(told.len() == 2 && told.contains(&(named.user_id, Some(Role::Operator), true)), "{told:?}");
        assert!(told.contains(&(other.user_id, Some(Role::Operator), false)), "{told:?}");

        store.name_plan_operators(editor.tenant(), plan, Vec::new()).await.unwrap();
        run(&store, &other, plan).await.unwrap();
    }

    async fn whoever_leaves_opens_the_plan_to_nobody(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        let (named, other) = (factory::colleague(&store, &owner, Role::Operator).await, factory::colleague(&store, &owner, Role::Operator).await);
        store.name_plan_operators(owner.tenant(), plan, vec![named.user_id]).await.unwrap();
        store.remove_member(owner.tenant(), named.user_id).await.unwrap();
        assert!(!store.may_operate(other.tenant(), plan).await.unwrap());
        assert!(matches!(run(&store, &other, plan).await, Err(QueueError::NotYours)));
        let told = store.plan_operators(owner.tenant(), plan).await.unwrap();
        assert!(told.iter().any(|one| one.user == named.user_id && one.role.is_none() && one.is_named), "{told:?}");
    }

    async fn only_operators_of_the_organization_are_named_and_only_by_editors(database: TestDatabase) {
        let store = database.open().await;
        let (owner, stranger) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        let operator = factory::colleague(&store, &owner, Role::Operator).await;
        let refused = store.name_plan_operators(operator.tenant(), plan, vec![operator.user_id]).await;
        assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
        store.name_plan_operators(owner.tenant(), plan, vec![stranger.user_id, owner.user_id]).await.unwrap();
        assert!(store.may_operate(operator.tenant(), plan).await.unwrap(), "nobody was named");
    }
}
