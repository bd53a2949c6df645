//! A letter as it goes out: header and body, encoded so that any mail program reads them.

use std::time::SystemTime;

use domain::Email;
use jiff::Timestamp;
use lettre::{
    Address,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use url::Host;

use super::{Failure, Letter};

/// What is handed to a mail server, or to a file.
pub(super) struct Message {
    pub(super) recipient: Address,
    /// Lines end with `\r\n`. All ASCII, unless the recipient's address is not.
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// The same letter makes the same bytes every time.
    pub(super) fn compose(from: &Mailbox, letter: &Letter) -> Result<Self, Failure> {
        let Letter { id, recipient, subject, text, written_at } = letter;
        let to = address(recipient)?;
        let domain = from.email.domain().trim_start_matches('[').trim_end_matches(']');
        // Nothing that answers by itself is to answer this.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = lettre::Message::builder()
            .message_id(Some(format!("<{id}@{domain}>")))
            .date(SystemTime::from((*written_at).max(Timestamp::UNIX_EPOCH)))
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject.as_str())
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(text.replace("\r\n", "\n").replace('\r', "\n"));
        let message =
            message.map_err(|error| Failure::Unsendable(format!("The letter cannot be written ({error}).")))?;
        Ok(Self { recipient: to, bytes: message.formatted() })
    }
}

/// The sender, from a line such as `Ada <ada@example.com>`; none if it is no address.
pub(super) fn mailbox(line: &str) -> Option<Mailbox> {
    let line = line.trim();
    let (name, address) = match line.strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<')?,
        None => ("", line),
    };
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    if name.contains(|c: char| c.is_control() || matches!(c, '"' | '<' | '>')) {
        return None;
    }
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some(Mailbox::new(name, address.parse().ok()?))
}

/// The address as the envelope holds it: a domain of any script becomes one of ASCII.
fn address(email: &Email) -> Result<Address, Failure> {
    let nobody = || Failure::Unsendable("The address is none that mail can be sent to.".to_owned());
    let (user, domain) = email.as_str().rsplit_once('@').ok_or_else(nobody)?;
    let domain = match Host::parse(domain) {
        Ok(Host::Domain(domain)) => domain,
        _ => return Err(nobody()),
    };
    Address::new(user, domain).map_err(|_| nobody())
}

#[cfg(test)]
mod tests {
    use domain::{MailId, MailSubject};

    use super::*;

    fn letter(recipient: &str, subject: &str, text: &str) -> Letter {
        Letter {
            id: MailId("019ad000-0000-7000-8000-000000000001".parse().unwrap()),
            recipient: recipient.parse().unwrap(),
            subject: MailSubject::new(subject),
            text: text.to_owned(),
            written_at: "2026-11-29T11:16:04.5Z".parse().unwrap(),
        }
    }

    fn written(recipient: &str, subject: &str, text: &str) -> String {
        let from = mailbox("Smokex <smokex@example.com>").unwrap();
        let message = Message::compose(&from, &letter(recipient, subject, text)).unwrap();
        String::from_utf8(message.bytes).unwrap()
    }

    #[test]
    fn a_letter_is_written_so_that_every_mail_program_reads_it() {
        assert_eq!(
            written("ada@example.com", "Your payment failed", "Hello,\n\nplease pay.\n"),
            "Message-ID: <019ad000-0000-7000-8000-000000000001@example.com>\r\n\
             Date: Sun, 29 Nov 2026 11:16:04 +0000\r\n\
             From: Smokex <smokex@example.com>\r\n\
             To: ada@example.com\r\n\
             Subject: Your payment failed\r\n\
             Auto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             Hello,\r\n\r\nplease pay.\r\n"
        );
    }

    #[test]
    fn other_scripts_are_encoded() {
        let text = written("ada@bücher.example", "Zürich 雨", "Grüße aus Zürich = schön\n");
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("To: ada@xn--bcher-kva.example\r\n"), "{text}");
        assert!(text.contains("\r\nSubject: =?utf-8?b?WsO8cmljaCDpm6g=?=\r\n"), "{text}");
        assert!(text.ends_with("quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe aus Z=C3=BCrich =3D sch=C3=B6n\r\n"), "{text}");
    }

    #[test]
    fn no_part_of_a_letter_breaks_out_of_its_header() {
        let text =
            written("ada@example.com", "Hello\r\nBcc: eve@example.com\r\n\r\nBody", "x\rBcc: eve@example.com\r.\r\n.");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.lines().filter(|line| line.to_lowercase().starts_with("bcc")).count(), 0, "{head}");
        assert!(head.contains("Subject: Hello Bcc: eve@example.com Body"), "{head}");
        assert_eq!(body, "x\r\nBcc: eve@example.com\r\n.\r\n.");
        assert!("ada@example.com\r\nBcc: eve@example.com".parse::<Email>().is_err(), "the type holds no such thing");
    }

    #[test]
    fn a_long_subject_is_folded_and_long_lines_are_wrapped() {
        let text = written("ada@example.com", &"Zürich und Umgebung ".repeat(20), &"word ".repeat(500));
        assert!(text.lines().all(|line| line.len() <= 78), "{text}");
    }

    #[test]
    fn an_address_that_no_mail_can_be_sent_to_is_refused_for_good() {
        let from = mailbox("smokex@example.com").unwrap();
        for recipient in ["a\"b@example.com", "a<b>@example.com", "a,b@example.com", "ada@127.0.0.1", "(a)@example.com"]
        {
            let composed = Message::compose(&from, &letter(recipient, "", ""));
            assert!(matches!(composed, Err(Failure::Unsendable(_))), "{recipient}");
        }
    }

    #[test]
    fn the_sender_is_one_address_with_or_without_a_name() {
        for (line, name, address) in [
            ("smokex@example.com", None, "smokex@example.com"),
            ("Smokex <smokex@example.com>", Some("Smokex"), "smokex@example.com"),
            ("Smokex der Zweite <smokex@[10.0.0.1]>", Some("Smokex der Zweite"), "smokex@[10.0.0.1]"),
            ("\"Smokex, Inc.\" <smokex@localhost>", Some("Smokex, Inc."), "smokex@localhost"),
            (" <smokex@example.com> ", None, "smokex@example.com"),
            ("Müller <smokex@example.com>", Some("Müller"), "smokex@example.com"),
        ] {
            let mailbox = mailbox(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((mailbox.name.as_deref(), mailbox.email.as_ref() as &str), (name, address), "{line}");
        }
        for line in
            ["", "Smokex", "a@b, c@d", "a@b c@d", "Smokex <a@b> x", "<a@b", "<", "A\r\nB <a@b>", "a@b\r\nBcc: c@d"]
        {
            assert!(mailbox(line).is_none(), "{line:?}");
        }
    }
}
