//! Hooks of plans: what they prove, for how long, and what they may.

use domain::{Action, Actor, Cause, Deed, Role, RunState, Scope};
use store::{AuditFilter, CancelOutcome, Hook, HookMade, MemberError, NewRun, Once, QueueError, Store};
use testkit::factory;

use crate::raw;

async fn called(store: &Store, token_hash: [u8; 32]) -> Hook {
    store.hook(token_hash).await.unwrap().expect("there is such a hook")
}

testkit::on_both! {
    async fn a_hook_runs_its_plan_and_the_audit_log_tells_that_it_did(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Shop").await;
        let token = factory::token();
        assert_eq!(store.make_hook(owner.tenant(), plan, token).await.unwrap(), HookMade::New);
        let hook = called(&store, token).await;
        assert_eq!((hook.plan, hook.tenant().organization()), (plan, owner.tenant().organization()));
        assert_eq!(hook.tenant().actor(), Actor::Hook(plan));
        assert!(store.hook(factory::token()).await.unwrap().is_none());

        let run = store.queue_run(hook.tenant(), NewRun::of(plan, Cause::Hook)).await.unwrap();
        let row = store.run_row(owner.tenant(), run.id).await.unwrap().unwrap();
        assert_eq!((row.state, row.cause, row.user), (RunState::Queued, Cause::Hook, None));
        let lines = store.audit(owner.tenant(), AuditFilter::default()).await.unwrap().items;
        assert_eq!((lines[0].deed, lines[0].actor.as_str(), lines[0].actor_id), (Deed::RunRequested, "hook", Some(plan.0)));
        assert_eq!(lines[0].actor_name, "Hook of Shop");
        assert_eq!((lines[1].deed, lines[1].thing, lines[1].name.as_str()), (Deed::HookCreated, Some(plan.0), "Shop"));
    }

    async fn a_hook_may_run_that_one_plan_and_nothing_else(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (plan, other) =
            (factory::saved_plan(&store, &owner, "Shop").await, factory::saved_plan(&store, &owner, "Other").await);
        let others_run = factory::queued_run(&store, &owner, other).await;
        let token = factory::token();
        store.make_hook(owner.tenant(), plan, token).await.unwrap();
        let hook = called(&store, token).await;
        let tenant = hook.tenant();
        let refused = store.queue_run(tenant, NewRun::of(other, Cause::Hook)).await;
        assert!(matches!(refused, Err(QueueError::NotFound)), "{refused:?}");
        assert_eq!(store.cancel_run(tenant, others_run).await.unwrap(), CancelOutcome::NotYours);
        for refused in [
            store.make_hook(tenant, plan, factory::token()).await.map(|_| ()),
            store.delete_hook(tenant, plan).await,
            store.name_plan_operators(tenant, plan, Vec::new()).await,
            store.change_role(tenant, owner.user_id, Role::Viewer).await,
        ] {
            assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
        }
        assert_eq!(called(&store, token).await.plan, plan);
    }

    async fn a_new_address_is_the_end_of_the_one_before(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Shop").await;
        let (first, second) = (factory::token(), factory::token());
        store.make_hook(owner.tenant(), plan, first).await.unwrap();
        assert_eq!(store.make_hook(owner.tenant(), plan, second).await.unwrap(), HookMade::Rotated);
        assert!(store.hook(first).await.unwrap().is_none());
        assert_eq!(called(&store, second).await.plan, plan);
        store.delete_hook(owner.tenant(), plan).await.unwrap();
        assert!(store.hook(second).await.unwrap().is_none());
        assert_eq!(store.plan_hook(owner.tenant(), plan).await.unwrap(), None);
        assert!(matches!(store.delete_hook(owner.tenant(), plan).await, Err(MemberError::NotFound)));
        let line = store.audit(owner.tenant(), AuditFilter::default()).await.unwrap().items.swap_remove(0);
        assert_eq!((line.deed, line.thing), (Deed::HookDeleted, Some(plan.0)));

        store.make_hook(owner.tenant(), plan, first).await.unwrap();
        assert!(store.delete_plan(owner.tenant(), plan).await.unwrap());
        assert!(store.hook(first).await.unwrap().is_none(), "it goes with its plan");
    }

    async fn it_is_told_who_made_a_hook_and_when_it_was_used(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let editor = factory::colleague(&store, &owner, Role::Editor).await;
        let plan = factory::saved_plan(&store, &owner, "Shop").await;
        assert_eq!(store.plan_hook(owner.tenant(), plan).await.unwrap(), None);
        let token = factory::token();
        store.make_hook(editor.tenant(), plan, token).await.unwrap();
        let row = store.plan_hook(owner.tenant(), plan).await.unwrap().unwrap();
        assert_eq!((row.created_by.as_ref(), row.last_used_at), (Some(&editor.email), None));
        called(&store, token).await;
        let used = store.plan_hook(owner.tenant(), plan).await.unwrap().unwrap().last_used_at.unwrap();
        assert!(used >= row.created_at, "{used}");
        called(&store, token).await;
        let again = store.plan_hook(owner.tenant(), plan).await.unwrap().unwrap().last_used_at;
        assert_eq!(again, Some(used), "within a minute nothing is written");
        raw::sql(&database, "UPDATE hooks SET last_used_at = last_used_at - 61000000");
        called(&store, token).await;
        assert!(store.plan_hook(owner.tenant(), plan).await.unwrap().unwrap().last_used_at >= Some(used));

        store.remove_member(owner.tenant(), editor.user_id).await.unwrap();
        assert_eq!(called(&store, token).await.plan, plan, "deployments go on when somebody leaves");
    }

    async fn only_who_may_change_plans_makes_and_deletes_hooks(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let operator = factory::colleague(&store, &owner, Role::Operator).await;
        let run = factory::bearer(&store, &owner, Scope::Run).await;
        let plan = factory::saved_plan(&store, &owner, "Shop").await;
        store.make_hook(owner.tenant(), plan, factory::token()).await.unwrap();
        for tenant in [operator.tenant(), run.tenant()] {
            for refused in [
                store.make_hook(tenant, plan, factory::token()).await.map(|_| ()),
                store.delete_hook(tenant, plan).await,
            ] {
                assert_eq!(refused.unwrap_err().to_string(), Action::EditPlans.refusal());
            }
        }
        let write = factory::bearer(&store, &owner, Scope::Write).await;
        store.delete_hook(write.tenant(), plan).await.unwrap();
    }

    async fn operators_who_are_named_do_not_keep_the_hook_out(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let named = factory::colleague(&store, &owner, Role::Operator).await;
        let plan = factory::saved_plan(&store, &owner, "Shop").await;
        store.name_plan_operators(owner.tenant(), plan, vec![named.user_id]).await.unwrap();
        let token = factory::token();
        store.make_hook(owner.tenant(), plan, token).await.unwrap();
        let hook = called(&store, token).await;
        store.queue_run(hook.tenant(), NewRun::of(plan, Cause::Hook)).await.unwrap();
    }

    async fn one_key_stands_for_one_request_to_each_of_several_hooks(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let mut runs = Vec::new();
        for name in ["Shop", "Blog"] {
            let plan = factory::saved_plan(&store, &owner, name).await;
            let token = factory::token();
            store.make_hook(owner.tenant(), plan, token).await.unwrap();
            let once = Once::new("deployment 7", &token).to_hook_of(plan);
            let tenant = called(&store, token).await.tenant().once(Some(once));
            let first = store.queue_run(&tenant, NewRun::of(plan, Cause::Hook)).await.unwrap();
            let again = store.queue_run(&tenant, NewRun::of(plan, Cause::Hook)).await.unwrap();
            assert_eq!((first.id, first.number), (again.id, 1));
            runs.push(first.id);
        }
        assert_ne!(runs[0], runs[1]);
    }
}
