//! What goes wrong, and whom it concerns: every letter, this one now, or this one for good.

use std::time::Duration;

use notify::Failure;
use testkit::{
    MailServer,
    mail_server::{Answer, Stage},
};

use crate::{letter, mailer};

const BEFORE_THE_RECIPIENT: [Stage; 3] = [Stage::Greeting, Stage::Hello, Stage::Sender];
const OF_THE_LETTER: [Stage; 3] = [Stage::Recipient, Stage::Data, Stage::Content];

async fn failure(stage: Stage, answer: Answer) -> Failure {
    let server = MailServer::start().await;
    server.on(stage, [answer]);
    let failure = mailer(&server.url()).send(&letter()).await.unwrap_err();
    assert!(!matches!(failure, Failure::Refused(_) | Failure::Postponed(_)) || server.mails().is_empty());
    failure
}

#[tokio::test]
async fn what_a_server_says_before_the_recipient_concerns_every_letter() {
    for stage in BEFORE_THE_RECIPIENT {
        for said in ["421 4.3.2 Closing", "451 4.3.0 Not now", "554 5.3.2 No service here", "550 5.7.1 Not from you"] {
            let failure = failure(stage, Answer::say(said)).await;
            assert!(
                matches!(&failure, Failure::Unavailable(problem) if problem.contains(said)),
                "{stage:?}: {failure:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_server_says_afterwards_concerns_this_letter() {
    for stage in OF_THE_LETTER {
        for said in ["450 4.2.1 Not now", "452 4.2.2 Mailbox full"] {
            let failure = failure(stage, Answer::say(said)).await;
            assert_eq!(failure, Failure::Postponed(format!("The mail server says: {said}.")), "{stage:?}");
        }
        for said in ["550 5.1.1 Nobody here", "552 5.3.4 Too big", "554 5.7.1 No"] {
            let failure = failure(stage, Answer::say(said)).await;
            assert_eq!(failure, Failure::Refused(format!("The mail server says: {said}.")), "{stage:?}");
        }
        for said in ["421 4.3.2 Closing", "530 5.7.0 Sign in first"] {
            let failure = failure(stage, Answer::say(said)).await;
            assert!(matches!(failure, Failure::Unavailable(_)), "{stage:?}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_away_or_speaks_another_language_is_no_reason_to_give_a_letter_up() {
    for stage in BEFORE_THE_RECIPIENT.into_iter().chain(OF_THE_LETTER) {
        for answer in [Answer::Drop, Answer::say("What?"), Answer::say("999 What?"), Answer::say("x".repeat(100_000))] {
            let failure = failure(stage, answer.clone()).await;
            assert!(matches!(failure, Failure::Unavailable(_)), "{stage:?} {answer:?}: {failure:?}");
            assert!(failure.to_string().chars().count() < 500, "{failure}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address() {
    let server = MailServer::closed();
    let failure = mailer(&server.url()).send(&letter()).await.unwrap_err();
    let Failure::Unavailable(problem) = &failure else { panic!("{failure:?}") };
    let expected = format!("The mail server 127.0.0.1 at port {} cannot be reached: ", server.address().port());
    assert!(problem.starts_with(&expected) && problem.contains("refused"), "{problem}");
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_a_while_and_its_connection_is_never_used_again() {
    for stage in BEFORE_THE_RECIPIENT.into_iter().chain(OF_THE_LETTER) {
        let server = MailServer::start().await;
        server.on(stage, [Answer::Hang, Answer::Accept]);
        let mailer = mailer(&server.url());
        let sending = tokio::spawn({
            let mailer = mailer.clone();
            async move { mailer.send(&letter()).await }
        });
        server.until(|counts| counts.hanging == 1, "the server to hang").await;
        // Nothing else happens from here on, so the clock may as well run to the next timer.
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let failure = sending.await.unwrap().unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(60));
        tokio::time::resume();
        assert!(
            matches!(&failure, Failure::Unavailable(problem) if problem.ends_with("did not answer within 45 seconds.")),
            "{failure:?}"
        );
        assert_eq!(mailer.send(&letter()).await, Ok(()), "{stage:?}");
        assert_eq!(server.counts().connections, 2, "{stage:?}");
        // What hung at the content has the letter all the same: nobody could know.
        assert_eq!(server.mails().len(), 1 + usize::from(stage == Stage::Content));
    }
}
