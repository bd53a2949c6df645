//! Drafts: what is taken, what is refused at which field with which words.

use super::*;
use crate::{
    Tiers,
    schedule::{CatchUp, Overlap, Timetable},
};

fn now() -> Timestamp {
    "2026-11-20T22:10:05.5Z".parse().unwrap()
}

fn plan_variables() -> Vec<String> {
    ["base", "region"].map(str::to_owned).to_vec()
}

fn check(draft: &ScheduleDraft) -> Result<CheckedSchedule, Vec<FieldProblem>> {
    draft.check(now(), &Tiers::default().pro, &plan_variables())
}

/// The problems of a draft that differs from a good one in some fields, as "field: message".
fn problems(changed: &ScheduleDraft, limits: &Limits) -> Vec<String> {
    let problems = changed.check(now(), limits, &plan_variables()).expect_err("it is not to be taken");
    problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect()
}

fn cron(text: &str) -> ScheduleDraft {
    ScheduleDraft { cron: text.to_owned(), ..ScheduleDraft::default() }
}

fn every(interval: &str) -> ScheduleDraft {
    ScheduleDraft { kind: "every".to_owned(), interval: interval.to_owned(), ..ScheduleDraft::default() }
}

fn at(times: &str) -> ScheduleDraft {
    ScheduleDraft { kind: "at".to_owned(), at: times.to_owned(), ..ScheduleDraft::default() }
}

fn berlin(draft: ScheduleDraft) -> ScheduleDraft {
    ScheduleDraft { zone: "Europe/Berlin".to_owned(), ..draft }
}

#[test]
fn the_default_is_taken_and_named_after_what_it_does() {
    let checked = check(&ScheduleDraft::default()).unwrap();
    assert_eq!(checked.name, "Every weekday at 09:00, UTC");
    assert_eq!((checked.catch_up, checked.overlap), (CatchUp::Latest, Overlap::Skip));
    assert!(checked.tags.is_empty() && checked.variables.is_empty());
}

#[test]
fn a_name_made_of_a_long_sentence_is_cut() {
    let draft = ScheduleDraft {
        after: "2028-01-01 11:00".to_owned(),
        before: "2028-01-31".to_owned(),
        repeats: "5".to_owned(),
        zone: "America/Havana".to_owned(),
        ..cron("*/15 9-17 * jan-jun mon#2")
    };
    let checked = check(&draft).unwrap();
    assert!(checked.name.ends_with(", until January 31,…"), "{}", checked.name);
    assert_eq!(ScheduleDraft::of(&checked, now()).check(now(), &Tiers::default().pro, &[]).unwrap(), checked);
}

#[test]
fn every_field_is_read() {
    let draft = ScheduleDraft {
        name: " Nightly ".to_owned(),
        jitter: "30s".to_owned(),
        after: "2026-12-01 09:00".to_owned(),
        before: "2027-01-01T00:00:00Z".to_owned(),
        repeats: "5".to_owned(),
        tags: "nightly, eu".to_owned(),
        catch_up: "all".to_owned(),
        overlap: "queue".to_owned(),
        variables: "region = eu\n\n# where\nbase=https://a.example.com/?x=1\n".to_owned(),
        ..berlin(every("1h30m"))
    };
    let checked = check(&draft).unwrap();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let variables =
        [("base", "https://a.example.com/?x=1"), ("region", "eu")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(
        checked,
        CheckedSchedule {
            name: "Nightly".to_owned(),
            timetable: Timetable {
                timing: Timing::Every {
                    interval: "1h30m".parse().unwrap(),
                    jitter: "30s".parse().unwrap(),
                    start: instant("2026-12-01T08:00:00Z"),
                },
                zone: "Europe/Berlin".parse().unwrap(),
                after: Some(instant("2026-12-01T08:00:00Z")),
                before: Some(instant("2027-01-01T00:00:00Z")),
                repeats: Some(5),
            },
            catch_up: CatchUp::All,
            overlap: Overlap::Queue,
            tags: "eu nightly".parse().unwrap(),
            variables: variables.into(),
        }
    );
}

#[test]
fn an_interval_begins_now_at_a_whole_second() {
    let Timing::Every { start, .. } = check(&every("5m")).unwrap().timetable.timing else { panic!("an interval") };
    assert_eq!(start.to_string(), "2026-11-20T22:10:05Z");
}

#[test]
fn given_moments_are_put_in_order_and_read_in_the_zone() {
    let checked = check(&berlin(at("2026-12-24 18:00\n2026-12-24T16:00:00Z, 2026-12-24T18:00\n2026-12-24"))).unwrap();
    let times = ["2026-12-23T23:00:00Z", "2026-12-24T16:00:00Z", "2026-12-24T17:00:00Z"];
    assert_eq!(checked.timetable.timing, Timing::At(times.map(|time| time.parse().unwrap()).to_vec()));
}

#[test]
fn each_problem_is_told_at_its_field() {
    let pro = Tiers::default().pro;
    let with = |change: fn(&mut ScheduleDraft)| {
        let mut draft = ScheduleDraft::default();
        change(&mut draft);
        draft
    };
    for (draft, expected) in [
        (with(|d| d.name = "a\nb".to_owned()), "name: Enter a name of at most 120 characters, or none."),
        (with(|d| d.kind = "daily".to_owned()), "kind: Choose cron, every or at."),
        (cron(""), "cron: Enter a cron expression such as"),
        (cron("*/10 * * * * *"), "cron: `*/10 * * * * *` has six fields."),
        (cron("0 0 30 2 *"), "cron: This never comes: no Feb has a day `30`."),
        (every(""), "interval: Enter a length of time such as"),
        (every("5"), "interval: `5` has no unit."),
        (every("0s"), "interval: Enter at least one second."),
        (every("1500ms"), "interval: Enter whole seconds"),
        (ScheduleDraft { jitter: "1h".to_owned(), ..every("1h") }, "jitter: Enter less than the interval of 1h."),
        (ScheduleDraft { jitter: "x".to_owned(), ..every("1h") }, "jitter: `x` is no length of time."),
        (ScheduleDraft { start: "soon".to_owned(), ..every("1h") }, "start: `soon` is no time."),
        (at(" \n"), "at: Enter at least one time, such as"),
        (at("2026-11-20 22:10"), "at: 2026-11-20 22:10 is in the past."),
        (at("tomorrow"), "at: `tomorrow` is no time. Write a date and a time such as 2026-12-24 18:00."),
        (at(&"2027-01-01 00:00\n".repeat(101)), "at: 101 times are too many: at most 100 are allowed."),
        (
            berlin(at("2027-03-28 02:30")),
            "at: 2027-03-28 02:30 does not exist in Europe/Berlin: the clocks jump over it.",
        ),
        (
            berlin(at("2027-10-31 02:30")),
            "at: 2027-10-31 02:30 comes twice in Europe/Berlin, because the clocks go back. Write \
             2027-10-31T02:30+02 for the first or 2027-10-31T02:30+01 for the second.",
        ),
        (
            with(|d| d.zone = "Europe/Berln".to_owned()),
            "zone: `Europe/Berln` is no time zone. Did you mean Europe/Berlin?",
        ),
        (with(|d| d.after = "later".to_owned()), "after: `later` is no time."),
        (with(|d| d.before = "2026-11-20 22:10".to_owned()), "before: This is in the past: nothing would ever be due."),
        (
            with(|d| (d.after, d.before) = ("2026-12-02 09:00".to_owned(), "2026-12-02 09:00".to_owned())),
            "before: This is not later than “after”: nothing would ever be due.",
        ),
        (
            with(|d| (d.after, d.before) = ("2026-11-21 00:00".to_owned(), "2026-11-23 09:00".to_owned())),
            "before: Nothing is due within these times.",
        ),
        (
            ScheduleDraft { after: "2027-01-02 00:00".to_owned(), ..at("2027-01-01 00:00") },
            "at: Nothing is due within these times.",
        ),
        (with(|d| d.repeats = "0".to_owned()), "repeats: Enter how many times"),
        (with(|d| d.repeats = "-1".to_owned()), "repeats: Enter how many times"),
        (with(|d| d.tags = "a/b".to_owned()), "tags: `a/b` is no tag."),
        (with(|d| d.catch_up = "some".to_owned()), "catch_up: `some` is not known here. Choose latest, all or none."),
        (with(|d| d.overlap = "x".to_owned()), "overlap: `x` is not known here. Choose skip, queue or cancel."),
        (with(|d| d.variables = "region".to_owned()), "variables: `region` has no `=`."),
        (
            with(|d| d.variables = "reigon = eu".to_owned()),
            "variables: The plan has no variable `reigon`. Did you mean `region`?",
        ),
        (
            with(|d| d.variables = "password = x".to_owned()),
            "variables: The plan has no variable `password`. It has `base`, `region`.",
        ),
        (with(|d| d.variables = "base = 1\nbase = 2".to_owned()), "variables: `base` has two values. Keep one."),
    ] {
        let found = problems(&draft, &pro);
        assert_eq!(found.len(), 1, "{draft:?}: {found:#?}");
        assert!(found[0].starts_with(expected), "{expected}\n{}", found[0]);
    }
}

#[test]
fn an_interval_under_the_shortest_of_the_tier_is_refused_for_every_kind() {
    let free = Tiers::default().free;
    let shortest = "On your tier the shortest interval is 1 hour.";
    for (draft, expected) in [
        (every("59m"), format!("interval: Two runs would be only 59 minutes apart. {shortest}")),
        (
            cron("0,30 9 * * *"),
            format!(
                "cron: Two runs would be only 30 minutes apart, the first time from November 21, 2026 at 09:00. {shortest}"
            ),
        ),
        (
            berlin(cron("30 2,3 * * *")),
            format!(
                "cron: Two runs would be only 30 minutes apart, the first time from March 28, 2027 at 03:00. {shortest}"
            ),
        ),
        (
            at("2026-12-24 18:00, 2026-12-24 18:05"),
            format!(
                "at: Two runs would be only 5 minutes apart, the first time from December 24, 2026 at 18:00. {shortest}"
            ),
        ),
    ] {
        assert_eq!(problems(&draft, &free), [expected]);
    }
    for draft in [every("1h"), cron("@hourly"), berlin(cron("@hourly")), at("2026-12-24 18:00")] {
        assert!(draft.check(now(), &free, &[]).is_ok(), "{draft:?}");
    }
    assert_eq!(problems(&every("9s"), &Tiers::default().pro).len(), 1);
    assert!(check(&every("10s")).is_ok());
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_fields() {
    let draft = ScheduleDraft {
        name: "x".repeat(121),
        interval: "5".to_owned(),
        zone: "Nowhere".to_owned(),
        after: "?".to_owned(),
        repeats: "?".to_owned(),
        tags: "?".to_owned(),
        variables: "a\nb".to_owned(),
        ..every("")
    };
    let found = problems(&draft, &Tiers::default().pro);
    let fields: Vec<_> = found.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(fields, ["name", "interval", "zone", "after", "repeats", "tags", "variables", "variables"]);
}

#[test]
fn fields_of_other_kinds_are_not_looked_at() {
    let draft =
        ScheduleDraft { interval: "?".to_owned(), at: "?".to_owned(), jitter: "?".to_owned(), ..cron("@daily") };
    assert!(check(&draft).is_ok());
    assert!(check(&ScheduleDraft { cron: "?".to_owned(), ..every("5m") }).is_ok());
}

#[test]
fn a_schedule_that_is_edited_without_a_change_stays_the_same() {
    for draft in [
        berlin(cron("0 9 * * mon-fri")),
        ScheduleDraft {
            jitter: "3s".to_owned(),
            after: "2027-10-31T02:30+01:00".to_owned(),
            before: "2027-10-31T04:30:15".to_owned(),
            repeats: "7".to_owned(),
            tags: "b a".to_owned(),
            catch_up: "none".to_owned(),
            overlap: "cancel".to_owned(),
            variables: "region = a = b".to_owned(),
            ..berlin(every("10m"))
        },
        berlin(at("2026-12-24 18:00, 2027-10-31T02:30+01:00, 2027-10-31T02:30+02:00, 2027-01-01T00:00:07")),
    ] {
        let checked = check(&draft).unwrap();
        let again = ScheduleDraft::of(&checked, now());
        let later = now() + jiff::SignedDuration::from_hours(1);
        assert_eq!(again.check(later, &Tiers::default().pro, &plan_variables()).unwrap(), checked, "{again:?}");
    }
}

#[test]
fn moments_that_have_passed_are_not_edited_again() {
    let checked = check(&at("2026-12-24 18:00, 2026-12-25 18:00")).unwrap();
    let draft = ScheduleDraft::of(&checked, "2026-12-25T00:00:00Z".parse().unwrap());
    assert_eq!(draft.at, "2026-12-25T18:00");
}

#[test]
fn a_draft_from_a_program_may_leave_fields_out_but_not_misspell_them() {
    let draft: ScheduleDraft = serde_json::from_str(r#"{"cron": "@daily", "zone": "Europe/Berlin"}"#).unwrap();
    assert_eq!(draft, berlin(cron("@daily")));
    assert!(serde_json::from_str::<ScheduleDraft>(r#"{"crno": "@daily"}"#).is_err());
}

#[test]
fn times_at_the_ends_of_time_are_refused_and_those_just_before_are_times() {
    for text in
        [Timestamp::MIN.to_string(), Timestamp::MAX.to_string(), "1969-12-31".to_owned(), "9000-01-01".to_owned()]
    {
        for draft in [
            at(&text),
            ScheduleDraft { after: text.clone(), ..every("1h") },
            ScheduleDraft { before: text.clone(), ..every("1h") },
            ScheduleDraft { start: text.clone(), ..every("1h") },
        ] {
            let found = problems(&draft, &Tiers::default().pro);
            assert!(found[0].contains("is too far away. Choose a time of the years 1970 to 8999."), "{found:?}");
        }
    }
    let draft = ScheduleDraft {
        start: "1970-01-01T00:00:00Z".to_owned(),
        after: "8999-12-30".to_owned(),
        before: "8999-12-31T23:59:59Z".to_owned(),
        ..every("1h")
    };
    for draft in [ScheduleDraft { kind: "cron".to_owned(), zone: "America/Havana".to_owned(), ..draft.clone() }, draft]
    {
        let checked = check(&draft).unwrap();
        let seed = crate::ScheduleId(uuid::Uuid::nil());
        for from in [Timestamp::MIN, now()] {
            let next = checked.timetable.next(seed, 0, from).unwrap();
            assert!(next.to_string().starts_with("8999-12-3"), "{next}");
        }
        assert_eq!(checked.timetable.next(seed, 0, Timestamp::MAX), None);
        assert_eq!(ScheduleDraft::of(&checked, now()).check(now(), &Tiers::default().pro, &[]).unwrap(), checked);
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let began = std::time::Instant::now();
    for (length, kind) in [(16 << 10, "cron"), (16 << 10, "every"), (16 << 10, "at"), (1 << 20, "at")] {
        let long = "9".repeat(length);
        let draft = ScheduleDraft {
            name: long.clone(),
            kind: kind.to_owned(),
            cron: long.clone(),
            interval: long.clone(),
            jitter: long.clone(),
            start: long.clone(),
            at: ",\n9".repeat(length / 3),
            zone: long.clone(),
            after: long.clone(),
            before: long.clone(),
            repeats: long.clone(),
            tags: "9 ".repeat(length / 2),
            catch_up: long.clone(),
            overlap: long.clone(),
            variables: long.clone(),
        };
        let problems = check(&draft).unwrap_err();
        assert!(problems.iter().all(|problem| problem.message.len() < 300), "{problems:?}");
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}
