//! Questions as they are checked, the bins they have, and runs counted into them.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{Elapsed, RunState};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-29T14:35:00Z")
}

fn draft(from: &str, to: &str, interval: &str) -> StatisticsDraft {
    StatisticsDraft { from: from.to_owned(), to: to.to_owned(), interval: interval.to_owned(), plan: String::new() }
}

fn edges(question: &StatisticsQuestion) -> Vec<String> {
    let last = question.time().end;
    question.bins().map(|bin| bin.start).chain([last]).map(|edge| edge.to_string()).collect()
}

#[test]
fn bins_begin_at_multiples_of_the_interval_in_utc() {
    let checked = |from, to, interval| edges(&draft(from, to, interval).check(now()).unwrap());
    assert_eq!(
        checked("2026-11-29T10:20:00Z", "2026-11-29T12:00:00Z", "1h"),
        ["2026-11-29T10:00:00Z", "2026-11-29T11:00:00Z", "2026-11-29T12:00:00Z"]
    );
    assert_eq!(
        checked("2026-11-29T00:30:00+01:00", "2026-11-29T00:00:00.0000001Z", "1d"),
        ["2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"]
    );
    // Thursdays.
    assert_eq!(
        checked("2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z", "7d"),
        ["2026-11-26T00:00:00Z", "2026-12-03T00:00:00Z"]
    );
}

#[test]
fn what_is_left_open_is_the_last_day_in_hours_of_all_plans() {
    let question = StatisticsDraft::default().check(now()).unwrap();
    assert_eq!(question.time(), at("2026-11-28T14:00:00Z")..at("2026-11-29T15:00:00Z"));
    assert_eq!((question.interval(), question.plan(), question.bins().len()), (BinInterval::Hour, None, 25));
    let until = draft("", "2026-01-02T00:00:00Z", "").check(now()).unwrap();
    assert_eq!(until.time(), at("2026-01-01T00:00:00Z")..at("2026-01-02T00:00:00Z"));
    let plan = PlanId::new();
    let of_plan = StatisticsDraft { plan: plan.to_string(), ..StatisticsDraft::default() };
    assert_eq!(of_plan.check(now()).unwrap().plan(), Some(plan));
}

#[test]
fn a_wrong_field_is_told_in_a_plain_sentence() {
    let time = "is no time. Write date, time and offset from UTC, such as 2026-11-29T14:00:00Z.";
    let (from, to) = ("2026-11-29T00:00:00Z", "2026-11-29T16:40:00Z");
    for (draft, expected) in [
        (draft("yesterday", to, "1h"), vec![("from", format!("`yesterday` {time}"))]),
        (draft(from, "2026-11-29T16:40:00", "1h"), vec![("to", format!("`2026-11-29T16:40:00` {time}"))]),
        (
            draft("1969-12-31T23:59:59Z", "3000-01-01T00:00:00.1Z", "1h"),
            vec![
                ("from", "`1969-12-31T23:59:59Z` is not within the years 1970 to 2999.".to_owned()),
                ("to", "`3000-01-01T00:00:00.1Z` is not within the years 1970 to 2999.".to_owned()),
            ],
        ),
        (
            draft(from, to, "10m"),
            vec![("interval", "`10m` is no interval. Write one of 1m, 5m, 15m, 1h, 6h, 1d, 7d.".to_owned())],
        ),
        (draft(to, from, "1h"), vec![("to", format!("The time must end after {to}, its beginning."))]),
        (draft(to, to, "1h"), vec![("to", format!("The time must end after {to}, its beginning."))]),
        (
            draft(from, "2026-11-29T16:40:01Z", "1m"),
            vec![(
                "interval",
                "This time has 1001 bins of 1m, and an answer has 1000 at most. Ask for 5m or more, or for less time."
                    .to_owned(),
            )],
        ),
        (
            draft("1970-01-01T00:00:00Z", "3000-01-01T00:00:00Z", "7d"),
            vec![(
                "interval",
                "This time has 53743 bins of 7d, and an answer has 1000 at most. Ask for less time.".to_owned(),
            )],
        ),
        (
            StatisticsDraft { plan: "x".repeat(99), ..draft("a", "b", "c") },
            vec![
                ("from", format!("`a` {time}")),
                ("to", format!("`b` {time}")),
                ("interval", "`c` is no interval. Write one of 1m, 5m, 15m, 1h, 6h, 1d, 7d.".to_owned()),
                ("plan", format!("`{}` is no id of a plan.", "x".repeat(40))),
            ],
        ),
    ] {
        let problems = draft.check(now()).unwrap_err();
        let problems: Vec<_> = problems.into_iter().map(|problem| (problem.field, problem.message)).collect();
        assert_eq!(problems, expected, "{draft:?}");
    }
    assert_eq!(draft(from, to, "1m").check(now()).unwrap().bins().len(), MOST_BINS);
}

fn run(queued_at: &str, state: RunState, duration: Option<u64>) -> CountedRun {
    CountedRun { queued_at: at(queued_at), state, slow: false, duration: duration.map(Elapsed) }
}

#[test]
fn runs_are_counted_in_their_bin_by_how_they_ended() {
    let question = draft("2026-11-29T10:00:00Z", "2026-11-29T13:00:00Z", "1h").check(now()).unwrap();
    let mut counting = Counting::of(&question, 100);
    let mut add = |run| counting.add(run).unwrap();
    add(CountedRun { slow: true, ..run("2026-11-29T10:00:00Z", RunState::Passed, Some(300)) });
    add(run("2026-11-29T10:59:59.999999Z", RunState::Failed, Some(100)));
    add(run("2026-11-29T10:30:00Z", RunState::Errored, Some(5_000)));
    for state in RunState::ALL {
        add(run("2026-11-29T12:00:00Z", *state, None));
    }
    // At other times.
    add(run("2026-11-29T09:59:59.999999Z", RunState::Passed, Some(1)));
    add(run("2026-11-29T13:00:00Z", RunState::Passed, Some(1)));
    let none = Bin {
        start: at("2026-11-29T11:00:00Z"),
        end: at("2026-11-29T12:00:00Z"),
        passed: 0,
        failed: 0,
        errored: 0,
        cancelled: 0,
        refused: 0,
        skipped: 0,
        open: 0,
        slow: 0,
        durations: None,
    };
    let bins: [Bin; 3] = counting.bins().try_into().unwrap();
    let first = Bin {
        start: at("2026-11-29T10:00:00Z"),
        end: none.start,
        passed: 1,
        failed: 1,
        errored: 1,
        slow: 1,
        durations: Some(Durations { p50: Elapsed(100), p95: Elapsed(300), max: Elapsed(300) }),
        ..none
    };
    let last = Bin {
        start: none.end,
        end: at("2026-11-29T13:00:00Z"),
        passed: 1,
        failed: 1,
        errored: 1,
        cancelled: 1,
        refused: 1,
        skipped: 1,
        open: 4,
        ..none
    };
    assert_eq!(bins, [first, none, last]);
    assert_eq!(bins.map(|bin| bin.runs()), [3, 0, 10]);
    let available: Vec<_> = bins.iter().map(Bin::availability).collect();
    assert_eq!(available, [Some(1.0 / 3.0), None, Some(1.0 / 3.0)]);
}

#[test]
fn one_run_too_many_is_refused() {
    let question = StatisticsDraft::default().check(now()).unwrap();
    let mut counting = Counting::of(&question, 2);
    let passed = run("2026-11-29T10:00:00Z", RunState::Passed, Some(1));
    assert_eq!((counting.add(passed), counting.add(passed)), (Ok(()), Ok(())));
    let elsewhere = run("2026-01-01T10:00:00Z", RunState::Passed, Some(1));
    assert_eq!(counting.add(elsewhere), Ok(()));
    let wrong = counting.add(passed).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "More than 2 runs were queued in this time, too many to count at once. Ask for less time, or for one plan."
    );
}

prop_compose! {
    /// A time within the years that may be asked for, to the nanosecond.
    fn any_time()(second in 0i64..32_503_680_000, nanosecond in 0i32..1_000_000_000) -> Timestamp {
        Timestamp::new(second, nanosecond).unwrap()
    }
}

fn any_interval() -> impl Strategy<Value = BinInterval> {
    prop::sample::select(BinInterval::ALL)
}

proptest! {
    #[test]
    fn bins_cover_the_time_without_gaps_and_an_instant_is_in_exactly_one(
        from in any_time(),
        interval in any_interval(),
        lengths in 0.0f64..999.0,
        nanoseconds in 1i64..1000,
        probes in prop::collection::vec(-0.2f64..1.2, 20),
    ) {
        #[allow(clippy::cast_precision_loss)]
        let length = SignedDuration::from_secs_f64(lengths * interval.seconds() as f64);
        let to = from + length + SignedDuration::from_nanos(nanoseconds);
        let last = draft("", "3000-01-01T00:00:00Z", "").check(now()).unwrap().time().end;
        prop_assume!(to <= last);
        let question = draft(&from.to_string(), &to.to_string(), interval.as_str()).check(now()).unwrap();
        let bins: Vec<_> = question.bins().collect();
        prop_assert!((1..=MOST_BINS).contains(&bins.len()));
        // The first and the last bin are needed, and no other one is.
        prop_assert!(bins[0].contains(&from));
        prop_assert!(bins[bins.len() - 1].contains(&(to - SignedDuration::from_nanos(1))));
        prop_assert_eq!(question.time(), bins[0].start..bins[bins.len() - 1].end);
        let whole = SignedDuration::from_secs(interval.seconds());
        for (place, bin) in bins.iter().enumerate() {
            prop_assert_eq!(bin.end.duration_since(bin.start), whole);
            prop_assert_eq!(question.place_of(bin.start), Some(place));
            prop_assert_eq!(question.place_of(bin.end - SignedDuration::from_nanos(1)), Some(place));
            prop_assert_eq!(bin.start.as_second() % interval.seconds(), 0);
        }
        prop_assert!(bins.windows(2).all(|pair| pair[0].end == pair[1].start));
        let span = question.time().end.duration_since(question.time().start);
        let anywhere = probes.iter().map(|part| question.time().start + span.mul_f64(*part));
        for instant in anywhere.chain([from, to, question.time().end]) {
            let within: Vec<_> = (0..bins.len()).filter(|place| bins[*place].contains(&instant)).collect();
            prop_assert_eq!(question.place_of(instant).into_iter().collect::<Vec<_>>(), within);
        }
    }

    #[test]
    fn no_text_makes_a_check_panic(from in ".{0,40}", to in "[0-9TZ:.+-]{0,30}", interval in ".{0,9}", plan in ".{0,50}") {
        let draft = StatisticsDraft { from, to, interval, plan };
        prop_assert!(draft.check(now()).is_ok() || !draft.check(now()).unwrap_err().is_empty());
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_durations(mut micros in prop::collection::vec(0u64..1000, 1..200)) {
        let question = StatisticsDraft::default().check(now()).unwrap();
        let mut counting = Counting::of(&question, micros.len());
        for micros in &micros {
            counting.add(run("2026-11-29T14:00:00Z", RunState::Failed, Some(*micros))).unwrap();
        }
        let durations = counting.bins()[24].durations.unwrap();
        micros.sort_unstable();
        for (told, percent) in [(durations.p50, 50), (durations.p95, 95), (durations.max, 100)] {
            let not_longer = micros.iter().filter(|micros| **micros <= told.0).count();
            let shorter = micros.iter().filter(|micros| **micros < told.0).count();
            prop_assert!(micros.contains(&told.0));
            prop_assert!(not_longer * 100 >= micros.len() * percent);
            prop_assert!(shorter * 100 < micros.len() * percent);
        }
    }
}
