//! Mail from the outbox to a mail server.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use domain::MailId;
use store::{Change, MailRow, NewMail};
use testkit::{
    Cluster, MailServer, TestDatabase, factory,
    mail_server::{Answer, Stage},
    target::Gate,
};

use crate::world::{Executor, PATIENCE, World, mailer};

impl World {
    /// An executor that sends through this server.
    async fn deliverer(&self, url: &str) -> Executor {
        self.executor_sending(mailer(&[("SMTP_URL", url)])).await
    }

    async fn mail(&self) -> NewMail {
        let mail = factory::mail();
        assert!(self.store.queue_mail(mail.clone()).await.unwrap());
        mail
    }

    /// Waits until the mail to this recipient is as wanted; looks again at every change of a mail.
    async fn mail_until(&self, mail: &NewMail, wanted: impl Fn(&MailRow) -> bool) -> MailRow {
        let mut changes = self.store.changes();
        let look = async {
            loop {
                let rows = self.store.mails(1000).await.unwrap();
                let row = rows.into_iter().find(|row| row.recipient == mail.recipient.as_str()).unwrap();
                if wanted(&row) {
                    return row;
                }
                while !matches!(changes.next().await, Change::Mail | Change::Resync) {}
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the mail comes to that")
    }
}

testkit::on_both! {
    async fn each_mail_is_delivered_exactly_once_whoever_delivers(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::start().await;
        let mut expected = HashSet::new();
        for _ in 0..20 {
            expected.insert(world.mail().await.recipient.to_string());
        }
        let executors = [world.deliverer(&server.url()).await, world.deliverer(&server.url()).await, world.deliverer(&server.url()).await];
        for _ in 0..20 {
            expected.insert(world.mail().await.recipient.to_string());
        }
        server.received(40).await;
        for executor in executors {
            executor.stop().await;
        }
        let mails = server.mails();
        assert_eq!(mails.len(), 40);
        assert_eq!(mails.iter().map(|mail| mail.recipients[0].clone()).collect::<HashSet<_>>(), expected);
        let rows = world.store.mails(100).await.unwrap();
        assert!(rows.iter().all(|row| row.sent_at.is_some() && row.attempts == 1 && row.text.is_empty()), "{rows:?}");
        let ids: HashSet<_> = mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
        assert_eq!(ids, rows.iter().map(|row| format!("<{}@localhost>", row.id)).collect());
        let counts = server.until(|counts| counts.closed == counts.connections, "every connection to end").await;
        assert_eq!(counts.quits, counts.connections);
    }

    async fn a_mail_goes_out_as_soon_as_it_is_queued(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::start().await;
        let executor = world.deliverer(&server.url()).await;
        let began = Instant::now();
        for n in 1..=6 {
            world.mail().await;
            server.received(n).await;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "by polling alone it takes half a minute");
        executor.stop().await;
    }

    async fn a_mail_that_is_refused_for_good_is_given_up_at_once_and_the_next_one_goes_out(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::start().await;
        server.on(Stage::Recipient, [Answer::say("550 5.1.1 Nobody here"), Answer::Accept]);
        let executor = world.deliverer(&server.url()).await;
        let refused = world.mail().await;
        let row = world.mail_until(&refused, |row| row.due_at.is_none()).await;
        assert_eq!((row.sent_at, row.attempts), (None, 1));
        assert_eq!(row.problem.as_deref(), Some("The mail server says: 550 5.1.1 Nobody here"));
        let nobody = NewMail { recipient: "a,b@example.com".parse().unwrap(), ..factory::mail() };
        world.store.queue_mail(nobody.clone()).await.unwrap();
        let row = world.mail_until(&nobody, |row| row.due_at.is_none()).await;
        assert_eq!(row.problem.as_deref(), Some("The address is none that mail can be sent to"));
        let taken = world.mail().await;
        world.mail_until(&taken, |row| row.sent_at.is_some()).await;
        assert_eq!(server.mails().len(), 1);
        executor.stop().await;
    }

    async fn a_mail_that_is_not_taken_now_waits_and_the_others_do_not(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::start().await;
        server.on(Stage::Content, [Answer::say("451 4.3.0 Not now"), Answer::Accept]);
        let executor = world.deliverer(&server.url()).await;
        let postponed = world.mail().await;
        let row = world.mail_until(&postponed, |row| row.problem.is_some()).await;
        assert_eq!(row.problem.as_deref(), Some("The mail server says: 451 4.3.0 Not now"));
        assert!(row.due_at.is_some() && row.sent_at.is_none());
        let other = world.mail().await;
        world.mail_until(&other, |row| row.sent_at.is_some()).await;
        // Then it is its turn again.
        let row = world.mail_until(&postponed, |row| row.sent_at.is_some()).await;
        assert_eq!((row.attempts, row.problem), (2, None));
        assert_eq!(server.mails().len(), 2);
        executor.stop().await;
    }

    async fn while_no_mail_goes_out_others_keep_their_turn_and_go_out_at_once_when_one_does(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::closed();
        let executor = world.deliverer(&server.url()).await;
        let first = world.mail().await;
        let row = world.mail_until(&first, |row| row.problem.is_some()).await;
        assert!(row.problem.unwrap().contains("cannot be reached"));
        assert!(row.due_at.is_some() && row.sent_at.is_none());
        let server = server.open();
        let gate = Gate::new();
        server.on(Stage::Greeting, [Answer::Await(gate.clone()), Answer::Accept]);
        for _ in 0..8 {
            world.mail().await;
        }
        // One alone tries whether the way is free.
        server.until(|counts| counts.connections >= 1, "a connection").await;
        let tried = world.store.mails(8).await.unwrap().iter().filter(|row| row.attempts > 0).count();
        assert_eq!(tried, 1);
        gate.open();
        server.received(8).await;
        let row = world.mail_until(&first, |row| row.sent_at.is_some()).await;
        assert!(row.attempts >= 2 && row.problem.is_none(), "{row:?}");
        assert_eq!(server.mails().len(), 9);
        executor.stop().await;
    }

    async fn a_mail_under_way_is_sent_to_its_end_when_the_executor_stops_and_no_other_is_begun(database: TestDatabase) {
        let world = World::new(database).await;
        let server = MailServer::start().await;
        let gate = Gate::new();
        server.on(Stage::Content, [Answer::Await(gate.clone())]);
        let executor = world.deliverer(&server.url()).await;
        let under_way = world.mail().await;
        server.received(1).await;
        executor.signal();
        let waiting = world.mail().await;
        gate.open();
        executor.stop().await;
        assert!(world.mail_until(&under_way, |_| true).await.sent_at.is_some());
        let waiting = world.mail_until(&waiting, |_| true).await;
        assert_eq!((waiting.attempts, waiting.sent_at), (0, None));
        assert_eq!(server.mails().len(), 1);
    }

    async fn without_a_server_mail_becomes_files_and_its_text_stays(database: TestDatabase) {
        let world = World::new(database).await;
        let var = tempfile::tempdir().unwrap();
        let executor = world.executor_sending(mailer(&[("VAR_DIR", var.path().to_str().unwrap())])).await;
        let mails = [world.mail().await, world.mail().await];
        let mut ids: Vec<MailId> = Vec::new();
        for mail in &mails {
            let row = world.mail_until(mail, |row| row.sent_at.is_some()).await;
            assert!(row.text.contains("Hello"), "{row:?}");
            ids.push(row.id);
        }
        executor.stop().await;
        let files = std::fs::read_dir(var.path().join("mail")).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        for (name, id) in names.iter().zip(ids) {
            assert!(name.ends_with(&format!("Z-{id}.eml")), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_sent_while_the_database_is_away_is_noted_when_it_is_back_and_not_sent_again() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    let world = World::new(TestDatabase::in_cluster(&cluster)).await;
    let server = MailServer::start().await;
    let gate = Gate::new();
    server.on(Stage::Content, [Answer::Await(gate.clone()), Answer::Accept]);
    let executor = world.deliverer(&server.url()).await;
    let mail = world.mail().await;
    server.received(1).await;
    tokio::task::block_in_place(|| cluster.crash());
    gate.open();
    assert!(world.store.mails(1).await.is_err(), "the database is away");
    tokio::task::block_in_place(|| cluster.resume());
    let row = world.mail_until(&mail, |row| row.sent_at.is_some()).await;
    assert_eq!(row.attempts, 1);
    executor.stop().await;
    assert_eq!(server.mails().len(), 1);
}
