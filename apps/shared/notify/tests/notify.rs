//! Letters over real sockets and into real folders.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "notify/conversation.rs"]
mod conversation;
#[path = "notify/failures.rs"]
mod failures;
#[path = "notify/folder.rs"]
mod folder;
#[path = "notify/secrecy.rs"]
mod secrecy;

use domain::{MailId, MailSubject};
use notify::{Letter, Mailer};
use runtime::config::{Environment, MailConfig};

fn config(variables: &[(&str, &str)]) -> MailConfig {
    MailConfig::read(&Environment::given(variables.iter().copied())).unwrap()
}

/// Sends to this `SMTP_URL`.
fn mailer(url: &str) -> Mailer {
    Mailer::new(&config(&[("SMTP_URL", url), ("MAIL_FROM", "Smokex <smokex@example.com>")])).unwrap()
}

fn letter() -> Letter {
    Letter {
        id: MailId::new(),
        recipient: "ada@example.com".parse().unwrap(),
        subject: MailSubject::new("Grüße"),
        text: "Hello,\n.\n..dots\nGrüße\n".to_owned(),
        written_at: "2026-11-29T11:16:04.000005Z".parse().unwrap(),
    }
}
