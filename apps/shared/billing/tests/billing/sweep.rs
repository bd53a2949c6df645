//! The sweep heals what was lost.

use std::time::Duration;

use billing::{Error, Patience, Sweep, Swept};
use domain::Tier;
use store::Synced;
use testkit::stripe::{Card, Fault};

use crate::shop::{self, DAY, Shop};

const SWEEP: Sweep = Sweep { unread_for: Duration::ZERO, pause: Duration::ZERO };

/// Sweeps; tells of how many something was other than here, and who could not be read.
async fn sweep(shop: &Shop) -> Result<(usize, Vec<Error>), Error> {
    let (mut changed, mut failed) = (0, Vec::new());
    let patience = Patience { answer: Duration::from_millis(500), errand: Duration::from_secs(3) };
    let tell = |Swept { outcome, .. }: Swept| match outcome {
        Ok(Synced::Written { before, after, .. }) => changed += usize::from(before != after),
        Ok(other) => panic!("{other:?}"),
        Err(error) => failed.push(error),
    };
    shop.billing().with_patience(patience).sweep(SWEEP, tell).await?;
    Ok((changed, failed))
}

testkit::on_both! {
    async fn four_lost_days_are_healed(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let (pays, ends, fails) =
            (shop.subscriber(Card::Good).await, shop.subscriber(Card::Good).await, shop.subscriber(Card::Good).await);
        shop.stripe.lose_webhooks();
        let comes = shop.subscriber(Card::Good).await;
        shop.stripe.set_card(&shop.customer(&fails).await, Card::Declines);
        shop.stripe.call("DELETE", &format!("/v1/subscriptions/{}", shop.theirs(&ends).await), &[]).unwrap();
        shop.stripe.advance(DAY * 32).await;
        assert_eq!((shop.tier(&comes).await, shop.tier(&ends).await), (Tier::Free, Tier::Pro), "nobody has told");
        let (changed, failed) = sweep(&shop).await.unwrap();
        assert_eq!((changed, failed.len()), (3, 0));
        for (member, tier, told) in
            [(&pays, Tier::Pro, None), (&comes, Tier::Pro, None), (&ends, Tier::Free, None), (&fails, Tier::Pro, Some("payment_failed"))]
        {
            assert_eq!(shop.tier(member).await, tier);
            let expected: Vec<String> = told.into_iter().map(str::to_owned).collect();
            assert_eq!(shop.told(member).await, expected, "what ended a month ago is no news");
        }
        assert_eq!(sweep(&shop).await.unwrap().0, 0, "there is nothing to heal any more");
    }

    async fn one_customer_who_cannot_be_read_does_not_keep_the_others_from_it(database: TestDatabase) {
        let shop = shop::open(&database).await;
        shop.stripe.lose_webhooks();
        let mut members = Vec::new();
        for _ in 0..4 {
            members.push(shop.subscriber(Card::Good).await);
        }
        let unlucky = shop.customer(&members[1]).await;
        shop.stripe.fail_matching(&format!("/v1/customers/{unlucky}"), 3, Fault::Status(500));
        let unknown = shop.member().await;
        shop.store.add_customer(unknown.tenant(), "cus_elsewhere", None).await.unwrap();
        let (changed, failed) = sweep(&shop).await.unwrap();
        assert_eq!((changed, failed.len()), (3, 2));
        assert!(failed.iter().any(|error| matches!(error, Error::Unreachable(_))), "{failed:?}");
        assert!(failed.iter().any(|error| matches!(error, Error::Missing(_))), "{failed:?}");
        assert_eq!(shop.tier(&members[1]).await, Tier::Free);
        assert_eq!(sweep(&shop).await.unwrap().0, 1);
        assert_eq!(shop.tier(&members[1]).await, Tier::Pro);
    }

    async fn a_stripe_that_is_away_is_not_asked_about_everybody(database: TestDatabase) {
        let shop = shop::open(&database).await;
        for n in 0..12 {
            let member = shop.member().await;
            shop.store.add_customer(member.tenant(), &format!("cus_{n}"), None).await.unwrap();
        }
        shop.stripe.fail_next(1000, Fault::Status(503));
        let asked = shop.stripe.requests().len();
        assert!(matches!(sweep(&shop).await, Err(Error::Unreachable(_))));
        // Five customers, two things to ask, three times each.
        assert_eq!(shop.stripe.requests().len() - asked, 30);
    }

    async fn only_those_are_read_whom_nobody_has_read_for_a_while(database: TestDatabase) {
        let shop = shop::open(&database).await;
        shop.subscriber(Card::Good).await;
        let daily = Sweep { unread_for: Duration::from_secs(23 * 60 * 60), pause: Duration::ZERO };
        let asked = shop.stripe.requests().len();
        shop.billing().sweep(daily, |swept| panic!("{swept:?}")).await.unwrap();
        assert_eq!(shop.stripe.requests().len(), asked);
    }
}
