//! Random expressions against two oracles: every minute looked at, and croner itself.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone},
};
use proptest::prelude::*;

use super::cron;

/// A field as text and as the numbers it means.
#[derive(Clone, Debug)]
struct Field {
    text: String,
    values: BTreeSet<i8>,
}

/// Numbers from `least` to `most`, and stars for them up to `all`.
fn field(least: i8, most: i8, all: i8) -> impl Strategy<Value = Field> {
    let list = |values: Vec<i8>| Field {
        text: values.iter().map(i8::to_string).collect::<Vec<_>>().join(","),
        values: values.into_iter().collect(),
    };
    let star = move |step: i8| Field {
        text: if step == 1 { "*".to_owned() } else { format!("*/{step}") },
        values: (least..=all).step_by(step.unsigned_abs().into()).collect(),
    };
    let range = move |a: i8, b: i8, step: i8| {
        let (first, last) = (a.min(b), a.max(b));
        let text = if step == 1 { format!("{first}-{last}") } else { format!("{first}-{last}/{step}") };
        Field { text, values: (first..=last).step_by(step.unsigned_abs().into()).collect() }
    };
    prop_oneof![
        2 => Just(star(1)),
        1 => (1..=most).prop_map(star),
        3 => prop::collection::vec(least..=most, 1..4).prop_map(list),
        1 => (least..=most, least..=most, 1..=most).prop_map(move |(a, b, step)| range(a, b, step)),
    ]
}

/// An expression whose days are given by date and month, or by the day of the week.
#[derive(Clone, Debug)]
struct Expression {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Expression {
    fn text(&self) -> String {
        let Self { minute, hour, day, month, weekday } = self;
        [minute, hour, day, month, weekday].map(|field| field.text.as_str()).join(" ")
    }

    fn matches(&self, local: DateTime) -> bool {
        let day = self.day.values.contains(&local.day());
        let weekday = self.weekday.values.contains(&local.weekday().to_sunday_zero_offset());
        let both = self.day.text.contains('*') || self.weekday.text.contains('*');
        self.minute.values.contains(&local.minute())
            && self.hour.values.contains(&local.hour())
            && self.month.values.contains(&local.month())
            && if both { day && weekday } else { day || weekday }
    }

    fn follows_the_wall(&self) -> bool {
        self.minute.text.contains('*') || self.hour.text.contains('*')
    }

    /// All instants after `from` and up to `to`, by looking at every minute.
    fn brute_force(&self, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<i64> {
        let mut found = BTreeSet::new();
        if self.follows_the_wall() {
            let mut at = from.as_second() / 60 * 60;
            while at <= to.as_second() {
                let local = zone.to_datetime(Timestamp::from_second(at).unwrap());
                if local.second() == 0 && self.matches(local) {
                    found.insert(at);
                }
                at += 60;
            }
        } else {
            let mut local = zone
                .to_datetime(from - SignedDuration::from_hours(50))
                .date()
                .to_datetime(jiff::civil::Time::midnight());
            let end = zone.to_datetime(to + SignedDuration::from_hours(50));
            while local < end {
                if self.matches(local) {
                    let at = zone.to_ambiguous_timestamp(local);
                    let instant = match at.offset() {
                        AmbiguousOffset::Gap { before, .. } => {
                            // The instant the skipped time would be lies past the jump.
                            let past: Timestamp = before.to_timestamp(local).unwrap();
                            zone.preceding(past + SignedDuration::from_nanos(1)).next().unwrap().timestamp()
                        }
                        _ => at.earlier().unwrap(),
                    };
                    found.insert(instant.as_second());
                }
                local += 1.minute();
            }
        }
        found.into_iter().filter(|at| *at > from.as_second() && *at <= to.as_second()).collect()
    }
}

prop_compose! {
    fn expressions()(
        minute in field(0, 59, 59), hour in field(0, 23, 23), day in field(1, 28, 31), month in field(1, 12, 12), weekday in field(0, 6, 6),
        every_month in any::<bool>(), every_day in any::<bool>(), every_weekday in any::<bool>(),
    ) -> Expression {
        let all = |most: i8, least: i8| Field { text: "*".to_owned(), values: (least..=most).collect() };
        Expression {
            minute,
            hour,
            day: if every_day { all(31, 1) } else { day },
            month: if every_month { all(12, 1) } else { month },
            weekday: if every_weekday { all(6, 0) } else { weekday },
        }
    }
}

const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "America/Havana",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "America/St_Johns",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_minute_looked_at_says_the_same(
        expression in expressions(),
        zone in prop::sample::select(ZONES.to_vec()),
        begin in 700_000_000i64..2_500_000_000,
        nth in 0usize..3,
        off in -100_000i64..100_000,
        near in any::<bool>(),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let begin = Timestamp::from_second(begin).unwrap();
        // Most of the time around a change of the clocks, where there is one.
        let change = zone.following(begin).nth(nth).filter(|_| near).map_or(begin, |change| change.timestamp());
        let from = Timestamp::from_second(change.as_second() - 130_000 + off).unwrap();
        let to = from + SignedDuration::from_secs(260_000);
        let expected = expression.brute_force(&zone, from, to);
        let cron = cron(&expression.text());
        let (first, last) = (from.as_second(), to.as_second());

        let forward: Vec<_> = std::iter::successors(cron.first_after(&zone, first), |at| cron.first_after(&zone, *at))
            .take_while(|at| *at <= last).collect();
        prop_assert_eq!(&forward, &expected, "{}", expression.text());
        let mut backward: Vec<_> = std::iter::successors(cron.last_until(&zone, last), |at| cron.last_until(&zone, *at - 1))
            .take_while(|at| *at > first).collect();
        backward.reverse();
        prop_assert_eq!(&backward, &expected, "{}", expression.text());
        prop_assert_eq!(cron.count(&zone, first, last), expected.len() as u64, "{}", expression.text());
    }

    #[test]
    fn croner_says_the_same_in_a_zone_without_changes(
        minute in field(0, 59, 59), hour in field(0, 23, 23),
        day in prop_oneof![
            Just("*".to_owned()), Just("L".to_owned()), Just("LW".to_owned()), Just("1,15,L".to_owned()),
            (1..=31).prop_map(|day| format!("{day}W")), (1..=31i32).prop_map(|day| day.to_string()),
        ],
        month in field(1, 12, 12),
        weekday in prop_oneof![
            Just("*".to_owned()), (0..=7, 1..=5).prop_map(|(day, nth)| format!("{day}#{nth}")),
            (0..=7).prop_map(|day| format!("{day}L")), prop::sample::select(vec!["MON", "tue-SAT", "6-7", "SUN,WED"]).prop_map(str::to_owned),
        ],
        begin in 0i64..4_000_000_000,
    ) {
        let text = format!("{} {} {day} {} {weekday}", minute.text, hour.text, month.text);
        let from = Timestamp::from_second(begin).unwrap();
        let parser = croner::parser::CronParser::builder()
            .seconds(croner::parser::Seconds::Disallowed).year(croner::parser::Year::Disallowed).build();
        let expected = parser.parse(&text).unwrap().find_next_occurrence(&from.to_zoned(TimeZone::UTC), false);
        match text.parse::<super::Cron>() {
            Ok(cron) => {
                let found = cron.first_after(&TimeZone::UTC, begin);
                prop_assert_eq!(found, expected.ok().map(|at| at.timestamp().as_second()), "{}", text);
            }
            // A date that never comes.
            Err(_) => prop_assert!(expected.is_err(), "{}: {:?}", text, expected),
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[-0-9*/,LW#?@a-zA-Z ]{0,40}", any in "(?s).{0,60}") {
        for text in [text, any] {
            if let Ok(cron) = text.parse::<super::Cron>() {
                prop_assert!(cron.first_after(&TimeZone::fixed(Offset::constant(14)), 0).is_some());
            }
        }
    }
}
