//! Tickets: good once, for a while, for one purpose; and what follows when they are used.

use domain::{Confirmation, TicketPurpose};
use jiff::{Timestamp, ToSpan};
use store::{EmailChangeError, NewAccount, NewMail, NewSession, NewTicket, Store};
use testkit::{TestDatabase, factory};

use crate::raw;

fn new_ticket() -> NewTicket {
    NewTicket { token_hash: factory::token(), mail: Some(factory::mail()) }
}

fn told() -> NewMail {
    factory::mail()
}

async fn is_good(store: &Store, purpose: TicketPurpose, hash: [u8; 32]) -> bool {
    store.ticket(purpose, hash).await.unwrap().is_some()
}

/// Lets every ticket expire.
fn expire(database: &TestDatabase) {
    raw::sql(database, "UPDATE tickets SET expires_at = expires_at - 8 * 86400000000");
}

testkit::on_both! {
    async fn a_ticket_tells_whose_it_is_and_is_used_up_once(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let ticket = new_ticket();
        assert!(store.request_reset(&member.email, ticket.clone()).await.unwrap());
        let found = store.ticket(TicketPurpose::Reset, ticket.token_hash).await.unwrap().unwrap();
        assert_eq!((found.user, found.email, found.new_email), (member.user_id, member.email.clone(), None));
        assert_eq!(store.mails(10).await.unwrap().len(), 1, "its mail was queued with it");
        for other in [TicketPurpose::Confirm, TicketPurpose::ChangeEmail, TicketPurpose::SecondStep] {
            assert!(!is_good(&store, other, ticket.token_hash).await, "{other}");
            assert_eq!(store.redeem_ticket(other, ticket.token_hash).await.unwrap(), None);
        }
        assert_eq!(store.redeem_ticket(TicketPurpose::Reset, ticket.token_hash).await.unwrap(), Some(member.user_id));
        assert_eq!(store.redeem_ticket(TicketPurpose::Reset, ticket.token_hash).await.unwrap(), None);
        assert!(!store.request_reset(&"nobody@example.com".parse().unwrap(), new_ticket()).await.unwrap());
        assert_eq!(store.mails(10).await.unwrap().len(), 1, "nobody was written to");
    }

    async fn of_many_who_redeem_a_ticket_at_once_one_does(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let ticket = new_ticket();
        store.issue_ticket(member.user_id, TicketPurpose::SecondStep, ticket.clone()).await.unwrap();
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.redeem_ticket(TicketPurpose::SecondStep, ticket.token_hash).await.unwrap() })
            })
            .collect();
        let mut redeemed = 0;
        for attempt in tries {
            redeemed += usize::from(attempt.await.unwrap().is_some());
        }
        assert_eq!(redeemed, 1);
    }

    async fn a_ticket_that_has_expired_is_good_for_nothing_and_is_forgotten(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let (confirm, reset, change) = (new_ticket(), new_ticket(), new_ticket());
        store.request_confirmation(&member, confirm.clone()).await.unwrap();
        store.request_reset(&member.email, reset.clone()).await.unwrap();
        let new = "other@example.com".parse().unwrap();
        store.request_email_change(&member, new, change.clone(), told()).await.unwrap();
        assert_eq!(store.forget_expired_tickets().await.unwrap(), 0);
        expire(&database);
        assert!(!is_good(&store, TicketPurpose::Reset, reset.token_hash).await);
        assert_eq!(store.confirm_email(confirm.token_hash).await.unwrap(), None);
        assert_eq!(store.reset_password(reset.token_hash, "new".to_owned(), told()).await.unwrap(), None);
        assert!(matches!(store.change_email(change.token_hash, told()).await, Err(EmailChangeError::NoTicket)));
        let same = factory::same_member(&store, &member).await;
        assert_eq!((same.confirmation, &same.email), (Confirmation::Pending, &member.email));
        assert_eq!(store.password_hash(&member.email).await.unwrap().unwrap().1, "$argon2id$not-a-real-hash");
        assert_eq!(store.forget_expired_tickets().await.unwrap(), 3);
    }

    async fn a_confirmation_comes_with_the_sign_up_and_is_noted(database: TestDatabase) {
        let store = database.open().await;
        let ticket = new_ticket();
        let user = store.sign_up(NewAccount { confirmation: Some(ticket.clone()), ..factory::account() }).await.unwrap();
        assert_eq!(store.mails(10).await.unwrap().len(), 1);
        let hash = factory::token();
        let session = NewSession { token_hash: hash, user_agent: String::new(), expires_at: Timestamp::now() + 1.hour() };
        store.create_session(user, session).await.unwrap();
        assert_eq!(store.member(hash).await.unwrap().unwrap().confirmation, Confirmation::Pending);
        assert_eq!(store.confirm_email(ticket.token_hash).await.unwrap(), Some(user));
        assert_eq!(store.confirm_email(ticket.token_hash).await.unwrap(), None);
        assert_eq!(store.member(hash).await.unwrap().unwrap().confirmation, Confirmation::Confirmed);
    }

    async fn a_new_password_ends_sessions_and_voids_every_ticket(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let (first, second, change) = (new_ticket(), new_ticket(), new_ticket());
        store.request_reset(&member.email, first.clone()).await.unwrap();
        store.request_reset(&member.email, second.clone()).await.unwrap();
        store.request_email_change(&member, "other@example.com".parse().unwrap(), change.clone(), told()).await.unwrap();
        let reset = store.reset_password(first.token_hash, "new".to_owned(), told()).await.unwrap();
        assert_eq!(reset, Some(member.user_id));
        assert_eq!(store.password_hash(&member.email).await.unwrap(), Some((member.user_id, "new".to_owned())));
        assert!(!is_good(&store, TicketPurpose::Reset, second.token_hash).await);
        assert!(!is_good(&store, TicketPurpose::ChangeEmail, change.token_hash).await);
        assert!(store.sessions(&member).await.unwrap().is_empty());
        let again = factory::same_member(&store, &member).await;
        assert_eq!(again.confirmation, Confirmation::Confirmed, "whoever got the link gets mail");
    }

    async fn a_changed_password_leaves_this_session_with_another_token(database: TestDatabase) {
        let store = database.open().await;
        let other = factory::member(&store).await;
        let member = factory::same_member(&store, &other).await;
        let stranger = factory::member(&store).await;
        let hash = factory::token();
        store.change_password(&member, "new".to_owned(), hash, told()).await.unwrap();
        let sessions = store.sessions(&member).await.unwrap();
        assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [member.session_id]);
        assert_eq!(store.member(hash).await.unwrap().unwrap().session_id, member.session_id);
        assert_eq!(store.sessions(&stranger).await.unwrap().len(), 1, "nobody else is concerned");
    }

    async fn a_changed_address_ends_sessions_and_is_refused_once_it_is_taken(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let (free, taken) = (new_ticket(), new_ticket());
        let new = "new@example.com".parse().unwrap();
        let stranger = factory::member(&store).await;
        store.request_email_change(&member, stranger.email.clone(), taken.clone(), told()).await.unwrap();
        store.request_email_change(&member, new, free.clone(), told()).await.unwrap();
        assert!(matches!(store.change_email(taken.token_hash, told()).await, Err(EmailChangeError::EmailTaken)));
        assert_eq!(store.sessions(&member).await.unwrap().len(), 1, "nothing was changed");
        assert_eq!(store.change_email(free.token_hash, told()).await.unwrap(), member.user_id);
        assert!(store.sessions(&member).await.unwrap().is_empty());
        assert!(!is_good(&store, TicketPurpose::ChangeEmail, taken.token_hash).await);
        let again = factory::same_member(&store, &member).await;
        assert_eq!((again.email.as_str(), again.confirmation), ("new@example.com", Confirmation::Confirmed));
        assert_eq!(store.password_hash(&member.email).await.unwrap(), None);
    }

    async fn sessions_are_revoked_by_whoever_has_them_only(database: TestDatabase) {
        let store = database.open().await;
        let first = factory::member(&store).await;
        let second = factory::same_member(&store, &first).await;
        let third = factory::same_member(&store, &first).await;
        let stranger = factory::member(&store).await;
        assert!(!store.revoke_session(&stranger, first.session_id).await.unwrap());
        assert_eq!(store.sessions(&first).await.unwrap().len(), 3);
        assert!(store.revoke_session(&third, first.session_id).await.unwrap());
        assert!(!store.revoke_session(&third, first.session_id).await.unwrap());
        assert_eq!(store.revoke_other_sessions(&third).await.unwrap(), 1);
        let left: Vec<_> = store.sessions(&second).await.unwrap().into_iter().map(|session| session.id).collect();
        assert_eq!(left, [third.session_id]);
        assert_eq!(store.sessions(&stranger).await.unwrap().len(), 1);
    }
}
