//! The outbox: what is queued once, who delivers it, what becomes of what cannot be delivered.

use std::collections::HashSet;

use domain::MailSubject;
use jiff::{SignedDuration, Timestamp};
use store::{Change, ClaimedMail, MailRow, MailTaker, NewMail, Store};
use testkit::{TestDatabase, factory};

use crate::{claims::LONG, raw};

fn keyed(key: &str) -> NewMail {
    NewMail { key: Some(key.to_owned()), ..factory::mail() }
}

/// Queues a mail and claims it.
async fn claimed(store: &Store) -> ClaimedMail {
    assert!(store.queue_mail(factory::mail()).await.unwrap());
    claim_one(store).await
}

async fn claim_one(store: &Store) -> ClaimedMail {
    let mut claimed = store.claim_mails(5, LONG).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

async fn row(store: &Store, mail: &ClaimedMail) -> MailRow {
    let rows = store.mails(1000).await.unwrap();
    rows.into_iter().find(|row| row.id == mail.id).unwrap()
}

/// Lets all leases and pauses be over.
fn hurry(database: &TestDatabase) {
    raw::sql(database, "UPDATE mails SET due_at = 1 WHERE due_at IS NOT NULL");
}

/// Makes every mail older by so many days.
fn age(database: &TestDatabase, days: i64) {
    raw::sql(database, &format!("UPDATE mails SET created_at = created_at - {days} * 86400000000"));
}

testkit::on_both! {
    async fn a_mail_is_claimed_as_it_was_queued(database: TestDatabase) {
        let store = database.open().await;
        let new = factory::mail();
        assert!(store.queue_mail(new.clone()).await.unwrap());
        let mail = claim_one(&store).await;
        assert_eq!((mail.recipient.as_str(), &mail.subject, mail.attempt), (new.recipient.as_str(), &new.subject, 1));
        assert_eq!(mail.text, "Hello,\n\nZürich \u{fffd} 雨.\n", "PostgreSQL holds no NUL");
        let row = row(&store, &mail).await;
        assert_eq!((row.key, row.organization, row.sent_at, row.problem), (None, None, None, None));
        assert_eq!(row.created_at, mail.created_at);
    }

    async fn the_same_key_is_queued_once_for_ever(database: TestDatabase) {
        let store = database.open().await;
        let mut changes = store.changes();
        assert!(store.queue_mail(keyed("payment_failed:in_1")).await.unwrap());
        assert!(!store.queue_mail(keyed("payment_failed:in_1")).await.unwrap());
        assert!(store.queue_mail(keyed("payment_failed:in_2")).await.unwrap());
        for _ in 0..2 {
            assert!(store.queue_mail(factory::mail()).await.unwrap(), "without a key it may be said again");
        }
        assert_eq!(store.mails(10).await.unwrap().len(), 4);
        assert_eq!(store.mails(3).await.unwrap().len(), 3);
        // One change for each that was queued, none for the one that was there.
        let member = factory::member(&store).await;
        factory::saved_plan(&store, &member, "Plan").await;
        for _ in 0..4 {
            assert_eq!(changes.next().await, Change::Mail);
        }
        assert!(matches!(changes.next().await, Change::Plan { .. }));
    }

    async fn of_many_who_queue_the_same_key_at_once_one_does(database: TestDatabase) {
        let store = database.open().await;
        let tries: Vec<_> = (0..16)
            .map(|_| tokio::spawn({ let store = store.clone(); async move { store.queue_mail(keyed("one")).await.unwrap() } }))
            .collect();
        let mut queued = 0;
        for attempt in tries {
            queued += usize::from(attempt.await.unwrap());
        }
        assert_eq!(queued, 1);
    }

    async fn every_owner_and_nobody_else_is_told_once(database: TestDatabase) {
        let store = database.open().await;
        let (ada, grace, eve) =
            (factory::member(&store).await, factory::member(&store).await, factory::member(&store).await);
        let organization = ada.tenant().organization();
        for (member, role) in [(&grace, "owner"), (&eve, "admin")] {
            let (organization, user) = (raw::id(&database, organization.0), raw::id(&database, member.user_id.0));
            raw::sql(&database, &format!("INSERT INTO members VALUES ({organization}, {user}, '{role}', 1, 1)"));
        }
        let subject = MailSubject::new("Your payment failed");
        let tell = || store.queue_mail_to_owners(organization, "payment_failed:in_1".into(), subject.clone(), "Pay.".into());
        assert_eq!(tell().await.unwrap(), 2);
        assert_eq!(tell().await.unwrap(), 0);
        let rows = store.mails(10).await.unwrap();
        let told: HashSet<_> = rows.iter().map(|row| row.recipient.as_str()).collect();
        assert_eq!(told, HashSet::from([ada.email.as_str(), grace.email.as_str()]));
        for row in &rows {
            assert!(row.key.as_ref().unwrap().starts_with("payment_failed:in_1:"));
            assert_eq!((row.organization, row.subject.as_str(), row.text.as_str()), (Some(organization), subject.as_str(), "Pay."));
        }
        raw::sql(&database, "DELETE FROM organizations");
        assert_eq!(store.mails(10).await.unwrap(), []);
    }

    async fn deliverers_at_once_never_claim_the_same_mail_within_its_lease(database: TestDatabase) {
        let store = database.open().await;
        for _ in 0..120 {
            store.queue_mail(factory::mail()).await.unwrap();
        }
        let mut deliverers = Vec::new();
        for _ in 0..4 {
            let store = database.open().await;
            deliverers.push(tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claimed = store.claim_mails(3, LONG).await.unwrap();
                    assert!(claimed.len() <= 3);
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed);
                }
            }));
        }
        let mut claimed = Vec::new();
        for deliverer in deliverers {
            claimed.extend(deliverer.await.unwrap());
        }
        assert_eq!(claimed.len(), 120);
        assert_eq!(claimed.iter().map(|mail| mail.id).collect::<HashSet<_>>().len(), 120);
        assert!(claimed.iter().all(|mail| mail.attempt == 1));
    }

    async fn a_deliverer_that_dies_leaves_its_mail_to_the_next_one(database: TestDatabase) {
        let store = database.open().await;
        let lost = claimed(&store).await;
        assert_eq!(store.claim_mails(5, LONG).await.unwrap(), []);
        let left = row(&store, &lost).await.due_at.unwrap().duration_since(Timestamp::now());
        assert!(left > SignedDuration::from_secs(590) && left <= SignedDuration::from_secs(601), "{left}");
        hurry(&database);
        let again = claim_one(&store).await;
        assert_eq!((again.id, again.attempt), (lost.id, 2));
    }

    async fn a_mail_that_was_sent_is_never_claimed_again(database: TestDatabase) {
        let store = database.open().await;
        let mail = claimed(&store).await;
        store.mail_sent(mail.id, MailTaker::Server).await.unwrap();
        hurry(&database);
        assert_eq!(store.claim_mails(5, LONG).await.unwrap(), []);
        let row = row(&store, &mail).await;
        assert!(row.sent_at.is_some() && row.due_at.is_none() && row.problem.is_none());
    }

    async fn a_text_is_gone_once_a_server_has_it_or_it_is_given_up_and_stays_beside_a_folder(database: TestDatabase) {
        let store = database.open().await;
        let text = async |mail: &ClaimedMail| row(&store, mail).await.text;
        let (served, filed, refused) = (claimed(&store).await, claimed(&store).await, claimed(&store).await);
        store.mail_sent(served.id, MailTaker::Server).await.unwrap();
        store.mail_sent(filed.id, MailTaker::Folder).await.unwrap();
        assert!(store.mail_failed(&refused, "450 Not now").await.unwrap());
        assert_eq!((text(&served).await.as_str(), text(&filed).await, text(&refused).await), ("", filed.text, refused.text.clone()));
        hurry(&database);
        let refused = claim_one(&store).await;
        store.mail_refused(&refused, "550 Nobody here").await.unwrap();
        assert_eq!(text(&refused).await, "");
    }

    async fn a_mail_that_failed_is_tried_again_after_growing_pauses_and_for_three_days(database: TestDatabase) {
        let store = database.open().await;
        let mut mail = claimed(&store).await;
        for seconds in [10, 20, 40] {
            let before = Timestamp::now();
            assert!(store.mail_failed(&mail, "450 Not now\r\n\u{0}").await.unwrap(), "it is tried again");
            let row = row(&store, &mail).await;
            assert_eq!(row.problem.as_deref(), Some("450 Not now \u{fffd}"));
            let pause = row.due_at.unwrap().duration_since(before);
            let expected = SignedDuration::from_secs(seconds);
            assert!(pause >= expected && pause < expected + SignedDuration::from_secs(9), "{pause} for {seconds}");
            assert_eq!(store.claim_mails(5, LONG).await.unwrap(), []);
            hurry(&database);
            mail = claim_one(&store).await;
        }
        age(&database, 3);
        assert!(!store.mail_failed(&mail, "450 Still not").await.unwrap(), "it is given up");
        let row = row(&store, &mail).await;
        assert_eq!((row.due_at, row.sent_at, row.problem.as_deref(), row.attempts), (None, None, Some("450 Still not"), 4));
        hurry(&database);
        assert_eq!(store.claim_mails(5, LONG).await.unwrap(), []);
    }

    async fn a_mail_that_is_refused_is_given_up_at_once_with_the_reason(database: TestDatabase) {
        let store = database.open().await;
        let mail = claimed(&store).await;
        store.mail_refused(&mail, "550 Nobody here").await.unwrap();
        let row = row(&store, &mail).await;
        assert_eq!((row.due_at, row.sent_at, row.problem.as_deref()), (None, None, Some("550 Nobody here")));
    }

    async fn who_comes_back_late_changes_nothing_but_that_the_mail_was_sent(database: TestDatabase) {
        let store = database.open().await;
        let late = claimed(&store).await;
        hurry(&database);
        let other = claim_one(&store).await;
        let before = row(&store, &other).await;
        assert!(store.mail_failed(&late, "450 Late").await.unwrap());
        store.mail_refused(&late, "550 Late").await.unwrap();
        assert_eq!(row(&store, &other).await, before);
        store.mail_sent(late.id, MailTaker::Server).await.unwrap();
        let sent = row(&store, &other).await;
        assert!(sent.sent_at.is_some() && sent.due_at.is_none());
        store.mail_failed(&other, "450 Too late").await.unwrap();
        store.mail_sent(other.id, MailTaker::Server).await.unwrap();
        assert_eq!(row(&store, &other).await, sent);
    }

    async fn what_is_over_is_forgotten_after_a_month_but_never_its_key(database: TestDatabase) {
        let store = database.open().await;
        for new in [factory::mail(), keyed("sent"), keyed("given up")] {
            store.queue_mail(new).await.unwrap();
        }
        for mail in store.claim_mails(5, LONG).await.unwrap() {
            if row(&store, &mail).await.key.as_deref() == Some("given up") {
                store.mail_refused(&mail, "550 Nobody here").await.unwrap();
            } else {
                store.mail_sent(mail.id, MailTaker::Server).await.unwrap();
            }
        }
        store.queue_mail(keyed("still waiting")).await.unwrap();
        age(&database, 29);
        assert_eq!(store.forget_old_mails().await.unwrap(), 0);
        age(&database, 1);
        store.queue_mail(keyed("new")).await.unwrap();
        assert_eq!(store.forget_old_mails().await.unwrap(), 3);
        assert_eq!(store.forget_old_mails().await.unwrap(), 0);
        let rows = store.mails(10).await.unwrap();
        let kept: HashSet<_> =
            rows.iter().map(|row| (row.key.as_deref().unwrap(), row.recipient.is_empty() && row.text.is_empty() && row.problem.is_none())).collect();
        let expected = [("sent", true), ("given up", true), ("still waiting", false), ("new", false)];
        assert_eq!(kept, HashSet::from(expected));
        assert!(!store.queue_mail(keyed("sent")).await.unwrap(), "it is not said again");
    }
}
