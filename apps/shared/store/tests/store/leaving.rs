//! Deleting an account: what goes with it, what stays, and what keeps somebody from it.

use domain::{Deed, Role, RunState, Subscription, SubscriptionStatus};
use store::{AuditFilter, DeleteAccountError, Member, PlanFilter, Store, Without};
use testkit::{TestDatabase, factory};

use crate::{
    customers::{customer, subscription},
    raw,
};

/// Makes somebody a member of another's organization as well.
fn join(database: &TestDatabase, who: &Member, whose: &Member, role: Role) {
    let (organization, user) = (raw::id(database, whose.tenant().organization().0), raw::id(database, who.user_id.0));
    raw::sql(
        database,
        &format!(
            "INSERT INTO members (organization_id, user_id, role, created_at)
             VALUES ({organization}, {user}, '{role}', 1900000000000000)"
        ),
    );
}

async fn without(store: &Store, member: &Member) -> Vec<Without> {
    store.memberships(&member.person()).await.unwrap().into_iter().map(|membership| membership.without).collect()
}

async fn exists(store: &Store, member: &Member) -> bool {
    store.password_hash(&member.email).await.unwrap().is_some()
}

testkit::on_both! {
    async fn whoever_is_alone_goes_with_their_organization_and_all_that_is_in_it(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &ada, "Plan").await;
        let run = factory::ended_run(&store, &ada, plan, RunState::Passed).await;
        factory::scheduled(&store, &ada, plan, factory::hourly("Hourly")).await;
        let kept = factory::saved_plan(&store, &eve, "Kept").await;
        let memberships = store.memberships(&ada.person()).await.unwrap();
        assert_eq!((memberships[0].role, memberships[0].without, memberships[0].name.as_str()), (Role::Owner, Without::Goes, ada.organization_name.as_str()));
        store.delete_account(&ada, factory::mail()).await.unwrap();
        assert!(!exists(&store, &ada).await);
        assert!(store.memberships(&ada.person()).await.unwrap().is_empty() && store.sessions(&ada).await.unwrap().is_empty());
        assert!(store.plan(ada.tenant(), plan).await.unwrap().is_none() && store.run(ada.tenant(), run).await.unwrap().is_none());
        assert!(store.plan(eve.tenant(), kept).await.unwrap().is_some(), "nobody else is concerned");
        assert_eq!(store.mails(10).await.unwrap().len(), 1, "they are told");
        // The address is free again.
        store.sign_up(store::NewAccount { email: ada.email.clone(), ..factory::account() }).await.unwrap();
    }

    async fn the_last_owner_of_others_stays_until_there_is_another_one(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &ada, "Shared").await;
        join(&database, &eve, &ada, Role::Admin);
        assert_eq!(without(&store, &ada).await, [Without::HasNoOwner]);
        let refused = store.delete_account(&ada, factory::mail()).await.unwrap_err();
        assert!(matches!(&refused, DeleteAccountError::LastOwner(name) if *name == ada.organization_name), "{refused}");
        assert!(exists(&store, &ada).await && store.plan(ada.tenant(), plan).await.unwrap().is_some());
        assert!(store.mails(10).await.unwrap().is_empty(), "nobody is told of what did not happen");
        raw::sql(&database, &format!("UPDATE members SET role = 'owner' WHERE user_id = {}", raw::id(&database, eve.user_id.0)));
        store.delete_account(&ada, factory::mail()).await.unwrap();
        let shared = store.plan(ada.tenant(), plan).await.unwrap().unwrap();
        assert_eq!((shared.name.as_str(), shared.author), ("Shared", None), "it stays, without their name");
        let last = store.audit(ada.tenant(), AuditFilter::default()).await.unwrap().items.remove(0);
        assert_eq!((last.deed, last.name.as_str(), last.actor_name.as_str()), (Deed::MemberLeft, ada.email.as_str(), ada.email.as_str()));
        assert_eq!(without(&store, &eve).await, [Without::Goes, Without::Goes], "now she is alone in both");
    }

    async fn of_two_owners_who_go_at_once_one_stays(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        let third = factory::member(&store).await;
        join(&database, &eve, &ada, Role::Owner);
        join(&database, &third, &ada, Role::Viewer);
        let go = |member: &Member| {
            let (store, member) = (store.clone(), member.clone());
            tokio::spawn(async move { store.delete_account(&member, factory::mail()).await.is_ok() })
        };
        let (first, second) = (go(&ada), go(&eve));
        let gone = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(gone.iter().filter(|gone| **gone).count(), 1, "{gone:?}");
        assert_eq!(without(&store, &third).await.len(), 2, "the organization is still there");
    }

    async fn what_is_paid_for_keeps_its_last_member(database: TestDatabase) {
        let store = database.open().await;
        let ada = customer(&store, "cus_1").await;
        let subscribe = |subscription: Subscription| {
            let subscription = serde_json::to_string(&subscription).unwrap();
            raw::sql(&database, &format!("UPDATE customers SET subscription = '{subscription}'"));
        };
        let running = subscription(SubscriptionStatus::Active);
        subscribe(running.clone());
        assert_eq!(without(&store, &ada).await, [Without::IsPaidFor]);
        let refused = store.delete_account(&ada, factory::mail()).await.unwrap_err();
        assert!(matches!(refused, DeleteAccountError::Subscribed(_)), "{refused}");
        let soon = Some(jiff::Timestamp::now() + jiff::ToSpan::hours(24));
        for over in [subscription(SubscriptionStatus::Canceled), Subscription { cancel_at: soon, ..running }] {
            subscribe(over);
            assert_eq!(without(&store, &ada).await, [Without::Goes]);
        }
        raw::sql(&database, "UPDATE customers SET subscription = 'damaged'");
        assert_eq!(without(&store, &ada).await, [Without::IsPaidFor], "what cannot be read is kept");
        subscribe(subscription(SubscriptionStatus::Canceled));
        store.delete_account(&ada, factory::mail()).await.unwrap();
        assert!(!exists(&store, &ada).await);
        assert!(store.plans(ada.tenant(), PlanFilter::default()).await.unwrap().items.is_empty());
    }
}
