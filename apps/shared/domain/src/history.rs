//! What becomes of old runs when an organization changes to a tier that keeps them for a shorter time: they
//! stay until its owners have been told twice, a week apart, and a week has passed since.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::Offset};

use crate::schedule::interval;

/// How long lies between telling and telling again, and between that and forgetting.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whether one of the two mails went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was never queued.
    No,
    /// It waits for a mail server to take it.
    Queued,
    /// A mail server took it then.
    Sent(Timestamp),
}

/// What is to be done about the history that is kept longer than the tier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// Tell the owners.
    Tell,
    /// Tell them once more.
    TellAgain,
    /// Keep no more than the tier says.
    Forget,
}

/// The next step, by what became of the two mails.
#[must_use]
pub fn next_step(first: Told, second: Told, now: Timestamp) -> Step {
    let is_past = |sent: Timestamp| sent.checked_add(NOTICE).is_ok_and(|end| end <= now);
    match (first, second) {
        (Told::No, _) => Step::Tell,
        (Told::Sent(sent), Told::No) if is_past(sent) => Step::TellAgain,
        (_, Told::Sent(sent)) if is_past(sent) => Step::Forget,
        _ => Step::Wait,
    }
}

/// Subject and text of the first or the second mail. `link` leads to the page where the tier is changed.
#[must_use]
pub fn mail(step: Step, organization: &str, keeps: Duration, now: Timestamp, link: &str) -> (String, String) {
    let notice = if step == Step::TellAgain { NOTICE } else { NOTICE + NOTICE };
    let end = now.checked_add(notice).unwrap_or(Timestamp::MAX);
    let day = Offset::UTC.to_datetime(end).strftime("%B %-d, %Y");
    let keeps = interval::words(keeps);
    let subject = match step {
        Step::TellAgain => format!("One week left: old runs of {organization} will be deleted"),
        _ => format!("Old runs of {organization} will be deleted on {day} or later"),
    };
    let text = format!(
        "{organization} is on a tier now that keeps runs for {keeps}.\n\n\
         Runs that are older than that stay until {day} (UTC) at least, and are deleted after it. Plans, their \
         versions and schedules are not deleted.\n\n\
         To keep the older runs, move to a higher tier before that day:\n{link}\n"
    );
    (subject, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn nothing_is_forgotten_before_the_owners_were_told_twice_and_had_a_week() {
        let first = Told::Sent(at("11-01"));
        assert_eq!(next_step(Told::No, Told::No, at("11-01")), Step::Tell);
        assert_eq!(next_step(Told::Queued, Told::No, at("12-31")), Step::Wait, "a mail that is not sent tells nothing");
        assert_eq!(next_step(first, Told::No, at("11-07")), Step::Wait);
        assert_eq!(next_step(first, Told::No, at("11-08")), Step::TellAgain);
        assert_eq!(next_step(first, Told::Queued, at("12-31")), Step::Wait);
        assert_eq!(next_step(first, Told::Sent(at("11-09")), at("11-15")), Step::Wait);
        assert_eq!(next_step(first, Told::Sent(at("11-09")), at("11-16")), Step::Forget);
    }

    #[test]
    fn the_mails_say_what_goes_when_and_how_to_keep_it() {
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let (subject, text) = mail(Step::Tell, "Acme", week, at("11-01"), "https://smokex.example.com/billing");
        assert_eq!(subject, "Old runs of Acme will be deleted on November 15, 2026 or later");
        assert!(
            text.contains("keeps runs for 7 days") && text.contains("https://smokex.example.com/billing"),
            "{text}"
        );
        let (subject, text) = mail(Step::TellAgain, "Acme", week, at("11-08"), "");
        assert!(subject.starts_with("One week left") && text.contains("November 15, 2026 (UTC)"), "{text}");
    }
}
