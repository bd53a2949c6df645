//! What the scheduler does about subscriptions.

use billing::Billing;
use domain::Tier;
use jiff::{SignedDuration, Timestamp};
use runtime::config::{BillingConfig, Environment};
use store::{Member, NewSession, Store};
use testkit::{
    factory,
    stripe::{Card, FakeStripe},
};

async fn tier(store: &Store, member: &Member) -> Tier {
    let token_hash = factory::token();
    let expires_at = Timestamp::now() + SignedDuration::from_hours(1);
    let session = NewSession { token_hash, user_agent: "Tests".to_owned(), expires_at };
    store.create_session(member.user_id, session).await.unwrap();
    store.member(token_hash).await.unwrap().unwrap().tier
}

fn config(billing: Option<&Billing>) -> scheduler::Config {
    let origin = "https://smokex.example.com".parse().unwrap();
    scheduler::Config { billing: billing.cloned(), ..scheduler::Config::new(origin) }
}

/// Whoever sells through the fake.
fn billing(stripe: &FakeStripe, store: &Store) -> Billing {
    let url = stripe.url();
    let variables = [("STRIPE_SECRET_KEY", stripe.secret_key()), ("STRIPE_API_URL", &url)];
    let config = BillingConfig::read(&Environment::given(variables)).unwrap().unwrap();
    Billing::new(&config, store.clone(), "https://smokex.example.com".parse().unwrap()).unwrap()
}

testkit::on_both! {
    async fn whoever_was_not_read_for_a_day_is_read_at_the_start(database: TestDatabase) {
        let (store, stripe) = (database.open().await, FakeStripe::start().await);
        let member = factory::member(&store).await;
        store.add_customer(member.tenant(), &stripe.subscriber("pro"), None).await.unwrap();
        scheduler::perform_all(&config(None), &store).await;
        assert_eq!(tier(&store, &member).await, Tier::Free, "nothing is sold");
        let billing = billing(&stripe, &store);
        scheduler::perform_all(&config(Some(&billing)), &store).await;
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        let asked = stripe.requests().len();
        scheduler::perform_all(&config(Some(&billing)), &store).await;
        assert_eq!(stripe.requests().len(), asked, "they were read just now");
    }

    async fn a_grace_that_has_ended_ends_the_tier(database: TestDatabase) {
        let (store, stripe) = (database.open().await, FakeStripe::start().await);
        let member = factory::member(&store).await;
        let customer = stripe.subscriber("pro");
        store.add_customer(member.tenant(), &customer, None).await.unwrap();
        let billing = billing(&stripe, &store);
        scheduler::perform_all(&config(Some(&billing)), &store).await;
        stripe.set_card(&customer, Card::Declines);
        stripe.advance(SignedDuration::from_hours(31 * 24 + 2)).await;
        // Read as if the grace were over in three seconds of the real time that duties go by.
        let late = stripe.now() + SignedDuration::from_hours(7 * 24);
        billing.clone().at(stripe.now()).refresh(member.tenant()).await.unwrap();
        scheduler::perform_all(&config(Some(&billing)), &store).await;
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        scheduler::perform_all(&config(Some(&billing.at(late))), &store).await;
        assert_eq!(tier(&store, &member).await, Tier::Free);
    }
}
