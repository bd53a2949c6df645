//! Encryption and passwords.

use notify::{Failure, Mailer};
use testkit::{MailServer, target::Authority};

use crate::{config, letter, mailer};

/// Sends as ada, with her password, to a server of this authority.
fn trusting(authority: &Authority, scheme: &str, port: u16, password: &str) -> Mailer {
    let url = format!("{scheme}://ada%40example.com:{password}@localhost:{port}");
    Mailer::trusting(&config(&[("SMTP_URL", &url)]), &[authority.der()]).unwrap()
}

#[tokio::test]
async fn the_password_and_the_letter_go_over_an_encrypted_connection() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    for scheme in ["smtp", "smtps"] {
        let server = MailServer::closed().login("ada@example.com", "p@ss/word");
        let server = if scheme == "smtp" { server.starttls(&identity) } else { server.tls(&identity) }.open();
        let mailer = trusting(&authority, scheme, server.address().port(), "p%40ss%2Fword");
        for _ in 0..2 {
            mailer.send(&letter()).await.unwrap();
        }
        for mail in server.received(2).await {
            assert!(mail.encrypted, "{scheme}");
            assert_eq!((mail.user.as_deref(), mail.connection), (Some("ada@example.com"), 0));
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_offers_no_encryption() {
    let server = MailServer::closed().login("ada@example.com", "hunter2").open();
    let mailer = trusting(&Authority::new(), "smtp", server.address().port(), "hunter2");
    let failure = mailer.send(&letter()).await.unwrap_err();
    assert!(matches!(&failure, Failure::Unavailable(problem) if problem.contains("STARTTLS")), "{failure:?}");
    assert_eq!(server.mails(), []);
}

#[tokio::test]
async fn a_server_nobody_vouches_for_gets_neither_password_nor_letter() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for identity in [
        stranger.issue(&["localhost"]),
        authority.issue(&["mail.example.com"]),
        authority.issue_expired(&["localhost"]),
    ] {
        for scheme in ["smtp", "smtps"] {
            let server = MailServer::closed().login("ada@example.com", "hunter2");
            let server = if scheme == "smtp" { server.starttls(&identity) } else { server.tls(&identity) }.open();
            let mailer = trusting(&authority, scheme, server.address().port(), "hunter2");
            let failure = mailer.send(&letter()).await.unwrap_err();
            assert!(
                matches!(&failure, Failure::Unavailable(problem) if problem.contains("certificate")),
                "{failure:?}"
            );
            assert_eq!(server.mails(), []);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it_and_costs_no_letter() {
    let server = MailServer::closed().login("ada@example.com", "another").open();
    let url = server.url().replace("smtp://", "smtp://ada%40example.com:hunter2@");
    let mailer = mailer(&url);
    let failure = mailer.send(&letter()).await.unwrap_err();
    let Failure::Unavailable(problem) = &failure else { panic!("{failure:?}") };
    assert!(problem.contains("does not let us in with the user and password of SMTP_URL: 535 5.7.8"), "{problem}");
    for text in [problem, &format!("{mailer}"), &format!("{mailer:?}"), &format!("{failure:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
