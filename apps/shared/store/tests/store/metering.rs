//! What is metered, what is warned of, and what is kept after a change of tier.

use std::time::Duration;

use domain::{Cause, RunState, Tier, Tiers, WorkerId};
use store::{MailRow, MailTaker, Member, NewRun, Options, Store};
use testkit::{TestDatabase, factory};

use crate::{
    claims::{LONG, claim_one, claims, end},
    limits, raw,
};

const DAY: i64 = 86_400_000_000;

async fn metered(store: &Store, member: &Member) -> Vec<u64> {
    store.metered(member.tenant(), 12).await.unwrap().iter().map(|month| month.runs).collect()
}

async fn mails(store: &Store) -> Vec<MailRow> {
    store.mails(100).await.unwrap()
}

/// Sends what is queued, so many days ago.
async fn send(database: &TestDatabase, store: &Store, days_ago: i64) {
    for mail in store.claim_mails(100, Duration::from_secs(60)).await.unwrap() {
        store.mail_sent(mail.id, MailTaker::Folder).await.unwrap();
        let id = raw::id(database, mail.id.0);
        raw::sql(database, &format!("UPDATE mails SET sent_at = sent_at - {} WHERE id = {id}", days_ago * DAY));
    }
}

testkit::on_both! {
    async fn each_run_that_was_taken_is_metered_once_when_it_ends_however_it_does(database: TestDatabase) {
        let store = database.open().await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        assert_eq!(metered(&store, &member).await, [0; 0]);
        for state in [RunState::Passed, RunState::Failed, RunState::Errored] {
            factory::ended_run(&store, &member, plan, state).await;
        }
        assert_eq!(metered(&store, &member).await, [3]);
        let waits = factory::queued_run(&store, &member, plan).await;
        assert_eq!(metered(&store, &member).await, [3], "it has not ended");
        store.cancel_run(member.tenant(), waits).await.unwrap();
        store.cancel_run(member.tenant(), waits).await.unwrap();
        assert_eq!(metered(&store, &member).await, [4]);
        let run = store.queue_run(member.tenant(), NewRun::of(plan, Cause::Api)).await.unwrap();
        let lease = claim_one(&claims(&store, LONG)).await.lease;
        assert_eq!(lease.run, run.id);
        assert!(end(&store, lease).await);
        assert!(!end(&store, lease).await, "the second end is refused");
        assert_eq!((metered(&store, &member).await, metered(&store, &other).await), (vec![5], vec![]));
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn a_run_that_loses_all_its_workers_is_metered_too(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        factory::queued_run(&store, &member, plan).await;
        let mut claimed = 0;
        while !store.claims(WorkerId::new(), Duration::ZERO).claim(1).await.unwrap().runs.is_empty() {
            claimed += 1;
        }
        assert_eq!((claimed, metered(&store, &member).await), (store::MOST_ATTEMPTS, vec![1]));
    }

    async fn what_was_refused_is_not_metered(database: TestDatabase) {
        let tiers = Tiers { in_force: Some(Tier::Free), ..Tiers::default() };
        let mut none_a_day = tiers.clone();
        none_a_day.free.runs_a_day = Some(0);
        let store = database.open_with(Options { tiers: none_a_day, ..Options::default() }).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let refused = store.queue_run(member.tenant(), NewRun::of(plan, Cause::Manual)).await.unwrap();
        assert_eq!((refused.state, metered(&store, &member).await), (RunState::Refused, vec![]));
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn months_are_told_apart_and_the_newest_comes_first(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let organization = raw::id(&database, member.tenant().organization().0);
        let today = store.now().await.unwrap().as_microsecond() / DAY;
        for (days_ago, runs) in [(0, 1), (31, 20), (62, 300)] {
            raw::sql(&database, &format!("INSERT INTO metered VALUES ({organization}, {}, {runs})", today - days_ago));
        }
        let months = store.metered(member.tenant(), 12).await.unwrap();
        assert_eq!(months.iter().map(|month| month.runs).collect::<Vec<_>>(), [1, 20, 300]);
        assert!(months.iter().all(|month| month.month.day() == 1) && months[0].month > months[1].month);
        assert_eq!(store.metered(member.tenant(), 2).await.unwrap().len(), 2);
    }

    async fn owners_are_warned_once_at_80_and_once_at_100_percent(database: TestDatabase) {
        let store = limits::open(&database).await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let organization = raw::id(&database, member.tenant().organization().0);
        let today = store.now().await.unwrap().as_microsecond() / DAY;
        let use_up = |runs: u32| raw::sql(&database, &format!(
            "INSERT INTO usage VALUES ({organization}, {today}, {runs})
             ON CONFLICT (organization_id, day) DO UPDATE SET runs = excluded.runs"
        ));
        use_up(79);
        assert_eq!(store.warn_of_usage("http://localhost/billing").await.unwrap(), 0);
        use_up(80);
        assert_eq!(store.warn_of_usage("http://localhost/billing").await.unwrap(), 1);
        use_up(99);
        assert_eq!(store.warn_of_usage("http://localhost/billing").await.unwrap(), 0);
        use_up(100);
        assert_eq!(store.warn_of_usage("http://localhost/billing").await.unwrap(), 1);
        assert_eq!(store.warn_of_usage("http://localhost/billing").await.unwrap(), 0);
        let mails = mails(&store).await;
        assert!(mails[0].subject.ends_with("has used all 100 runs of this month"), "{mails:?}");
        assert!(mails[1].subject.ends_with("has used 80 % of this month's runs") && mails[1].text.contains("used 80 of the 100"));
        assert!(mails.iter().all(|mail| mail.recipient == member.email.as_str() && mail.text.contains("/billing")));
        assert_ne!(member.email, other.email);
    }

    async fn history_stays_after_a_change_to_a_lower_tier_until_its_owners_were_told_twice(database: TestDatabase) {
        let store = limits::open(&database).await;
        let member = factory::member(&store).await;
        let organization = member.tenant().organization();
        store.grant_tier(organization, Tier::Pro).await.unwrap();
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::ended_run(&store, &member, plan, RunState::Passed).await;
        let old = crate::retention::age(&database, run, Duration::from_secs(30 * 24 * 60 * 60));
        store.grant_tier(organization, Tier::Free).await.unwrap();
        let look = async || store.look_after_kept_history("http://localhost/billing").await.unwrap();
        let is_there = async || {
            store.forget_old_runs().await.unwrap();
            store.run_row(member.tenant(), old).await.unwrap().is_some()
        };
        assert!(is_there().await, "nobody was told yet");
        assert_eq!((look().await, look().await, mails(&store).await.len()), (1, 0, 1));
        assert!(is_there().await, "the mail waits");
        send(&database, &store, 8).await;
        assert_eq!((look().await, look().await, mails(&store).await.len()), (1, 0, 2));
        assert!(is_there().await, "told once");
        send(&database, &store, 6).await;
        assert_eq!(look().await, 0);
        assert!(is_there().await, "the second week is not over");
        raw::sql(&database, &format!("UPDATE mails SET sent_at = sent_at - {}", 2 * DAY));
        assert_eq!((look().await, look().await), (1, 0));
        assert!(!is_there().await);
        let mails = mails(&store).await;
        assert!(mails[1].subject.starts_with("Old runs of Organization") && mails[0].subject.starts_with("One week left"));
    }

    async fn history_that_a_higher_tier_keeps_again_is_not_lost_and_nobody_is_told_any_more(database: TestDatabase) {
        let store = limits::open(&database).await;
        let member = factory::member(&store).await;
        let organization = member.tenant().organization();
        store.grant_tier(organization, Tier::Pro).await.unwrap();
        store.grant_tier(organization, Tier::Free).await.unwrap();
        store.look_after_kept_history("").await.unwrap();
        store.grant_tier(organization, Tier::Pro).await.unwrap();
        send(&database, &store, 30).await;
        assert_eq!((store.look_after_kept_history("").await.unwrap(), mails(&store).await.len()), (0, 1));
        // A second change to a lower tier begins anew.
        store.grant_tier(organization, Tier::Free).await.unwrap();
        assert_eq!((store.look_after_kept_history("").await.unwrap(), mails(&store).await.len()), (1, 2));
    }
}
