//! Mail from executors as processes: killed in the middle, without a server, with a server that is away.

use std::time::Duration;

use store::{MailRow, NewMail, Store};
use testkit::{
    MailServer, TestDatabase, factory,
    mail_server::{Answer, Stage},
};

use super::{
    program::{Folder, PATIENCE, Running},
    roles::test_key,
};

struct World {
    database: TestDatabase,
    store: Store,
    folder: Folder,
}

impl World {
    async fn new() -> Self {
        let database = TestDatabase::postgres().await;
        let store = database.open().await;
        Self { database, store, folder: Folder::new() }
    }

    fn executor(&self, variables: &[(&str, &str)]) -> Running {
        let key = test_key();
        let all = [&[("DATABASE_URL", self.database.url()), ("SMOKEX_KEY", key.as_str())], variables].concat();
        self.folder.start(["executor"], &all)
    }

    async fn mail(&self) -> NewMail {
        let mail = factory::mail();
        assert!(self.store.queue_mail(mail.clone()).await.unwrap());
        mail
    }

    /// Waits until the mail is as wanted.
    async fn until(&self, mail: &NewMail, wanted: impl Fn(&MailRow) -> bool) -> MailRow {
        let look = async {
            loop {
                let rows = self.store.mails(100).await.unwrap();
                let row = rows.into_iter().find(|row| row.recipient == mail.recipient.as_str()).unwrap();
                if wanted(&row) {
                    return row;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the mail comes to that")
    }

    /// Lets all leases and pauses be over.
    fn hurry(&self) {
        let _ = self.database.sql("UPDATE mails SET due_at = 1 WHERE due_at IS NOT NULL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_executor_is_killed_between_sending_and_noting_is_sent_again_as_the_same() {
    let (world, server) = (World::new().await, MailServer::start().await);
    // The server has the mail, and its answer never comes.
    server.on(Stage::Content, [Answer::Hang, Answer::Accept]);
    let url = server.url();
    let executor = world.executor(&[("SMTP_URL", &url)]);
    let mail = world.mail().await;
    server.received(1).await;
    executor.signal("KILL");
    tokio::task::spawn_blocking(|| executor.end()).await.unwrap();
    let row = world.until(&mail, |_| true).await;
    assert!(row.sent_at.is_none() && row.due_at.is_some());
    world.hurry();
    let _executor = world.executor(&[("SMTP_URL", &url)]);
    let row = world.until(&mail, |row| row.sent_at.is_some()).await;
    assert_eq!(row.attempts, 2);
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].content, mails[1].content, "mail programs take the two for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_told_of_once_when_it_goes_and_once_when_it_comes_and_no_secret_is_logged() {
    let (world, server) = (World::new().await, MailServer::closed().login("ada@example.com", "hunter2"));
    let url = server.url().replace("smtp://", "smtp://ada%40example.com:hunter2@");
    let executor = world.executor(&[("SMTP_URL", &url), ("SMOKEX_LOG", "debug")]);
    let mut mails = vec![world.mail().await, world.mail().await];
    for attempts in 1..=3 {
        world.until(&mails[0], |row| row.attempts >= attempts && row.problem.is_some()).await;
        world.hurry();
    }
    let server = server.open();
    world.hurry();
    mails.push(world.mail().await);
    for mail in &mails {
        while world.until(mail, |_| true).await.sent_at.is_none() {
            world.hurry();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    server.received(mails.len()).await;
    executor.signal("TERM");
    let ended = tokio::task::spawn_blocking(|| executor.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log = format!("{}{}", ended.stdout, ended.stderr);
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let place = format!("the mail server 127.0.0.1 at port {}", server.address().port());
    assert_eq!(lines(&format!("Mail goes to {place}")), 1, "{log}");
    assert_eq!(lines(&format!("Mail waits for {place} and goes on by itself")), 1, "{log}");
    assert_eq!(lines("Mail goes on"), 1, "{log}");
    let loud = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    assert_eq!(loud, 1, "{log}");
    for secret in ["hunter2", "ada%40", mails[0].recipient.as_str(), "Grüße"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_mail_becomes_files_that_only_their_owner_reads() {
    let world = World::new().await;
    let _executor = world.executor(&[]);
    let mail = world.mail().await;
    let row = world.until(&mail, |row| row.sent_at.is_some()).await;
    let content = world.folder.content();
    assert_eq!(content.len(), 3, "{content:?}");
    assert_eq!(content[..2], ["var", "var/mail"]);
    assert!(content[2].ends_with(&format!("Z-{}.eml", row.id)), "{content:?}");
    let text = std::fs::read_to_string(world.folder.path().join(&content[2])).unwrap();
    assert!(text.contains(&format!("\r\nTo: {}\r\n", mail.recipient)), "{text}");
}
