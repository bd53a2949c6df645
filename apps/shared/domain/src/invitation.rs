//! Invitations to an organization: how long they hold, and the mail that brings them.

use std::time::Duration;

use crate::{Email, MailSubject, Role};

/// For how long an invitation can be accepted after it was sent: 7 days.
pub const HOLDS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How soon it can be sent once more: after a minute.
pub const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How many an organization may have open, whatever its tier: so many strangers get mail from it at most.
pub const MOST_OPEN: u32 = 100;

/// The mail that asks somebody to join: its subject and its text. `by` is who asks, if they are still there.
#[must_use]
pub fn mail(organization: &str, by: Option<&Email>, role: Role, link: &str) -> (MailSubject, String) {
    let subject = match by {
        Some(by) => format!("{by} invites you to {organization}"),
        None => format!("You are invited to {organization}"),
    };
    let asks = match by {
        Some(by) => format!("{by} asks you to join"),
        None => "You are asked to join".to_owned(),
    };
    let text = format!(
        "Hello,\n\n{asks} the organization {organization} at Smokex, as {role}: {what}.\n\nTo look at the invitation \
         and to accept it, open:\n\n{link}\n\nIt holds for 7 days and can be accepted once. If you do not know what \
         this is about, ignore it: nothing happens.\n",
        what = lower(role.words())
    );
    (MailSubject::new(&subject), text)
}

fn lower(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_says_who_asks_for_what_and_how_to_accept() {
        let by = "ada@example.com".parse().unwrap();
        let (subject, text) = mail("Acme\r\nBcc: x", Some(&by), Role::Operator, "https://smokex.example/i?token=1");
        assert_eq!(subject.as_str(), "ada@example.com invites you to Acme Bcc: x");
        assert!(text.contains("as operator: runs plans and pauses schedules."), "{text}");
        assert!(text.contains("\n\nhttps://smokex.example/i?token=1\n\n"), "{text}");
        assert!(mail("Acme", None, Role::Viewer, "x").1.contains("You are asked to join"));
    }
}
