//! What is asked again, when, and how often.

use std::time::Duration;

use egress::{Failure, FailureKind};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822};

/// How often one thing is asked at most.
const TRIES: u32 = 5;
/// How long it waits before it asks for the second time; each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How long all pauses may take together. Who is told to wait longer gives up at once.
const ALL_PAUSES: Duration = Duration::from_secs(120);

/// Whether asking twice does no more than asking once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads, or has a key by which the server knows it again.
    Safe,
    /// It might do it twice, or tell that it cannot be done a second time.
    Unsafe,
}

/// The tries of one request.
pub struct Tries {
    repeat: Repeat,
    made: u32,
    paused: Duration,
}

impl Tries {
    pub fn new(repeat: Repeat) -> Self {
        Self { repeat, made: 0, paused: Duration::ZERO }
    }

    /// How long to wait before asking again after this answer; none to take it as it is.
    pub fn after_answer(&mut self, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        let again = match status {
            // It was turned away before anything was done.
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::SERVICE_UNAVAILABLE => self.repeat == Repeat::Safe,
            _ => false,
        };
        again.then(|| self.pause(retry_after(headers, Timestamp::now()))).flatten()
    }

    /// How long to wait before asking again after this failure; none to give up.
    pub fn after_failure(&mut self, failure: &Failure) -> Option<Duration> {
        let broke = matches!(failure.kind, FailureKind::Reset | FailureKind::Closed | FailureKind::Http2(_));
        let again = match self.repeat {
            Repeat::Safe => broke || failure.is_connection(),
            // What never left cannot have been done.
            Repeat::Unsafe => failure.is_connection() && !failure.was_sent(),
        };
        again.then(|| self.pause(None)).flatten()
    }

    fn pause(&mut self, wanted: Option<Duration>) -> Option<Duration> {
        let pause = wanted.unwrap_or_else(|| FIRST_PAUSE * 2_u32.pow(self.made));
        self.made += 1;
        self.paused = self.paused.saturating_add(pause);
        (self.made < TRIES && self.paused <= ALL_PAUSES).then_some(pause)
    }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(then.duration_since(now).try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())])
    }

    #[test]
    fn a_server_says_when_to_come_again_in_seconds_or_by_a_date() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("7", Some(7)),
            ("Sun, 01 Mar 2026 12:00:30 GMT", Some(30)),
            ("Sun, 01 Mar 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            assert_eq!(retry_after(&headers(value), now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn what_was_turned_away_is_asked_again_so_often_and_so_long() {
        let none = HeaderMap::new();
        for repeat in [Repeat::Safe, Repeat::Unsafe] {
            let mut tries = Tries::new(repeat);
            let pauses: Vec<u128> = std::iter::from_fn(|| tries.after_answer(StatusCode::TOO_MANY_REQUESTS, &none))
                .map(|pause| pause.as_millis())
                .collect();
            assert_eq!(pauses, [250, 500, 1000, 2000]);
        }
        let mut tries = Tries::new(Repeat::Safe);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(tries.after_answer(status, &headers("60")), Some(Duration::from_secs(60)));
        assert_eq!(tries.after_answer(status, &headers("60")), Some(Duration::from_secs(60)));
        assert_eq!(tries.after_answer(status, &headers("60")), None);
        assert_eq!(Tries::new(Repeat::Safe).after_answer(status, &headers("86400")), None);
        assert_eq!(Tries::new(Repeat::Safe).after_answer(status, &headers("18446744073709551615")), None);
    }

    #[test]
    fn what_may_have_been_done_is_not_asked_again() {
        let none = HeaderMap::new();
        assert_eq!(Tries::new(Repeat::Unsafe).after_answer(StatusCode::SERVICE_UNAVAILABLE, &none), None);
        assert_eq!(Tries::new(Repeat::Safe).after_answer(StatusCode::CONFLICT, &none), None);
        assert_eq!(Tries::new(Repeat::Safe).after_answer(StatusCode::INTERNAL_SERVER_ERROR, &none), None);
    }
}
