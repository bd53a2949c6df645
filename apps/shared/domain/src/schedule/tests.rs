//! Timetables as a whole.

use proptest::prelude::*;

use super::*;

mod after_outages;
mod words;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn seed(n: u128) -> ScheduleId {
    ScheduleId(uuid::Uuid::from_u128(n))
}

fn interval(text: &str) -> Interval {
    text.parse().unwrap()
}

fn table(timing: Timing, zone: &str) -> Timetable {
    Timetable { timing, zone: zone.parse().unwrap(), after: None, before: None, repeats: None }
}

fn cron(text: &str, zone: &str) -> Timetable {
    table(Timing::Cron(text.parse().unwrap()), zone)
}

fn every(text: &str, jitter: &str, start: &str) -> Timetable {
    table(Timing::Every { interval: interval(text), jitter: interval(jitter), start: instant(start) }, "Europe/Berlin")
}

fn at(times: &[&str]) -> Timetable {
    table(Timing::At(times.iter().map(|time| instant(time)).collect()), "UTC")
}

fn texts(times: &[Timestamp]) -> Vec<String> {
    times.iter().map(ToString::to_string).collect()
}

#[test]
fn an_interval_counts_from_its_start() {
    let table = every("90s", "0s", "2026-11-20T10:00:00Z");
    assert_eq!(table.next(seed(1), 0, instant("2026-11-20T09:00:00Z")), Some(instant("2026-11-20T10:00:00Z")));
    assert_eq!(
        texts(&table.upcoming(seed(1), 0, instant("2026-11-20T10:00:00Z"), 2)),
        ["2026-11-20T10:01:30Z", "2026-11-20T10:03:00Z"]
    );
}

#[test]
fn given_moments_come_once_each() {
    let table = at(&["2026-11-20T10:00:00Z", "2026-11-20T12:00:00Z"]);
    assert_eq!(table.upcoming(seed(1), 0, instant("2026-11-20T09:00:00Z"), 9).len(), 2);
    assert_eq!(table.next(seed(1), 0, instant("2026-11-20T10:00:00Z")), Some(instant("2026-11-20T12:00:00Z")));
    assert_eq!(table.next(seed(1), 0, instant("2026-11-20T12:00:00Z")), None);
}

#[test]
fn nothing_is_due_before_after_nor_from_before_on() {
    let mut table = cron("0 * * * *", "UTC");
    table.after = Some(instant("2026-11-20T10:00:00Z"));
    table.before = Some(instant("2026-11-20T12:00:00Z"));
    assert_eq!(
        texts(&table.upcoming(seed(1), 0, instant("2026-01-01T00:00:00Z"), 9)),
        ["2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"]
    );
    assert_eq!(table.runs_within(instant("2026-01-01T00:00:00Z"), instant("2027-01-01T00:00:00Z")), 2);
}

#[test]
fn it_is_due_as_often_as_it_repeats() {
    let table = Timetable { repeats: Some(3), ..cron("0 * * * *", "UTC") };
    let now = instant("2026-11-20T10:00:00Z");
    assert_eq!(table.upcoming(seed(1), 0, now, 9).len(), 3);
    assert_eq!(table.upcoming(seed(1), 2, now, 9).len(), 1);
    assert_eq!(table.next(seed(1), 3, now), None);
    assert_eq!(table.runs_within(now, instant("2027-01-01T00:00:00Z")), 3);
}

#[test]
fn a_month_of_runs_is_counted() {
    let (from, to) = (instant("2026-11-30T23:59:59Z"), instant("2026-12-31T23:59:59Z"));
    for (table, runs) in [
        (cron("0 9 * * 1-5", "Europe/Berlin"), 23),
        (cron("*/5 * * * *", "UTC"), 31 * 288),
        (cron("@monthly", "UTC"), 1),
        (every("10s", "5s", "2026-11-30T00:00:00Z"), 31 * 8640),
        (at(&["2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z"]), 1),
    ] {
        assert_eq!(table.runs_within(from, to), runs, "{}", table.sentence());
    }
}

#[test]
fn counting_a_lifetime_takes_no_time() {
    let began = std::time::Instant::now();
    let (from, to) = (instant("1970-01-01T00:00:00Z"), instant("2070-01-01T00:00:00Z"));
    let minutes = cron("* * * * *", "Europe/Berlin").runs_within(from, to);
    assert_eq!(minutes, u64::try_from(to.duration_since(from).as_secs() / 60).unwrap());
    let february = cron("*/7 3 * 2 1-5", "Europe/Berlin");
    let years = (0..10).map(|n| instant(&format!("{}-01-01T00:00:00Z", 1970 + 10 * n)));
    let decades: u64 =
        years.map(|from| february.runs_within(from, from + jiff::SignedDuration::from_hours(24 * 3652))).sum();
    assert_eq!(february.runs_within(from, to), decades);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn the_shortest_interval_is_found_also_where_the_clocks_change() {
    let now = instant("2026-11-20T10:00:00Z");
    for (table, minutes) in [
        (cron("0 9 * * *", "UTC"), Some(24 * 60)),
        (cron("0 9 * * *", "Europe/Berlin"), Some(23 * 60)),
        (cron("0,10 9 * * *", "UTC"), Some(10)),
        (cron("59 23,0 * * *", "UTC"), Some(60)),
        (cron("* * * * *", "Europe/Berlin"), Some(1)),
        // In spring 02:30 comes at 03:00, half an hour before 03:30.
        (cron("30 2,3 * * *", "Europe/Berlin"), Some(30)),
        (cron("30 2,3 * * *", "UTC"), Some(60)),
        (cron("0 0 29 2 *", "UTC"), Some(1461 * 24 * 60)),
        (every("90m", "10m", "2026-11-20T10:00:00Z"), Some(90)),
        (at(&["2026-12-01T00:00:00Z", "2026-12-01T00:05:00Z", "2026-12-02T00:00:00Z"]), Some(5)),
        (at(&["2026-12-01T00:00:00Z"]), None),
        (Timetable { repeats: Some(1), ..cron("* * * * *", "UTC") }, None),
    ] {
        assert_eq!(table.shortest_interval(now), minutes.map(|n| Duration::from_secs(60 * n)), "{}", table.sentence());
    }
}

#[test]
fn a_timetable_is_stored_as_json() {
    let table = Timetable { repeats: Some(2), ..every("10s", "3s", "2026-11-20T10:00:00Z") };
    let json = serde_json::to_value(&table).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "timing": { "every": { "interval": "10s", "jitter": "3s", "start": "2026-11-20T10:00:00Z" } },
            "zone": "Europe/Berlin",
            "repeats": 2,
        })
    );
    assert_eq!(serde_json::from_value::<Timetable>(json).unwrap(), table);
    let json = serde_json::to_value(cron("@daily", "UTC")).unwrap();
    assert_eq!(json, serde_json::json!({ "timing": { "cron": "@daily" }, "zone": "UTC" }));
    let json = serde_json::to_value(at(&["2026-11-20T10:00:00Z"])).unwrap();
    assert_eq!(json, serde_json::json!({ "timing": { "at": ["2026-11-20T10:00:00Z"] }, "zone": "UTC" }));
}

#[test]
fn jitter_never_changes() {
    // Stored due times depend on it: this may fail only if the arithmetic was changed, and then it must be undone.
    let table = every("1h", "10m", "2026-11-20T10:00:00Z");
    assert_eq!(
        texts(&table.upcoming(seed(0x0192_3456_789a_7bcd_8def_0123_4567_89ab), 0, instant("2026-11-20T09:00:00Z"), 3)),
        ["2026-11-20T10:03:34Z", "2026-11-20T11:06:10Z", "2026-11-20T12:03:46Z"]
    );
}

fn timetables() -> impl Strategy<Value = Timetable> {
    let start = 1_700_000_000i64..1_900_000_000;
    let bounds =
        (prop::option::of(-100_000i64..1_000_000), prop::option::of(0i64..2_000_000), prop::option::of(1u32..50));
    let timing = prop_oneof![
        (1u64..100_000, 0u64..100_000, start.clone()).prop_map(|(interval, jitter, start)| Timing::Every {
            interval: Interval::from_secs(interval).unwrap(),
            jitter: Interval::from_secs(jitter.min(interval - 1)).unwrap(),
            start: Timestamp::from_second(start).unwrap(),
        }),
        prop::sample::select(vec![
            "* * * * *",
            "*/7 * * * *",
            "30 2 * * *",
            "0 0 * * 1-5",
            "0 0 1 * *",
            "15 */3 * * 0"
        ])
        .prop_map(|text| Timing::Cron(text.parse().unwrap())),
        prop::collection::btree_set(start.clone(), 1..20)
            .prop_map(|times| Timing::At(times.into_iter().map(|at| Timestamp::from_second(at).unwrap()).collect())),
    ];
    let zone = prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]);
    (timing, zone, start, bounds).prop_map(|(timing, zone, from, (after, length, repeats))| {
        let after = after.map(|after| Timestamp::from_second(from + after).unwrap());
        let before = length.map(|length| {
            after.unwrap_or_else(|| Timestamp::from_second(from).unwrap()) + jiff::SignedDuration::from_secs(length)
        });
        Timetable { timing, zone: zone.parse().unwrap(), after, before, repeats }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn due_times_are_in_order_within_bounds_and_counted_right(table in timetables(), from in 1_700_000_000i64..1_900_000_000, id in any::<u128>()) {
        let from = Timestamp::from_second(from).unwrap();
        let free = Timetable { repeats: None, ..table.clone() };
        let times = free.upcoming(seed(id), 0, from, 60);
        prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(times.iter().all(|at| *at > from && table.after.is_none_or(|after| *at >= after) && table.before.is_none_or(|before| *at < before)));
        if let Some(last) = times.last() {
            prop_assert_eq!(free.count(seed(id), from, *last), times.len() as u64);
            prop_assert_eq!(free.count(seed(id), from, just_before(*last)), times.len() as u64 - 1);
        }
        // Backwards it is the same.
        for pair in times.windows(2) {
            prop_assert_eq!(free.last_until(seed(id), pair[1]), Some(pair[1]));
            prop_assert_eq!(free.last_until(seed(id), just_before(pair[1])), Some(pair[0]));
        }
        let limited = table.upcoming(seed(id), 0, from, 60);
        prop_assert_eq!(&limited[..], &times[..limited.len()]);
        prop_assert!(limited.len() == times.len() || Some(limited.len()) == table.repeats.map(|n| n as usize));
    }

    #[test]
    fn jitter_stays_within_its_length_and_keeps_the_order(
        interval in 2u64..100_000, jitter in 1u64..100_000, id in any::<u128>(), other in any::<u128>(),
    ) {
        let jitter = jitter.min(interval - 1);
        let start = instant("2026-11-20T10:00:00Z");
        let table = table(Timing::Every { interval: Interval::from_secs(interval).unwrap(), jitter: Interval::from_secs(jitter).unwrap(), start }, "UTC");
        let from = just_before(start);
        let times = table.upcoming(seed(id), 0, from, 200);
        let late: Vec<_> = times.iter().zip(0..).map(|(at, n)| at.as_second() - start.as_second() - n * interval as i64).collect();
        prop_assert!(late.iter().all(|late| (0..=jitter as i64).contains(late)), "{late:?}");
        prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(&table.upcoming(seed(id), 0, from, 200), &times);
        // Two schedules with plenty of room do not come at the same times.
        if jitter > 50 && id != other {
            prop_assert!(late.iter().collect::<std::collections::BTreeSet<_>>().len() > 20);
            prop_assert_ne!(&table.upcoming(seed(other), 0, from, 200), &times);
        }
    }
}
