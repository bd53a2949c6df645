//! How the clock goes, for people and for programs.

use std::fmt::Write;

use domain::Elapsed;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{ClockPause, ClockStatus, WorkerRole, WorkerRow};

use crate::style::{Style, Tone, printable};

/// A few lines, then a table of the processes at work.
pub fn text(status: &ClockStatus, style: Style) -> String {
    let now = status.now;
    let mut text = headline(status, style);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<8}{value}");
    };
    line(
        "due",
        match (status.due, status.oldest_due, status.next_due) {
            (0, _, Some(next)) => format!("nothing; the next at {}, in {}", moment(next), between(now, next)),
            (0, _, None) => "nothing, and nothing to come".to_owned(),
            (due, oldest, _) => format!("{}{}", counted(due, "schedule"), waiting(now, oldest)),
        },
    );
    line(
        "queued",
        match status.queued {
            0 => "nothing".to_owned(),
            queued => format!("{}{}", counted(queued, "run"), waiting(now, status.oldest_queued)),
        },
    );
    if !status.workers.is_empty() {
        text.push('\n');
        table(&mut text, now, &status.workers, style);
    }
    text
}

fn headline(status: &ClockStatus, style: Style) -> String {
    let schedulers = status.workers.iter().filter(|worker| worker.heartbeat.role == WorkerRole::Scheduler).count();
    match (&status.paused, schedulers) {
        (Some(paused), _) => {
            let mut line = format!(
                "{} since {}, for {}, by {}",
                style.paint(Tone::Doubt, "The clock is paused"),
                moment(paused.at),
                between(paused.at, status.now),
                printable(&paused.by)
            );
            if !paused.reason.is_empty() {
                let _ = write!(line, ": {}", printable(&paused.reason));
            }
            line + "\n"
        }
        (None, 0) => {
            format!(
                "{}: no scheduler is at work, nothing is started by schedule.\n",
                style.paint(Tone::Bad, "The clock stands")
            )
        }
        (None, _) => format!("{}; {} at work.\n", style.paint(Tone::Good, "The clock runs"), are(schedulers)),
    }
}

fn table(text: &mut String, now: Timestamp, workers: &[WorkerRow], style: Style) {
    let head = ["role", "host", "version", "load", "ticks", "lag", "up", "seen"].map(str::to_owned);
    let rows: Vec<[String; 8]> = workers.iter().map(|worker| row(now, worker)).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let mut line = |row: &[String; 8], tone: Option<Tone>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let line = cells.join("  ").trim_end().to_owned();
        let _ = match tone {
            Some(tone) => writeln!(text, "  {}", style.paint(tone, line)),
            None => writeln!(text, "  {line}"),
        };
    };
    line(&head, Some(Tone::Faint));
    rows.iter().for_each(|row| line(row, None));
}

fn row(now: Timestamp, row: &WorkerRow) -> [String; 8] {
    let worker = &row.heartbeat;
    let scheduler = worker.role == WorkerRole::Scheduler;
    let only = |shown: bool, text: String| if shown { text } else { "-".to_owned() };
    [
        worker.role.to_string(),
        printable(&worker.host),
        printable(&worker.version),
        only(!scheduler, format!("{} of {}", worker.busy, worker.slots)),
        only(scheduler, worker.ticks.to_string()),
        only(scheduler, worker.lag.to_string()),
        between(row.started_at, now),
        format!("{} ago", between(row.seen_at, now)),
    ]
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn are(schedulers: usize) -> String {
    if schedulers == 1 { "one scheduler is".to_owned() } else { format!("{schedulers} schedulers are") }
}

fn waiting(now: Timestamp, since: Option<Timestamp>) -> String {
    since.map(|since| format!(", the oldest for {}", between(since, now))).unwrap_or_default()
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Whole seconds, in hours and minutes where there are that many.
fn between(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).max(SignedDuration::ZERO).as_secs();
    format!("{:#}", SignedDuration::from_secs(seconds))
}

#[derive(Serialize)]
struct Report<'s> {
    now: Timestamp,
    paused: Option<Paused<'s>>,
    due: u64,
    oldest_due: Option<Timestamp>,
    next_due: Option<Timestamp>,
    queued: u64,
    oldest_queued: Option<Timestamp>,
    workers: Vec<Worker<'s>>,
}

#[derive(Serialize)]
struct Paused<'s> {
    at: Timestamp,
    by: &'s str,
    reason: &'s str,
}

#[derive(Serialize)]
struct Worker<'s> {
    id: String,
    role: &'s str,
    host: &'s str,
    version: &'s str,
    slots: u32,
    busy: u32,
    ticks: u64,
    lag_ms: Elapsed,
    started_at: Timestamp,
    seen_at: Timestamp,
}

/// One object on one line.
pub fn json(status: &ClockStatus) -> serde_json::Result<String> {
    let report = Report {
        now: status.now,
        paused: status.paused.as_ref().map(|ClockPause { at, by, reason }| Paused { at: *at, by, reason }),
        due: status.due,
        oldest_due: status.oldest_due,
        next_due: status.next_due,
        queued: status.queued,
        oldest_queued: status.oldest_queued,
        workers: status.workers.iter().map(worker).collect(),
    };
    serde_json::to_string(&report).map(|line| line + "\n")
}

fn worker(row: &WorkerRow) -> Worker<'_> {
    let worker = &row.heartbeat;
    Worker {
        id: worker.id.to_string(),
        role: worker.role.as_str(),
        host: &worker.host,
        version: &worker.version,
        slots: worker.slots,
        busy: worker.busy,
        ticks: worker.ticks,
        lag_ms: worker.lag,
        started_at: row.started_at,
        seen_at: row.seen_at,
    }
}

#[cfg(test)]
mod tests {
    use domain::WorkerId;
    use jiff::ToSpan;
    use store::Heartbeat;

    use super::*;

    fn worker(role: WorkerRole, now: Timestamp) -> WorkerRow {
        let heartbeat = Heartbeat {
            id: WorkerId::new(),
            role,
            host: "web-1".to_owned(),
            version: "0.1.0".to_owned(),
            slots: if role == WorkerRole::Executor { 16 } else { 0 },
            busy: if role == WorkerRole::Executor { 3 } else { 0 },
            ticks: 7_380,
            lag: Elapsed(420),
        };
        WorkerRow { heartbeat, started_at: now - 123.minutes(), seen_at: now - 1.seconds() }
    }

    fn status() -> ClockStatus {
        let now: Timestamp = "2026-11-20T22:15:00.5Z".parse().unwrap();
        ClockStatus {
            now,
            paused: None,
            due: 0,
            oldest_due: None,
            next_due: Some(now + 90.seconds()),
            queued: 12,
            oldest_queued: Some(now - 3.seconds()),
            workers: vec![worker(WorkerRole::Executor, now), worker(WorkerRole::Scheduler, now)],
        }
    }

    #[test]
    fn people_see_what_comes_what_waits_and_who_works() {
        assert_eq!(
            text(&status(), Style::plain()),
            "The clock runs; one scheduler is at work.\n\
             \x20 due     nothing; the next at 2026-11-20 22:16:30 UTC, in 1m 30s\n\
             \x20 queued  12 runs, the oldest for 3s\n\
             \n\
             \x20 role       host   version  load     ticks  lag     up     seen\n\
             \x20 executor   web-1  0.1.0    3 of 16  -      -       2h 3m  1s ago\n\
             \x20 scheduler  web-1  0.1.0    -        7380   420 µs  2h 3m  1s ago\n"
        );
    }

    #[test]
    fn a_paused_clock_tells_by_whom_and_why() {
        let now = status().now;
        let pause = ClockPause { at: now - 1.hours(), by: "ada".to_owned(), reason: "\x1b[2Jmoving".to_owned() };
        let paused = ClockStatus { paused: Some(pause), due: 1, oldest_due: Some(now - 5.seconds()), ..status() };
        let text = text(&paused, Style::plain());
        assert!(
            text.starts_with(
                "The clock is paused since 2026-11-20 21:15:00 UTC, for 1h, by ada: \\u{1b}[2Jmoving\n  \
                 due     1 schedule, the oldest for 5s\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn programs_see_the_same() {
        let report: serde_json::Value = serde_json::from_str(&json(&status()).unwrap()).unwrap();
        assert_eq!((&report["now"], &report["queued"]), (&"2026-11-20T22:15:00.5Z".into(), &12.into()));
        assert_eq!((&report["paused"], &report["oldest_due"]), (&serde_json::Value::Null, &serde_json::Value::Null));
        let scheduler = &report["workers"][1];
        assert_eq!((&scheduler["role"], &scheduler["lag_ms"]), (&"scheduler".into(), &0.42.into()));
    }
}
