//! What becomes of due times that passed: policies, clock steps, bounds.

use super::*;

const NO_JITTER: ScheduleId = ScheduleId(uuid::Uuid::nil());

fn state(timetable: Timetable, catch_up: CatchUp, next_due_at: &str) -> State {
    State { timetable, catch_up, seed: NO_JITTER, fired: 0, next_due_at: instant(next_due_at) }
}

fn hourly(catch_up: CatchUp) -> State {
    state(cron("0 * * * *", "UTC"), catch_up, "2026-11-20T10:00:00Z")
}

/// The due times that run and those that do not.
fn split(due: &Due) -> (Vec<String>, Vec<String>) {
    let (run, missed): (Vec<_>, Vec<_>) = due.occurrences.iter().partition(|o| matches!(o.fate, Fate::Run { .. }));
    let texts = |list: Vec<&Occurrence>| list.iter().map(|o| o.due_at.to_string()).collect();
    (texts(run), texts(missed))
}

fn reasons(due: &Due) -> Vec<&str> {
    due.occurrences
        .iter()
        .filter_map(|occurrence| match &occurrence.fate {
            Fate::Missed { reason } => Some(reason.as_str()),
            Fate::Run { .. } => None,
        })
        .collect()
}

#[test]
fn before_its_time_nothing_is_due() {
    let due = due(&hourly(CatchUp::All), instant("2026-11-20T09:59:59.999Z"));
    assert_eq!(due, Due { occurrences: vec![], fired: 0, next: Some(instant("2026-11-20T10:00:00Z")) });
}

#[test]
fn in_time_it_runs_whatever_the_policy() {
    for catch_up in [CatchUp::Latest, CatchUp::All, CatchUp::None] {
        for now in ["2026-11-20T10:00:00Z", "2026-11-20T10:01:00Z"] {
            let due = due(&hourly(catch_up), instant(now));
            let run = Occurrence { due_at: instant("2026-11-20T10:00:00Z"), fate: Fate::Run { caught_up: false } };
            assert_eq!(due, Due { occurrences: vec![run], fired: 1, next: Some(instant("2026-11-20T11:00:00Z")) });
        }
    }
}

#[test]
fn a_single_due_time_is_caught_up_however_late_unless_the_policy_is_none() {
    let now = instant("2026-11-20T10:01:01Z");
    for catch_up in [CatchUp::Latest, CatchUp::All] {
        assert_eq!(due(&hourly(catch_up), now).occurrences[0].fate, Fate::Run { caught_up: true });
    }
    let due = due(&hourly(CatchUp::None), now);
    assert_eq!(
        reasons(&due),
        ["It passed while the clock was paused or no scheduler was at work. Missed due times are not caught up."]
    );
    assert_eq!((due.fired, due.next), (1, Some(instant("2026-11-20T11:00:00Z"))));
}

#[test]
fn of_several_the_policy_chooses() {
    let now = instant("2026-11-20T13:00:30Z");
    let all = ["10", "11", "12", "13"].map(|hour| format!("2026-11-20T{hour}:00:00Z")).to_vec();
    let of = |catch_up| {
        let due = due(&hourly(catch_up), now);
        assert_eq!((due.fired, due.next), (4, Some(instant("2026-11-20T14:00:00Z"))));
        split(&due)
    };
    assert_eq!(of(CatchUp::Latest), (all[3..].to_vec(), all[..3].to_vec()));
    assert_eq!(of(CatchUp::All), (all.clone(), vec![]));
    assert_eq!(of(CatchUp::None), (all[3..].to_vec(), all[..3].to_vec()));
}

#[test]
fn what_is_not_named_is_counted_in_the_oldest_that_is() {
    let minutely = |catch_up| state(cron("* * * * *", "UTC"), catch_up, "2026-11-20T00:00:00Z");
    let now = instant("2026-11-20T10:00:00Z");
    let due_times = 601;
    for (catch_up, run, missed) in [(CatchUp::Latest, 1, 100), (CatchUp::All, 100, 100), (CatchUp::None, 2, 100)] {
        let due = due(&minutely(catch_up), now);
        let (runs, rows) = split(&due);
        assert_eq!((runs.len(), rows.len(), due.fired), (run, missed, due_times), "{catch_up}");
        assert_eq!(runs.last().map(String::as_str), Some("2026-11-20T10:00:00Z"));
        let unnamed = due_times as usize - run - missed;
        assert!(
            reasons(&due)[0].contains(&format!("and so did {unnamed} due times before it.")),
            "{:?}",
            reasons(&due)[0]
        );
        assert!(reasons(&due)[1..].iter().all(|reason| !reason.contains("before it")));
        assert!(due.occurrences.windows(2).all(|pair| pair[0].due_at < pair[1].due_at));
    }
}

#[test]
fn repeats_end_also_within_an_outage() {
    let mut five = hourly(CatchUp::All);
    five.timetable.repeats = Some(5);
    five.fired = 2;
    let due = due(&five, instant("2026-11-21T10:00:00Z"));
    let (runs, missed) = split(&due);
    assert_eq!(runs, ["10", "11", "12"].map(|hour| format!("2026-11-20T{hour}:00:00Z")));
    assert_eq!((missed.len(), due.fired, due.next), (0, 5, None));

    five.catch_up = CatchUp::Latest;
    five.fired = 4;
    let due = super::due(&five, instant("2026-11-21T10:00:00Z"));
    assert_eq!(split(&due).0, ["2026-11-20T10:00:00Z"]);
    assert_eq!((due.fired, due.next), (5, None));

    five.fired = 5;
    let due = super::due(&five, instant("2026-11-21T10:00:00Z"));
    assert_eq!(due, Due { occurrences: vec![], fired: 5, next: None });
}

#[test]
fn nothing_comes_after_the_end() {
    let mut ending = hourly(CatchUp::All);
    ending.timetable.before = Some(instant("2026-11-20T12:00:00Z"));
    let due = due(&ending, instant("2026-11-21T10:00:00Z"));
    assert_eq!((due.occurrences.len(), due.fired, due.next), (2, 2, None));
}

#[test]
fn a_stored_due_time_counts_as_it_is_stored() {
    // The schedule was written when its timetable named another time.
    let off = state(cron("0 * * * *", "UTC"), CatchUp::All, "2026-11-20T10:17:00Z");
    let due = due(&off, instant("2026-11-20T12:00:00Z"));
    assert_eq!(split(&due).0, ["2026-11-20T10:17:00Z", "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"]);
    assert_eq!((due.fired, due.next), (3, Some(instant("2026-11-20T13:00:00Z"))));
}

#[test]
fn a_year_of_every_ten_seconds_takes_no_time() {
    let table = every("10s", "5s", "2025-11-20T10:00:00Z");
    for (table, due_times) in [(table, 3_153_600), (cron("* * * * *", "Europe/Berlin"), 525_601)] {
        let mut state = state(table, CatchUp::All, "2025-11-20T10:00:00Z");
        state.timetable.repeats = None;
        let began = std::time::Instant::now();
        let found = due(&state, instant("2026-11-20T10:00:00Z"));
        assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
        assert_eq!(found.occurrences.len(), 200);
        assert!(found.fired.abs_diff(due_times) <= 1, "{}", found.fired);
        state.timetable.repeats = Some(100_000);
        let began = std::time::Instant::now();
        let found = due(&state, instant("2026-11-20T10:00:00Z"));
        assert!(began.elapsed() < Duration::from_millis(50), "{:?}", began.elapsed());
        assert_eq!((found.occurrences.len(), found.fired, found.next), (200, 100_000, None));
    }
}

/// Looks at a schedule at each of these instants, one after the other, as the clock does.
fn looks(mut state: State, nows: impl IntoIterator<Item = Timestamp>) -> Vec<Occurrence> {
    let mut all = Vec::new();
    for now in nows {
        let due = due(&state, now);
        all.extend(due.occurrences);
        state.fired = due.fired;
        match due.next {
            Some(next) => state.next_due_at = next,
            None => break,
        }
    }
    all
}

#[test]
fn a_clock_that_is_set_back_or_ahead_makes_nothing_due_twice() {
    let second = jiff::SignedDuration::from_secs(1);
    let begin = instant("2026-11-20T09:00:00Z");
    let ticks = |from: Timestamp, hours: i64| (0..hours * 3600).map(move |n| from + second * i32::try_from(n).unwrap());
    for step in [-3600, 3600] {
        let stepped = begin + jiff::SignedDuration::from_secs(2 * 3600 + 1800 + step);
        let nows = ticks(begin, 2)
            .chain(ticks(begin + jiff::SignedDuration::from_secs(7200), 1).take(1800))
            .chain(ticks(stepped, 3));
        for catch_up in [CatchUp::Latest, CatchUp::All, CatchUp::None] {
            let table = cron("*/10 * * * *", "Europe/Berlin");
            let found = looks(state(table, catch_up, "2026-11-20T09:10:00Z"), nows.clone());
            let times: Vec<_> = found.iter().map(|occurrence| occurrence.due_at).collect();
            let expected: Vec<_> =
                (1..).map(|n| begin + jiff::SignedDuration::from_secs(600 * n)).take(times.len()).collect();
            assert_eq!(times, expected, "each once, none left out");
            assert!(*times.last().unwrap() + jiff::SignedDuration::from_secs(600) > nows.clone().last().unwrap());
            let missed = found.iter().filter(|occurrence| matches!(occurrence.fate, Fate::Missed { .. })).count();
            let passed = usize::from(step > 0)
                * match catch_up {
                    CatchUp::All => 0,
                    CatchUp::Latest => 6,
                    CatchUp::None => 6,
                };
            assert_eq!(missed, passed, "{catch_up}, {step}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn however_often_one_looks_each_due_time_is_settled_once(
        table in timetables(), id in any::<u128>(), begin in 1_700_000_000i64..1_900_000_000,
        catch_up in prop::sample::select(CatchUp::ALL.to_vec()),
        steps in prop::collection::vec(-5_000i64..20_000, 1..20),
    ) {
        let from = Timestamp::from_second(begin).unwrap();
        let Some(first) = table.next(seed(id), 0, from) else { return Ok(()) };
        let mut state = State { timetable: table.clone(), catch_up, seed: seed(id), fired: 0, next_due_at: first };
        let (mut now, mut settled, mut latest) = (from, 0u64, from);
        let mut last: Option<Timestamp> = None;
        for step in steps {
            now += jiff::SignedDuration::from_secs(step);
            latest = latest.max(now);
            let before = state.fired;
            let due = due(&state, now);
            prop_assert!(due.occurrences.len() <= due::MOST_CAUGHT_UP + due::MOST_MISSED);
            for occurrence in &due.occurrences {
                prop_assert!(occurrence.due_at <= now && last.is_none_or(|last| occurrence.due_at > last), "each once, in order");
                last = Some(occurrence.due_at);
            }
            let runs = due.occurrences.iter().filter(|o| matches!(o.fate, Fate::Run { .. })).count();
            prop_assert!(runs <= due::MOST_CAUGHT_UP && (catch_up == CatchUp::None || due.occurrences.is_empty() || runs > 0));
            settled += u64::from(due.fired - before);
            state.fired = due.fired;
            let Some(next) = due.next else {
                prop_assert!(table.repeats == Some(due.fired) || table.next(seed(id), 0, last.unwrap()).is_none());
                break;
            };
            prop_assert!(next > now && last.is_none_or(|last| next > last) || due.occurrences.is_empty());
            prop_assert_eq!(Some(next), table.next(seed(id), 0, last.unwrap_or(from)));
            state.next_due_at = next;
        }
        let all = Timetable { repeats: None, ..table.clone() }.count(seed(id), from, latest);
        prop_assert_eq!(settled, table.repeats.map_or(all, |repeats| all.min(u64::from(repeats))));
    }
}
