//! API tokens: what they prove, for how long, and what they may.

use domain::{Action, Actor, Deed, Role, Scope, token::MOST_TOKENS};
use jiff::{Timestamp, ToSpan};
use store::{AuditFilter, CreateTokenError, MemberError, NewToken, Presented, Store};
use testkit::factory;

use crate::raw;

fn token(expires_at: Option<Timestamp>) -> NewToken {
    NewToken { name: "Deployments".parse().unwrap(), scope: Scope::Run, expires_at, token_hash: factory::token() }
}

async fn is_good(store: &Store, new: &NewToken) -> bool {
    matches!(store.bearer(new.token_hash).await.unwrap(), Presented::Good(_))
}

testkit::on_both! {
    async fn a_token_acts_for_the_organization_in_the_name_of_its_maker(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let new = token(None);
        let id = store.create_token(owner.tenant(), new.clone()).await.unwrap();
        let Presented::Good(bearer) = store.bearer(new.token_hash).await.unwrap() else { panic!("it is good") };
        assert_eq!(bearer.tenant().organization(), owner.tenant().organization());
        assert_eq!(bearer.tenant().actor(), Actor::Token { token: id, scope: Scope::Run, user: owner.user_id });
        assert_eq!((bearer.role, &bearer.email), (Role::Operator, &owner.email));
        assert!(matches!(store.bearer(factory::token()).await.unwrap(), Presented::Unknown));

        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        store.queue_run(bearer.tenant(), store::NewRun::of(plan, domain::Cause::Api)).await.unwrap();
        let line = store.audit(owner.tenant(), AuditFilter::default()).await.unwrap().items.swap_remove(0);
        assert_eq!((line.deed, line.actor.as_str(), line.actor_id), (Deed::RunRequested, "token", Some(id.0)));
        assert_eq!(line.actor_name, format!("Deployments ({})", owner.email));
    }

    async fn the_list_tells_when_a_token_was_used_and_a_revoked_one_is_gone(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let new = token(None);
        let id = store.create_token(owner.tenant(), new.clone()).await.unwrap();
        let row = store.tokens(owner.tenant()).await.unwrap().swap_remove(0);
        assert_eq!((row.id, row.name.as_str(), row.scope, &row.created_by), (id, "Deployments", Scope::Run, &owner.email));
        assert_eq!(row.last_used_at, None);
        assert!(is_good(&store, &new).await);
        let used = store.tokens(owner.tenant()).await.unwrap()[0].last_used_at;
        assert!(used.is_some_and(|used| used >= row.created_at), "{used:?}");
        store.revoke_token(owner.tenant(), id).await.unwrap();
        assert!(!is_good(&store, &new).await);
        assert_eq!(store.tokens(owner.tenant()).await.unwrap(), []);
        assert!(matches!(store.revoke_token(owner.tenant(), id).await, Err(MemberError::NotFound)));
    }

    async fn a_token_ends_when_it_is_to(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let new = token(Some(Timestamp::now() + 1.hour()));
        store.create_token(owner.tenant(), new.clone()).await.unwrap();
        assert!(is_good(&store, &new).await);
        raw::sql(&database, "UPDATE tokens SET expires_at = 1000000");
        let over = store.bearer(new.token_hash).await.unwrap();
        assert!(matches!(over, Presented::Expired(at) if at.as_second() == 1), "{over:?}");
    }

    async fn a_token_may_never_more_than_its_maker_may_now_and_goes_with_them(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let admin = factory::colleague(&store, &owner, Role::Admin).await;
        let new = NewToken { scope: Scope::Admin, ..token(None) };
        store.create_token(admin.tenant(), new.clone()).await.unwrap();
        let role = |presented| match presented {
            Presented::Good(bearer) => bearer.role,
            other => panic!("{other:?}"),
        };
        assert_eq!(role(store.bearer(new.token_hash).await.unwrap()), Role::Admin);
        store.change_role(owner.tenant(), admin.user_id, Role::Viewer).await.unwrap();
        assert_eq!(role(store.bearer(new.token_hash).await.unwrap()), Role::Viewer);
        store.remove_member(owner.tenant(), admin.user_id).await.unwrap();
        assert!(!is_good(&store, &new).await);
        assert_eq!(store.tokens(owner.tenant()).await.unwrap(), []);
    }

    async fn the_scope_holds_for_everything_the_store_guards(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let viewer = factory::colleague(&store, &owner, Role::Viewer).await;
        let refused = store.create_token(viewer.tenant(), token(None)).await;
        assert!(matches!(refused, Err(CreateTokenError::Member(MemberError::Forbidden(_)))), "{refused:?}");
        let write = factory::bearer(&store, &owner, Scope::Write).await;
        let refused = store.change_role(write.tenant(), viewer.user_id, Role::Editor).await;
        assert_eq!(refused.unwrap_err().to_string(), Action::ManageMembers.refusal());
        assert!(store.remove_member(write.tenant(), owner.user_id).await.is_err(), "a token does not leave");
        let refused = store.create_token(write.tenant(), token(None)).await;
        assert!(matches!(refused, Err(CreateTokenError::Member(MemberError::Forbidden(_)))), "{refused:?}");
        let admin = factory::bearer(&store, &owner, Scope::Admin).await;
        assert!(store.hand_over(admin.tenant(), viewer.user_id).await.is_err(), "owners do that themselves");
        store.change_role(admin.tenant(), viewer.user_id, Role::Editor).await.unwrap();
        store.create_token(admin.tenant(), token(None)).await.unwrap();
    }

    async fn an_organization_has_so_many_tokens_and_no_more(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        for _ in 0..MOST_TOKENS {
            store.create_token(owner.tenant(), token(None)).await.unwrap();
        }
        let refused = store.create_token(owner.tenant(), token(None)).await;
        assert!(matches!(refused, Err(CreateTokenError::TooMany)), "{refused:?}");
    }
}
