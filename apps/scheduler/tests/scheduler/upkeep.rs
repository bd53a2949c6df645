//! What the scheduler does now and then.

use domain::RunState;
use jiff::{SignedDuration, Timestamp};
use store::{Member, NewSession, Store};
use testkit::factory;

/// Signs somebody in until `expires_at`.
async fn session(store: &Store, member: &Member, expires_at: Timestamp) -> [u8; 32] {
    let token_hash = factory::token();
    let new = NewSession { token_hash, user_agent: "Tests".to_owned(), expires_at };
    store.create_session(member.user_id, new).await.unwrap();
    token_hash
}

testkit::on_both! {
    async fn sessions_that_have_expired_are_forgotten_and_the_others_stay(database: TestDatabase) {
        let store = database.open().await;
        // Signing in forgets the user's own expired sessions, so each has another user.
        let (old, new) = (factory::member(&store).await, factory::member(&store).await);
        session(&store, &old, Timestamp::now() - SignedDuration::from_mins(1)).await;
        let token = session(&store, &new, Timestamp::now() + SignedDuration::from_hours(1)).await;
        let config = scheduler::Config::new("http://localhost:8080".parse().unwrap());
        scheduler::perform_all(&config, &store).await;
        assert_eq!(store.forget_expired_sessions().await.unwrap(), 0, "nothing was left to forget");
        assert!(store.member(token).await.unwrap().is_some());
    }

    async fn many_sessions_are_forgotten_in_one_go_and_counted(database: TestDatabase) {
        let store = database.open().await;
        for _ in 0..3 {
            let member = factory::member(&store).await;
            session(&store, &member, Timestamp::now() - SignedDuration::from_mins(1)).await;
        }
        assert_eq!(store.forget_expired_sessions().await.unwrap(), 3);
    }

    async fn the_database_works_on_while_it_is_optimized(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..5 {
            let (optimized, run) =
                tokio::join!(store.optimize(), factory::ended_run(&store, &member, plan, RunState::Passed));
            optimized.unwrap();
            let row = store.run_row(member.tenant(), run).await.unwrap().unwrap();
            assert_eq!(row.state, RunState::Passed);
        }
    }
}
