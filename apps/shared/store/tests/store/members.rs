//! Roles, removing and leaving; and that there is an owner at any time.

use domain::Role;
use jiff::{Timestamp, ToSpan};
use store::{Member, MemberError, NewSession, PageRequest, Store};
use testkit::factory;

async fn roles(store: &Store, member: &Member) -> Vec<Role> {
    let rows = store.members(member.tenant(), PageRequest::default()).await.unwrap().items;
    rows.into_iter().map(|row| row.role).collect()
}

testkit::on_both! {
    async fn roles_are_given_up_to_ones_own(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (admin, viewer) = (factory::colleague(&store, &owner, Role::Admin).await, factory::colleague(&store, &owner, Role::Viewer).await);
        store.change_role(admin.tenant(), viewer.user_id, Role::Admin).await.unwrap();
        store.change_role(admin.tenant(), viewer.user_id, Role::Operator).await.unwrap();
        assert_eq!(roles(&store, &owner).await, [Role::Owner, Role::Admin, Role::Operator]);
        for (by, whom, to) in [
            (&admin, &viewer, Role::Owner),
            (&admin, &owner, Role::Admin),
            (&viewer, &viewer, Role::Admin),
            (&viewer, &admin, Role::Viewer),
        ] {
            let refused = store.change_role(by.tenant(), whom.user_id, to).await;
            assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
        }
        for refused in [
            store.remove_member(admin.tenant(), owner.user_id).await,
            store.remove_member(viewer.tenant(), admin.user_id).await,
            store.hand_over(admin.tenant(), viewer.user_id).await,
        ] {
            assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
        }
        assert_eq!(roles(&store, &owner).await, [Role::Owner, Role::Admin, Role::Operator]);
        // What they were when their request began does not count.
        store.change_role(owner.tenant(), admin.user_id, Role::Viewer).await.unwrap();
        let refused = store.remove_member(admin.tenant(), viewer.user_id).await;
        assert!(matches!(refused, Err(MemberError::Forbidden(_))), "{refused:?}");
    }

    async fn the_last_owner_can_neither_leave_nor_be_less(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        for refused in [
            store.remove_member(owner.tenant(), owner.user_id).await,
            store.change_role(owner.tenant(), owner.user_id, Role::Admin).await,
        ] {
            assert!(matches!(refused, Err(MemberError::LastOwner)), "{refused:?}");
        }
        let other = factory::colleague(&store, &owner, Role::Owner).await;
        store.remove_member(owner.tenant(), owner.user_id).await.unwrap();
        assert_eq!(roles(&store, &other).await, [Role::Owner]);
    }

    async fn of_two_owners_who_leave_at_once_one_stays(database: TestDatabase) {
        let store = database.open().await;
        for round in 0..10 {
            let owner = factory::member(&store).await;
            let other = factory::colleague(&store, &owner, Role::Owner).await;
            let leaves = |member: &Member| {
                let (store, member) = (store.clone(), member.clone());
                tokio::spawn(async move {
                    match round % 2 {
                        0 => store.remove_member(member.tenant(), member.user_id).await,
                        _ => store.change_role(member.tenant(), member.user_id, Role::Viewer).await,
                    }
                })
            };
            let both = [leaves(&owner), leaves(&other)];
            let mut stayed = 0;
            for one in both {
                match one.await.unwrap() {
                    Ok(()) => {}
                    Err(MemberError::LastOwner) => stayed += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(stayed, 1);
            let owners = roles(&store, &owner).await.into_iter().filter(|role| *role == Role::Owner).count();
            assert_eq!(owners, 1);
        }
    }

    async fn two_owners_who_remove_each_other_leave_one(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let other = factory::colleague(&store, &owner, Role::Owner).await;
        let removes = |by: &Member, whom: &Member| {
            let (store, by, whom) = (store.clone(), by.clone(), whom.user_id);
            tokio::spawn(async move { store.remove_member(by.tenant(), whom).await })
        };
        let both = [removes(&owner, &other), removes(&other, &owner)];
        let mut removed = 0;
        for one in both {
            match one.await.unwrap() {
                Ok(()) => removed += 1,
                // Whoever was removed first is nobody here any more.
                Err(MemberError::Forbidden(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(removed, 1);
        assert_eq!(roles(&store, &owner).await, [Role::Owner]);
    }

    async fn who_is_removed_is_signed_out_there_at_once(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let colleague = factory::colleague(&store, &owner, Role::Editor).await;
        let token_hash = factory::token();
        let session = NewSession { token_hash, user_agent: String::new(), expires_at: Timestamp::now() + 1.hour() };
        store.create_session(colleague.user_id, session).await.unwrap();
        assert!(store.member(token_hash).await.unwrap().is_some());
        store.remove_member(owner.tenant(), colleague.user_id).await.unwrap();
        assert!(store.member(token_hash).await.unwrap().is_none());
        assert!(store.person(token_hash).await.unwrap().is_none(), "the session has ended");
        let gone = store.remove_member(owner.tenant(), colleague.user_id).await;
        assert!(matches!(gone, Err(MemberError::NotFound)), "{gone:?}");
    }

    async fn who_leaves_goes_on_elsewhere(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let guest = factory::member(&store).await;
        let home = guest.tenant().organization();
        let (new, token) = factory::invitation(Role::Viewer);
        store.invite(owner.tenant(), new).await.unwrap();
        let session = factory::token();
        store.accept_invitation(&guest.person(), token, session).await.unwrap();
        let there = store.member(session).await.unwrap().unwrap();
        assert_eq!((there.tenant().organization(), there.role), (owner.tenant().organization(), Role::Viewer));
        store.remove_member(there.tenant(), there.user_id).await.unwrap();
        assert_eq!(store.member(session).await.unwrap().unwrap().tenant().organization(), home);
    }

    async fn handing_over_makes_one_the_owner_and_the_other_an_admin(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let heir = factory::colleague(&store, &owner, Role::Viewer).await;
        let to_oneself = store.hand_over(owner.tenant(), owner.user_id).await;
        assert!(matches!(to_oneself, Err(MemberError::NotFound)), "{to_oneself:?}");
        store.hand_over(owner.tenant(), heir.user_id).await.unwrap();
        assert_eq!(roles(&store, &owner).await, [Role::Admin, Role::Owner]);
        let again = store.hand_over(owner.tenant(), heir.user_id).await;
        assert!(matches!(again, Err(MemberError::Forbidden(_))), "{again:?}");
    }

    async fn the_list_comes_in_pages(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        for _ in 0..4 {
            factory::colleague(&store, &owner, Role::Viewer).await;
        }
        let mut page = PageRequest { after: None, size: 2 };
        let mut seen = Vec::new();
        loop {
            let list = store.members(owner.tenant(), page).await.unwrap();
            seen.extend(list.items.iter().map(|row| row.user));
            let Some(next) = list.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted() && seen[0] == owner.user_id);
        let row = store.member_row(owner.tenant(), seen[3]).await.unwrap().unwrap();
        assert_eq!((row.user, row.role), (seen[3], Role::Viewer));
    }
}
