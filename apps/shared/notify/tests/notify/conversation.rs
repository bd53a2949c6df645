//! What is said to a mail server, and over which connection.

use notify::Failure;
use testkit::{
    MailServer,
    mail_server::{Answer, Counts, Stage},
};

use crate::{letter, mailer};

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let server = MailServer::start().await;
    let letter = letter();
    mailer(&server.url()).send(&letter).await.unwrap();
    let mails = server.received(1).await;
    let mail = &mails[0];
    assert_eq!(
        (mail.sender.as_str(), mail.recipients.as_slice()),
        ("smokex@example.com", &["ada@example.com".to_owned()][..])
    );
    assert_eq!(mail.header("From").unwrap(), "Smokex <smokex@example.com>");
    assert_eq!(mail.header("To").unwrap(), "ada@example.com");
    assert_eq!(mail.header("Subject").unwrap(), "=?utf-8?b?R3LDvMOfZQ==?=");
    assert_eq!(mail.header("Message-ID").unwrap(), format!("<{}@example.com>", letter.id));
    assert_eq!(mail.header("Date").unwrap(), "Sun, 29 Nov 2026 11:16:04 +0000");
    assert_eq!(mail.header("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(mail.header("Content-Type").unwrap(), "text/plain; charset=utf-8");
    // A dot alone on a line does not end it. (The protocol adds the last line's end.)
    assert_eq!(mail.body(), "Hello,\r\n.\r\n..dots\r\nGr=C3=BC=C3=9Fe\r\n\r\n");
    assert!(!mail.encrypted && mail.user.is_none());
}

#[tokio::test]
async fn a_connection_serves_many_letters_until_there_is_none_for_a_while() {
    let server = MailServer::start().await;
    server.on(
        Stage::Recipient,
        [Answer::Accept, Answer::say("550 5.1.1 Nobody here"), Answer::say("450 4.2.1 Not now"), Answer::Accept],
    );
    let mailer = mailer(&server.url());
    assert_eq!(mailer.send(&letter()).await, Ok(()));
    assert!(matches!(mailer.send(&letter()).await, Err(Failure::Refused(_))));
    assert!(matches!(mailer.send(&letter()).await, Err(Failure::Postponed(_))));
    assert_eq!(mailer.send(&letter()).await, Ok(()));
    assert_eq!(server.counts(), Counts { connections: 1, mails: 2, ..Counts::default() });
    mailer.rest().await;
    server.until(|counts| counts.closed == 1, "the end of the connection").await;
    assert_eq!(server.counts().quits, 1);
    assert_eq!(mailer.send(&letter()).await, Ok(()));
    assert_eq!(server.counts().connections, 2);
}

#[tokio::test]
async fn letters_at_the_same_time_have_connections_of_their_own() {
    let server = MailServer::start().await;
    let gate = testkit::target::Gate::new();
    server.on(Stage::Content, [Answer::Await(gate.clone())]);
    let mailer = mailer(&server.url());
    let sending: Vec<_> = (0..3)
        .map(|_| {
            let mailer = mailer.clone();
            tokio::spawn(async move { mailer.send(&letter()).await })
        })
        .collect();
    server.received(3).await;
    assert_eq!(server.counts().connections, 3);
    gate.open();
    for sent in sending {
        assert_eq!(sent.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_meanwhile_is_replaced() {
    let server = MailServer::start().await;
    server.on(Stage::Noop, [Answer::Drop, Answer::say("421 4.4.2 Too late"), Answer::Accept]);
    let mailer = mailer(&server.url());
    for connections in [1, 2, 3, 3] {
        assert_eq!(mailer.send(&letter()).await, Ok(()));
        assert_eq!(server.counts().connections, connections);
    }
    assert_eq!(server.mails().len(), 4);
}
