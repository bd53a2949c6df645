//! Second factors: sealed, asked for once they are enabled, each code taken once.

use domain::TotpSecret;
use store::{Member, Renewed, Store};
use testkit::factory;

use crate::raw;

fn renewed() -> Renewed {
    Renewed { token_hash: factory::token(), told: factory::mail() }
}

fn secret() -> TotpSecret {
    TotpSecret::new([7; 20])
}

/// A member with a second factor and two recovery codes, as signed in after that.
async fn guarded(store: &Store, codes: [[u8; 32]; 2]) -> Member {
    let member = factory::member(store).await;
    assert!(store.begin_second_factor(&member, &secret()).await.unwrap());
    assert!(store.enable_second_factor(&member, 100, codes.to_vec(), renewed()).await.unwrap());
    member
}

testkit::on_both! {
    async fn it_waits_until_it_is_enabled_and_is_not_replaced_then(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let other = factory::same_member(&store, &member).await;
        assert!(store.second_factor(member.user_id).await.unwrap().is_none());
        assert!(!store.enable_second_factor(&member, 1, vec![], renewed()).await.unwrap(), "nothing waits");
        assert!(store.begin_second_factor(&member, &TotpSecret::new([1; 20])).await.unwrap());
        assert!(store.begin_second_factor(&member, &secret()).await.unwrap(), "begun anew");
        assert!(!store.take_step(member.user_id, 200).await.unwrap(), "not enabled yet");
        let waiting = store.second_factor(member.user_id).await.unwrap().unwrap();
        assert!(waiting.enabled_at.is_none() && waiting.secret == secret());
        let new = renewed();
        assert!(store.enable_second_factor(&member, 100, vec![[1; 32], [2; 32]], new.clone()).await.unwrap());
        let enabled = store.second_factor(member.user_id).await.unwrap().unwrap();
        assert!(enabled.enabled_at.is_some() && enabled.codes_left == 2);
        assert!(!store.begin_second_factor(&member, &TotpSecret::new([1; 20])).await.unwrap());
        assert!(!store.enable_second_factor(&member, 100, vec![], renewed()).await.unwrap());
        assert_eq!(store.second_factor(member.user_id).await.unwrap().unwrap().secret, secret());
        let sessions = store.sessions(&member).await.unwrap();
        assert_eq!(sessions.len(), 1, "{:?} ended", other.session_id);
        assert_eq!(store.member(new.token_hash).await.unwrap().unwrap().session_id, member.session_id);
    }

    async fn the_secret_is_sealed_for_its_row(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (guarded(&store, [[1; 32], [2; 32]]).await, guarded(&store, [[1; 32], [2; 32]]).await);
        let (ada_id, eve_id) = (raw::id(&database, ada.user_id.0), raw::id(&database, eve.user_id.0));
        raw::sql(
            &database,
            &format!(
                "UPDATE second_factors SET secret = (SELECT secret FROM second_factors WHERE user_id = {eve_id})
                 WHERE user_id = {ada_id}"
            ),
        );
        assert!(store.second_factor(ada.user_id).await.is_err(), "another's secret does not open here");
        assert!(store.second_factor(eve.user_id).await.unwrap().is_some());
    }

    async fn a_step_is_taken_once_and_none_before_it_afterwards(database: TestDatabase) {
        let store = database.open().await;
        let member = guarded(&store, [[1; 32], [2; 32]]).await;
        let user = member.user_id;
        assert!(!store.take_step(user, 100).await.unwrap(), "taken when it was enabled");
        let tries: Vec<_> = (0..8)
            .map(|_| tokio::spawn({ let store = store.clone(); async move { store.take_step(user, 102).await.unwrap() } }))
            .collect();
        let mut taken = 0;
        for attempt in tries {
            taken += usize::from(attempt.await.unwrap());
        }
        assert_eq!(taken, 1);
        assert!(!store.take_step(user, 101).await.unwrap());
        assert!(store.take_step(user, 103).await.unwrap());
    }

    async fn a_recovery_code_is_taken_once_and_by_its_owner_only(database: TestDatabase) {
        let store = database.open().await;
        let member = guarded(&store, [[1; 32], [2; 32]]).await;
        let stranger = factory::member(&store).await;
        assert!(!store.take_recovery_code(stranger.user_id, [1; 32]).await.unwrap());
        assert!(store.take_recovery_code(member.user_id, [1; 32]).await.unwrap());
        assert!(!store.take_recovery_code(member.user_id, [1; 32]).await.unwrap());
        assert!(!store.take_recovery_code(member.user_id, [3; 32]).await.unwrap());
        assert_eq!(store.second_factor(member.user_id).await.unwrap().unwrap().codes_left, 1);
    }

    async fn turned_off_nothing_of_it_is_left(database: TestDatabase) {
        let store = database.open().await;
        let member = guarded(&store, [[1; 32], [2; 32]]).await;
        store.disable_second_factor(&member, renewed()).await.unwrap();
        assert!(store.second_factor(member.user_id).await.unwrap().is_none());
        assert!(!store.take_recovery_code(member.user_id, [1; 32]).await.unwrap());
        assert!(!store.take_step(member.user_id, 200).await.unwrap());
    }
}
