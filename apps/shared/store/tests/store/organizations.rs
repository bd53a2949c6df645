//! Several organizations of one person: making, changing between, renaming and deleting them.

use domain::{Role, RunState, Subscription, Tier};
use store::{AuditFilter, DeleteOrganizationError, Found, Member, MemberError, PlanFilter, RunFilter, Store};
use testkit::factory;

/// The member's browser in another organization of theirs.
async fn switched(store: &Store, member: &Member, organization: domain::OrganizationId) -> Member {
    let token = factory::token();
    assert!(store.switch_organization(&member.person(), organization, token).await.unwrap());
    store.member(token).await.unwrap().unwrap()
}

async fn second(store: &Store, member: &Member, name: &str) -> domain::OrganizationId {
    store.create_organization(&member.person(), name.parse().unwrap(), Some(factory::plan("Sample"))).await.unwrap()
}

/// Whether `subscription` keeps the organization from being deleted.
async fn refuses(store: &Store, member: &Member, subscription: Subscription) -> bool {
    let organization = member.tenant().organization();
    let customer = format!("cus_{}", organization.0.simple());
    store.add_customer(member.tenant(), &customer, None).await.unwrap();
    let reading = store.begin_sync(&customer).await.unwrap().unwrap();
    let found = Found { email: None, subscription: Some(subscription) };
    store.finish_sync(reading, Some(found), None, "http://localhost/billing").await.unwrap();
    match store.delete_organization(member.tenant()).await {
        Err(DeleteOrganizationError::Subscribed) => true,
        Ok(()) => false,
        Err(error) => panic!("{error}"),
    }
}

testkit::on_both! {
    async fn a_person_has_several_and_goes_on_in_the_one_they_used_last(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let first = member.tenant().organization();
        let other = second(&store, &member, "Second").await;
        let there = switched(&store, &member, other).await;
        assert_eq!((there.tenant().organization(), there.organization_name.as_str(), there.role), (other, "Second", Role::Owner));
        let plans = store.plans(there.tenant(), PlanFilter::default()).await.unwrap().items;
        assert_eq!(plans.len(), 1, "the sample is there");
        let order = async || {
            let rows = store.memberships(&member.person()).await.unwrap();
            rows.into_iter().map(|row| row.tenant.organization()).collect::<Vec<_>>()
        };
        assert_eq!(order().await, [other, first]);
        assert_eq!(factory::same_member(&store, &member).await.tenant().organization(), other);
        switched(&store, &there, first).await;
        assert_eq!(order().await, [first, other]);
        assert_eq!(factory::same_member(&store, &member).await.tenant().organization(), first);
    }

    async fn changing_the_organization_ends_the_token_before(database: TestDatabase) {
        let store = database.open().await;
        let user = store.sign_up(factory::account()).await.unwrap();
        let (old, new) = (factory::token(), factory::token());
        let session = |token_hash| store::NewSession {
            token_hash,
            user_agent: String::new(),
            expires_at: jiff::Timestamp::now() + jiff::ToSpan::hours(1),
        };
        store.create_session(user, session(old)).await.unwrap();
        let member = store.member(old).await.unwrap().unwrap();
        let here = member.tenant().organization();
        assert!(store.switch_organization(&member.person(), here, new).await.unwrap());
        assert!(store.member(old).await.unwrap().is_none() && store.person(old).await.unwrap().is_none());
        assert_eq!(store.person(new).await.unwrap(), Some(member.person()));
    }

    async fn only_owners_delete_and_everything_goes_but_the_people(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let home = owner.tenant().organization();
        let doomed = switched(&store, &owner, second(&store, &owner, "Doomed").await).await;
        let plan = factory::saved_plan(&store, &doomed, "Plan").await;
        factory::ended_run(&store, &doomed, plan, RunState::Passed).await;
        factory::scheduled(&store, &doomed, plan, factory::hourly("Hourly")).await;
        let admin = factory::colleague(&store, &doomed, Role::Admin).await;
        let refused = store.delete_organization(admin.tenant()).await;
        assert!(matches!(refused, Err(DeleteOrganizationError::Member(MemberError::Forbidden(_)))), "{refused:?}");

        store.delete_organization(doomed.tenant()).await.unwrap();
        assert!(store.runs(doomed.tenant(), RunFilter::default()).await.unwrap().items.is_empty());
        assert!(store.plans(doomed.tenant(), PlanFilter::default()).await.unwrap().items.is_empty());
        assert!(store.audit(doomed.tenant(), AuditFilter::default()).await.unwrap().items.is_empty());
        // Whoever has another organization is in that one by now, whoever has none in none, and nobody is out.
        let back = store.memberships(&owner.person()).await.unwrap();
        assert_eq!(back.iter().map(|row| row.tenant.organization()).collect::<Vec<_>>(), [home]);
        assert!(store.memberships(&admin.person()).await.unwrap().is_empty());
        let again = factory::token();
        let expires_at = jiff::Timestamp::now() + jiff::ToSpan::hours(1);
        let session = store::NewSession { token_hash: again, user_agent: String::new(), expires_at };
        store.create_session(admin.user_id, session).await.unwrap();
        assert!(store.member(again).await.unwrap().is_none());
        let person = store.person(again).await.unwrap().expect("they are signed in, without an organization");
        let new = store.create_organization(&person, "Anew".parse().unwrap(), None).await.unwrap();
        assert!(store.switch_organization(&person, new, factory::token()).await.unwrap());
    }

    async fn sessions_of_a_deleted_organization_go_on_elsewhere(database: TestDatabase) {
        let store = database.open().await;
        let user = store.sign_up(factory::account()).await.unwrap();
        let token = factory::token();
        let expires_at = jiff::Timestamp::now() + jiff::ToSpan::hours(1);
        let session = store::NewSession { token_hash: token, user_agent: String::new(), expires_at };
        store.create_session(user, session).await.unwrap();
        let member = store.member(token).await.unwrap().unwrap();
        let other = second(&store, &member, "Other").await;
        store.delete_organization(member.tenant()).await.unwrap();
        assert_eq!(store.member(token).await.unwrap().unwrap().tenant().organization(), other);
        let last = store.member(token).await.unwrap().unwrap();
        store.delete_organization(last.tenant()).await.unwrap();
        assert!(store.member(token).await.unwrap().is_none());
        assert!(store.person(token).await.unwrap().is_some());
    }

    async fn a_subscription_that_goes_on_keeps_its_organization(database: TestDatabase) {
        let store = database.open().await;
        let running = crate::customers::subscription(domain::SubscriptionStatus::Active);
        let member = factory::member(&store).await;
        assert!(refuses(&store, &member, running.clone()).await);
        assert_eq!(store.memberships(&member.person()).await.unwrap().len(), 1);
        let cancelled = Subscription { cancel_at: Some(jiff::Timestamp::now() + jiff::ToSpan::hours(24)), ..running };
        assert!(!refuses(&store, &member, cancelled).await);
        assert!(store.memberships(&member.person()).await.unwrap().is_empty());
    }

    async fn a_name_is_changed_by_admins(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (admin, editor) = (factory::colleague(&store, &owner, Role::Admin).await, factory::colleague(&store, &owner, Role::Editor).await);
        store.rename_organization(admin.tenant(), "Better".parse().unwrap()).await.unwrap();
        let refused = store.rename_organization(editor.tenant(), "Worse".parse().unwrap()).await;
        assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
        let seen = factory::same_member(&store, &owner).await;
        assert_eq!((seen.organization_name.as_str(), seen.tier), ("Better", Tier::Free));
    }
}
