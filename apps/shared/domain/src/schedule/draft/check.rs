//! Checking a draft: every field, with the reason at the field.

use jiff::Timestamp;

use super::{FieldProblem, ScheduleDraft, variables};
use crate::{
    Limits, ScheduleId,
    schedule::{CheckedSchedule, Interval, Timetable, Timing, Zone, interval::InvalidInterval, local_time},
};

/// How many instants a schedule of the kind `at` may have.
const MOST_TIMES: usize = 100;

/// The most characters of a name.
const LONGEST_NAME: usize = 120;

/// The most bytes a field may have.
const LONGEST: usize = 16 * 1024;

/// The fields, in the order in which problems are told.
fn fields(draft: &ScheduleDraft) -> [(&'static str, &str); 15] {
    [
        ("name", &draft.name),
        ("kind", &draft.kind),
        ("cron", &draft.cron),
        ("interval", &draft.interval),
        ("jitter", &draft.jitter),
        ("start", &draft.start),
        ("at", &draft.at),
        ("zone", &draft.zone),
        ("after", &draft.after),
        ("before", &draft.before),
        ("repeats", &draft.repeats),
        ("tags", &draft.tags),
        ("catch_up", &draft.catch_up),
        ("overlap", &draft.overlap),
        ("variables", &draft.variables),
    ]
}

/// What was found so far.
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldProblem { field, message: message.into() });
    }

    fn keep<T>(&mut self, field: &'static str, read: Result<T, impl ToString>) -> Option<T> {
        read.map_err(|problem| self.add(field, problem.to_string())).ok()
    }
}

pub(super) fn check(
    draft: &ScheduleDraft,
    now: Timestamp,
    limits: &Limits,
    plan_variables: &[String],
) -> Result<CheckedSchedule, Vec<FieldProblem>> {
    let mut problems = Problems(Vec::new());
    let fields = fields(draft);
    for (field, _) in fields.iter().filter(|(_, text)| text.len() > LONGEST) {
        problems.add(field, format!("This is longer than {} KiB.", LONGEST / 1024));
    }
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let name = draft.name.trim();
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        problems.add("name", format!("Enter a name of at most {LONGEST_NAME} characters, or none."));
    }
    let timetable = timetable(draft, now, limits, &mut problems);
    let tags = problems.keep("tags", draft.tags.parse());
    let catch_up = word(&mut problems, "catch_up", &draft.catch_up, "latest, all or none");
    let overlap = word(&mut problems, "overlap", &draft.overlap, "skip, queue or cancel");
    let variables = variables::read(&draft.variables, plan_variables).unwrap_or_else(|wrong| {
        wrong.into_iter().for_each(|message| problems.add("variables", message));
        Default::default()
    });
    match (problems.0.is_empty(), timetable, tags, catch_up, overlap) {
        (true, Some(timetable), Some(tags), Some(catch_up), Some(overlap)) => {
            let name = if name.is_empty() { cut(timetable.sentence()) } else { name.to_owned() };
            Ok(CheckedSchedule { name, timetable, catch_up, overlap, tags, variables })
        }
        _ => {
            problems.0.sort_by_key(|problem| fields.iter().position(|(field, _)| *field == problem.field));
            Err(problems.0)
        }
    }
}

/// A sentence as a name.
fn cut(sentence: String) -> String {
    if sentence.chars().count() <= LONGEST_NAME {
        return sentence;
    }
    let short: String = sentence.chars().take(LONGEST_NAME - 1).collect();
    format!("{}…", short.trim_end())
}

/// One of the words of an enum; none is its default.
fn word<T: std::str::FromStr + Default>(
    problems: &mut Problems,
    field: &'static str,
    text: &str,
    words: &str,
) -> Option<T> {
    if text.trim().is_empty() {
        return Some(T::default());
    }
    let shown: String = text.trim().chars().take(40).collect();
    problems.keep(field, text.trim().parse().map_err(|_| format!("`{shown}` is not known here. Choose {words}.")))
}

fn timetable(draft: &ScheduleDraft, now: Timestamp, limits: &Limits, problems: &mut Problems) -> Option<Timetable> {
    let zone_name = if draft.zone.trim().is_empty() { "UTC" } else { &draft.zone };
    let zone: Option<Zone> = problems.keep("zone", zone_name.parse());
    // Without a zone the other fields are still read, as if they were in UTC.
    let there = zone.clone().unwrap_or(Zone::UTC);
    let mut instant = |field, text: &str| {
        if text.trim().is_empty() { None } else { problems.keep(field, local_time::read(text, &there)) }
    };
    let after = instant("after", &draft.after);
    let before = instant("before", &draft.before);
    let repeats = match draft.repeats.trim() {
        "" => None,
        text => match text.parse::<u32>() {
            Ok(repeats) if repeats > 0 => Some(repeats),
            _ => {
                problems.add("repeats", "Enter how many times it is due in all, at least 1, or nothing for ever.");
                None
            }
        },
    };
    if before.is_some_and(|before| before <= now) {
        problems.add("before", "This is in the past: nothing would ever be due.");
    } else if let (Some(after), Some(before)) = (after, before)
        && before <= after
    {
        problems.add("before", "This is not later than “after”: nothing would ever be due.");
    }
    let field = field_of(draft.kind.trim());
    let timing = match draft.kind.trim() {
        "cron" => problems.keep("cron", draft.cron.parse()).map(Timing::Cron),
        "every" => every(draft, after.unwrap_or(now), &there, problems),
        "at" => at(draft, now, &there, problems),
        _ => {
            problems.add("kind", "Choose cron, every or at.");
            None
        }
    }?;
    let table = Timetable { timing, zone: zone?, after, before, repeats };
    if !problems.0.is_empty() {
        return Some(table);
    }
    if table.next(ScheduleId(uuid::Uuid::nil()), 0, now).is_none() {
        let field = if before.is_some() { "before" } else { field };
        problems.add(field, "Nothing is due within these times.");
    }
    if let Err(over_limit) = limits.allow_timetable(&table, now) {
        problems.add(field, over_limit.to_string());
    }
    Some(table)
}

/// The field that says when a schedule of this kind is due.
fn field_of(kind: &str) -> &'static str {
    match kind {
        "every" => "interval",
        "at" => "at",
        _ => "cron",
    }
}

/// A length of time in whole seconds.
fn seconds(text: &str) -> Result<Interval, String> {
    let interval: Interval = text.parse().map_err(|problem: InvalidInterval| problem.to_string())?;
    if !interval.as_millis().is_multiple_of(1000) {
        return Err("Enter whole seconds: schedules are looked at once a second.".to_owned());
    }
    Ok(interval)
}

fn every(draft: &ScheduleDraft, begins: Timestamp, zone: &Zone, problems: &mut Problems) -> Option<Timing> {
    let interval = problems.keep("interval", seconds(&draft.interval));
    let jitter = match draft.jitter.trim() {
        "" => Some(Interval::ZERO),
        text => problems.keep("jitter", seconds(text)),
    };
    let start = match draft.start.trim() {
        "" => Timestamp::from_second(begins.as_second()).ok(),
        text => problems.keep("start", local_time::read(text, zone)),
    };
    let (interval, jitter, start) = (interval?, jitter?, start?);
    if interval == Interval::ZERO {
        problems.add("interval", "Enter at least one second.");
    } else if jitter >= interval {
        problems.add("jitter", format!("Enter less than the interval of {interval}."));
    }
    Some(Timing::Every { interval, jitter, start })
}

fn at(draft: &ScheduleDraft, now: Timestamp, zone: &Zone, problems: &mut Problems) -> Option<Timing> {
    let texts = || draft.at.split(['\n', ',', ';']).map(str::trim).filter(|text| !text.is_empty());
    let found = problems.0.len();
    match texts().count() {
        0 => problems.add("at", "Enter at least one time, such as 2026-12-24 18:00."),
        n if n > MOST_TIMES => {
            problems.add("at", format!("{n} times are too many: at most {MOST_TIMES} are allowed."));
            return None;
        }
        _ => {}
    }
    let mut times = Vec::new();
    for text in texts() {
        match local_time::read(text, zone) {
            Ok(time) if time <= now => problems.add("at", format!("{text} is in the past.")),
            Ok(time) => times.push(time),
            Err(problem) => problems.add("at", problem),
        }
    }
    times.sort_unstable();
    times.dedup();
    (problems.0.len() == found).then_some(Timing::At(times))
}
