//! When the clock wakes: arithmetic on the database's time, by which everything is due.
//!
//! Nothing here looks at a clock. A pause is slept by a timer that no step of a clock touches, and the
//! next one is reckoned from what the database's clock shows then: delays do not add up, and a second
//! that was missed is not made up for.

use std::time::Duration;

use jiff::Timestamp;

/// The second that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticker {
    next: Timestamp,
}

impl Ticker {
    /// Waits for the first second that begins after `now`.
    pub(crate) fn after(now: Timestamp) -> Self {
        Self { next: second_after(now) }
    }

    /// It is `now`. If the second that was waited for has begun, this is its tick, late by what is told;
    /// of seconds that have gone by unseen there is one tick in all. A clock that was set back is waited
    /// for no longer than a second.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Duration> {
        let lag = Duration::try_from(now.duration_since(self.next)).ok();
        *self = Self::after(now);
        lag
    }

    /// How long to sleep at `now`: until the next second begins, or until `due` if that comes sooner. What
    /// is due already does not count.
    pub(crate) fn pause(self, now: Timestamp, due: Option<Timestamp>) -> Duration {
        let wake = due.filter(|due| *due > now).map_or(self.next, |due| due.min(self.next));
        // In the past only if the ticker was not told of `now`: then it is high time.
        Duration::try_from(wake.duration_since(now)).unwrap_or_default()
    }
}

/// The beginning of the first second that begins after `now`.
fn second_after(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() + 1).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, ToSpan};
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn time(microseconds: i64) -> Timestamp {
        Timestamp::from_microsecond(microseconds).unwrap()
    }

    /// Any time of this century, to the microsecond.
    fn times() -> impl Strategy<Value = Timestamp> {
        (946_684_800_000_000_i64..4_102_444_800_000_000).prop_map(time)
    }

    fn microseconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
        range.prop_map(Duration::from_micros)
    }

    proptest! {
        #[test]
        fn delays_do_not_add_up_and_every_second_has_its_one_tick(
            start in times(),
            delays in proptest::collection::vec(microseconds(0..999_999), 1..100),
        ) {
            let (mut now, mut ticker) = (start, Ticker::after(start));
            for (second, delay) in (1..).zip(delays) {
                now = now + ticker.pause(now, None) + delay;
                prop_assert_eq!(ticker.tick(now), Some(delay), "the lag is the delay");
                prop_assert_eq!(now.as_second(), start.as_second() + second);
            }
        }

        #[test]
        fn it_never_ticks_early_and_never_twice_whatever_the_clock_shows(
            start in times(),
            steps in proptest::collection::vec(0_i64..3_000_000, 1..100),
        ) {
            let (mut now, mut ticker, mut last) = (start, Ticker::after(start), start.as_second());
            for step in steps {
                now += SignedDuration::from_micros(step);
                if ticker.tick(now).is_some() {
                    prop_assert!(now.as_second() > last, "another second has begun since the last tick");
                    last = now.as_second();
                }
                prop_assert_eq!(now.as_second(), last, "no second that has begun waits for its tick");
            }
        }

        #[test]
        fn seconds_that_went_by_unseen_make_one_tick(start in times(), gap in microseconds(1_000_000..86_400_000_000)) {
            let (now, mut ticker) = (start + gap, Ticker::after(start));
            prop_assert!(ticker.tick(now).is_some());
            prop_assert_eq!(ticker.tick(now), None);
            prop_assert_eq!(ticker, Ticker::after(now));
        }

        #[test]
        fn a_clock_that_is_set_back_or_forth_is_waited_for_no_longer_than_a_second(
            start in times(), shown in times(), due in proptest::option::of(times()),
        ) {
            let mut ticker = Ticker::after(start);
            ticker.tick(shown);
            let pause = ticker.pause(shown, due);
            prop_assert!(pause > Duration::ZERO && pause <= SECOND, "{pause:?}");
        }

        #[test]
        fn what_is_due_within_the_second_is_waited_for_to_the_microsecond(
            start in times(), until in 1_i64..1_000_000,
        ) {
            let due = start + SignedDuration::from_micros(until);
            let ticker = Ticker::after(start);
            let expected = due.min(second_after(start));
            prop_assert_eq!(start + ticker.pause(start, Some(due)), expected);
        }
    }

    #[test]
    fn what_is_due_already_is_not_waited_for() {
        let now = time(1_800_000_000_250_000);
        let pause = |due| Ticker::after(now).pause(now, due);
        assert_eq!(pause(Some(now)), Duration::from_millis(750));
        assert_eq!(pause(Some(now - 1.hour())), Duration::from_millis(750));
        assert_eq!(pause(None), Duration::from_millis(750));
    }

    #[test]
    fn a_second_begins_with_itself() {
        let now = time(1_800_000_000_000_000);
        let mut ticker = Ticker::after(now);
        assert_eq!(ticker.pause(now, None), SECOND);
        assert_eq!(ticker.tick(now + SECOND), Some(Duration::ZERO));
    }
}
