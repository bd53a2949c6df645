//! Signing up, in and out.

use domain::{Role, Tier};
use jiff::{Timestamp, ToSpan};
use store::{NewAccount, NewSession, PlanFilter, SignUpError};
use testkit::factory;

testkit::on_both! {
    async fn whoever_signs_up_owns_an_organization_with_the_sample_plan(database: TestDatabase) {
        let store = database.open().await;
        let account = NewAccount { sample: Some(factory::plan("Sample")), ..factory::account() };
        let user = store.sign_up(account.clone()).await.unwrap();
        let token_hash = factory::token();
        let expires_at = Timestamp::now() + 1.hour();
        store.create_session(user, NewSession { token_hash, user_agent: "x".repeat(900), expires_at }).await.unwrap();

        let member = store.member(token_hash).await.unwrap().unwrap();
        assert_eq!((member.user_id, member.role, member.tier), (user, Role::Owner, Tier::Free));
        assert_eq!((&member.email, member.organization_name.as_str()), (&account.email, account.organization_name.as_str()));
        let plans = store.plans(member.tenant(), PlanFilter::default()).await.unwrap();
        assert_eq!(plans.items.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["Sample"]);
    }

    async fn an_address_signs_up_once_and_the_second_time_nothing_is_made(database: TestDatabase) {
        let store = database.open().await;
        let account = factory::account();
        let user = store.sign_up(account.clone()).await.unwrap();
        let again = NewAccount { password_hash: "other".to_owned(), ..account.clone() };
        assert!(matches!(store.sign_up(again).await, Err(SignUpError::EmailTaken)));
        assert_eq!(store.password_hash(&account.email).await.unwrap(), Some((user, account.password_hash)));
    }

    async fn of_many_who_sign_up_at_once_with_one_address_one_gets_it(database: TestDatabase) {
        let store = database.open().await;
        let account = factory::account();
        let tries: Vec<_> = (0..8)
            .map(|_| tokio::spawn({ let (store, account) = (store.clone(), account.clone()); async move { store.sign_up(account).await } }))
            .collect();
        let mut made = 0;
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(_) => made += 1,
                Err(SignUpError::EmailTaken) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(made, 1);
    }

    async fn nobody_is_found_under_an_unknown_address(database: TestDatabase) {
        let store = database.open().await;
        assert_eq!(store.password_hash(&"nobody@example.com".parse().unwrap()).await.unwrap(), None);
    }

    async fn the_oldest_account_is_that_of_whoever_signed_up_first(database: TestDatabase) {
        let store = database.open().await;
        assert_eq!(store.oldest_account().await.unwrap(), None);
        let first = store.sign_up(factory::account()).await.unwrap();
        store.sign_up(factory::account()).await.unwrap();
        assert_eq!(store.oldest_account().await.unwrap(), Some(first));
    }

    async fn a_session_ends_by_signing_out_or_by_its_time(database: TestDatabase) {
        let store = database.open().await;
        let user = store.sign_up(factory::account()).await.unwrap();
        let session = |token_hash, expires_at| NewSession { token_hash, user_agent: String::new(), expires_at };
        let (open, expired) = (factory::token(), factory::token());
        store.create_session(user, session(expired, Timestamp::now() - 1.second())).await.unwrap();
        store.create_session(user, session(open, Timestamp::now() + 1.hour())).await.unwrap();

        assert!(store.member(expired).await.unwrap().is_none());
        let member = store.member(open).await.unwrap().unwrap();
        store.end_session(&member.person()).await.unwrap();
        assert!(store.member(open).await.unwrap().is_none());
        assert!(store.member([0; 32]).await.unwrap().is_none());
    }
}
