//! Inviting, taking back, accepting once, and the places of a tier.

use domain::{InvitationId, Role, Tier};
use store::{AcceptError, InviteError, MemberError, NewInvitation, SignUpError, Store};
use testkit::factory;

use crate::{limits, raw};

async fn accept(store: &Store, token: [u8; 32]) -> Result<(), AcceptError> {
    let guest = factory::member(store).await;
    store.accept_invitation(&guest.person(), token, factory::token()).await
}

/// Moves what an invitation says about time into the past.
fn age(database: &testkit::TestDatabase, invitation: InvitationId, column: &str) {
    raw::sql(database, &format!("UPDATE invitations SET {column} = 1 WHERE id = {}", raw::id(database, invitation.0)));
}

testkit::on_both! {
    async fn an_invitation_is_mailed_and_accepted_once(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (new, token) = factory::invitation(Role::Editor);
        let email = new.email.clone();
        store.invite(owner.tenant(), new).await.unwrap();
        let mail = store.mails(1).await.unwrap().remove(0);
        assert_eq!((mail.recipient.as_str(), mail.organization), (email.as_str(), Some(owner.tenant().organization())));
        assert!(mail.subject.contains(owner.email.as_str()) && mail.text.contains("?token="), "{mail:?}");
        let detail = store.invitation(token).await.unwrap().unwrap();
        assert_eq!((detail.email, detail.role, detail.invited_by), (email.clone(), Role::Editor, Some(owner.email.clone())));

        let tries: Vec<_> = (0..6).map(|_| tokio::spawn({ let store = store.clone(); async move { accept(&store, token).await } })).collect();
        let mut joined = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(()) => joined += 1,
                Err(AcceptError::Gone) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(joined, 1);
        assert!(store.invitation(token).await.unwrap().is_none());
        assert_eq!(store.number_of_members(owner.tenant()).await.unwrap(), 2);
    }

    async fn signing_up_with_it_joins_and_makes_no_organization(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let colleague = factory::colleague(&store, &owner, Role::Operator).await;
        assert_eq!((colleague.tenant().organization(), colleague.role), (owner.tenant().organization(), Role::Operator));
        assert_eq!(store.memberships(&colleague.person()).await.unwrap().len(), 1);
        // A taken address joins nothing, and the invitation still holds.
        let (new, token) = factory::invitation(Role::Viewer);
        store.invite(owner.tenant(), new).await.unwrap();
        let taken = store.sign_up_invited(colleague.email.clone(), "x".to_owned(), token, factory::ticket()).await;
        assert!(matches!(taken, Err(AcceptError::SignUp(SignUpError::EmailTaken))), "{taken:?}");
        assert!(store.invitation(token).await.unwrap().is_some());
        let unknown = store.sign_up_invited(factory::account().email, "x".to_owned(), factory::token(), factory::ticket()).await;
        assert!(matches!(unknown, Err(AcceptError::Gone)), "{unknown:?}");
    }

    async fn revoked_replaced_and_expired_ones_open_nothing(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (new, token) = factory::invitation(Role::Viewer);
        let revoked = store.invite(owner.tenant(), new.clone()).await.unwrap();
        let twice = store.invite(owner.tenant(), new.clone()).await;
        assert!(matches!(twice, Err(InviteError::AlreadyInvited(_))), "{twice:?}");
        store.revoke_invitation(owner.tenant(), revoked).await.unwrap();
        assert!(matches!(accept(&store, token).await, Err(AcceptError::Gone)));

        let (new, before) = factory::invitation(Role::Viewer);
        let sent = store.invite(owner.tenant(), new.clone()).await.unwrap();
        let soon = store.invite_again(owner.tenant(), sent, factory::invitation_link()).await;
        assert!(matches!(soon, Err(InviteError::TooSoon)), "{soon:?}");
        age(&database, sent, "sent_at");
        let link = factory::invitation_link();
        let after = link.token_hash;
        store.invite_again(owner.tenant(), sent, link).await.unwrap();
        assert!(matches!(accept(&store, before).await, Err(AcceptError::Gone)));
        age(&database, sent, "expires_at");
        assert!(matches!(accept(&store, after).await, Err(AcceptError::Gone)));
        assert!(store.invitation(after).await.unwrap().is_none());
        let rows = store.invitations(owner.tenant()).await.unwrap();
        assert!(rows.len() == 1 && rows[0].is_over, "{rows:?}");
        // One that is over stands in nobody's way.
        let new = NewInvitation { link: factory::invitation_link(), ..new };
        let token = new.link.token_hash;
        store.invite(owner.tenant(), new).await.unwrap();
        accept(&store, token).await.unwrap();
    }

    async fn who_belongs_there_is_not_invited_and_joins_no_second_time(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (new, token) = factory::invitation(Role::Viewer);
        let again = store.invite(owner.tenant(), NewInvitation { email: owner.email.clone(), ..new.clone() }).await;
        assert!(matches!(again, Err(InviteError::AlreadyMember(_))), "{again:?}");
        store.invite(owner.tenant(), new).await.unwrap();
        let again = store.accept_invitation(&owner.person(), token, factory::token()).await;
        assert!(matches!(again, Err(AcceptError::AlreadyMember(_))), "{again:?}");
        assert!(store.invitation(token).await.unwrap().is_some(), "it is for somebody else");
    }

    async fn nobody_invites_to_more_than_they_are(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (admin, editor) = (factory::colleague(&store, &owner, Role::Admin).await, factory::colleague(&store, &owner, Role::Editor).await);
        for (by, role) in [(&admin, Role::Owner), (&editor, Role::Viewer)] {
            let refused = store.invite(by.tenant(), factory::invitation(role).0).await;
            assert!(matches!(refused, Err(InviteError::Member(MemberError::Forbidden(_)))), "{refused:?}");
        }
        let sent = store.mails(10).await.unwrap().len();
        assert_eq!(sent, 2, "only the two colleagues got mail");
        store.invite(admin.tenant(), factory::invitation(Role::Admin).0).await.unwrap();
    }

    async fn members_and_invitations_share_the_places_of_a_tier(database: TestDatabase) {
        let store = limits::open(&database).await;
        let owner = factory::member(&store).await;
        let (first, token) = factory::invitation(Role::Viewer);
        store.invite(owner.tenant(), first).await.unwrap();
        // Three places, one member, one invitation: of many who ask for the last place one gets it.
        let asks = (0..5).map(|_| {
            let (store, owner) = (store.clone(), owner.clone());
            tokio::spawn(async move { store.invite(owner.tenant(), factory::invitation(Role::Viewer).0).await })
        });
        let mut got = Vec::new();
        for one in asks.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(id) => got.push(id),
                Err(InviteError::OverLimit(over)) => assert!(over.to_string().starts_with("Your tier allows 3 members")),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(got.len(), 1);
        accept(&store, token).await.unwrap();
        let full = store.invite(owner.tenant(), factory::invitation(Role::Viewer).0).await;
        assert!(matches!(full, Err(InviteError::OverLimit(_))), "{full:?}");
        // What is over holds no place, and one that is sent again needs one.
        age(&database, got[0], "expires_at");
        age(&database, got[0], "sent_at");
        store.invite(owner.tenant(), factory::invitation(Role::Viewer).0).await.unwrap();
        let again = store.invite_again(owner.tenant(), got[0], factory::invitation_link()).await;
        assert!(matches!(again, Err(InviteError::OverLimit(_))), "{again:?}");
    }

    async fn after_the_tier_shrank_an_open_invitation_waits(database: TestDatabase) {
        let store = limits::open(&database).await;
        let owner = factory::member(&store).await;
        let organization = owner.tenant().organization();
        assert!(store.grant_tier(organization, Tier::Pro).await.unwrap());
        for _ in 0..3 {
            factory::colleague(&store, &owner, Role::Viewer).await;
        }
        let (new, token) = factory::invitation(Role::Viewer);
        store.invite(owner.tenant(), new).await.unwrap();
        assert!(store.grant_tier(organization, Tier::Free).await.unwrap());
        assert!(matches!(accept(&store, token).await, Err(AcceptError::OverLimit(_))));
        assert!(store.grant_tier(organization, Tier::Pro).await.unwrap());
        accept(&store, token).await.unwrap();
    }
}
