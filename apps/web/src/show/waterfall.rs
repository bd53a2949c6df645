//! Where the time of a step went, drawn to the scale of the whole run.

use domain::{
    Elapsed,
    report::{Attempt, Phases},
};
use jiff::Timestamp;

/// The width of a drawing's view box.
const WIDTH: f64 = 1000.0;

/// When a step was at work.
pub(crate) struct Span<'a> {
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) duration: Elapsed,
    pub(crate) attempts: &'a [Attempt],
}

/// A stretch of one phase, in the units of the view box.
#[derive(Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) width: String,
}

/// The time axis of a run.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    begin: i64,
    length: f64,
}

impl Scale {
    /// From the beginning of the first step to the end of the last.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn of<'a>(spans: impl Iterator<Item = Span<'a>>) -> Self {
        let ends = spans.filter_map(|span| Some((span.started_at?.as_microsecond(), micros(span.duration))));
        let (begin, end) = ends.fold((i64::MAX, i64::MIN), |(first, last), (begin, length)| {
            (first.min(begin), last.max(begin.saturating_add(length)))
        });
        Self { begin, length: end.saturating_sub(begin).max(1) as f64 }
    }

    /// The phases of all attempts of a step, one after the other.
    #[allow(clippy::cast_precision_loss, clippy::needless_pass_by_value)]
    pub(crate) fn stretches(self, span: Span<'_>) -> Vec<Stretch> {
        let Some(started_at) = span.started_at else { return Vec::new() };
        let mut begin = (started_at.as_microsecond() - self.begin) as f64;
        let mut drawn = Vec::new();
        for attempt in span.attempts {
            let mut x = begin;
            for (class, _, length) in by_phase(&attempt.phases) {
                let length = micros(length) as f64;
                if length > 0.0 {
                    drawn.push(self.stretch(class, x, length));
                }
                x += length;
            }
            begin = x.max(begin + micros(attempt.duration) as f64);
        }
        drawn
    }

    fn stretch(self, class: &'static str, x: f64, length: f64) -> Stretch {
        let to_scale = |micros: f64| micros / self.length * WIDTH;
        // What happened is seen, however short it was.
        let width = to_scale(length).clamp(2.0, WIDTH);
        Stretch { class, x: format!("{:.1}", to_scale(x).min(WIDTH - width)), width: format!("{width:.1}") }
    }
}

/// Each phase of one attempt that took time: class, name, length, and where it lies in the attempt.
pub(crate) fn each_alone(attempt: &Attempt) -> Vec<(&'static str, &'static str, Elapsed, Stretch)> {
    let sum = by_phase(&attempt.phases).iter().fold(Elapsed::ZERO, |sum, (_, _, length)| sum + *length);
    #[allow(clippy::cast_precision_loss)]
    let scale = Scale { begin: 0, length: micros(sum.max(attempt.duration)).max(1) as f64 };
    let mut x = 0.0;
    let mut drawn = Vec::new();
    for (class, name, length) in by_phase(&attempt.phases) {
        if length > Elapsed::ZERO {
            #[allow(clippy::cast_precision_loss)]
            let width = micros(length) as f64;
            drawn.push((class, name, length, scale.stretch(class, x, width)));
            x += width;
        }
    }
    drawn
}

/// The phases with class and name, in the order of time.
fn by_phase(phases: &Phases) -> [(&'static str, &'static str, Elapsed); 5] {
    [
        ("dns", "DNS", phases.dns),
        ("connect", "connect", phases.connect),
        ("tls", "TLS", phases.tls),
        ("wait", "wait", phases.wait),
        ("download", "download", phases.download),
    ]
}

/// The phases in words: `DNS 2 ms, wait 40 ms`.
pub(crate) fn in_words(attempt: Option<&Attempt>) -> String {
    let Some(attempt) = attempt else { return "No request was sent".to_owned() };
    let words: Vec<String> = by_phase(&attempt.phases)
        .iter()
        .filter(|(_, _, length)| *length > Elapsed::ZERO)
        .map(|(_, name, length)| format!("{name} {length}"))
        .collect();
    if words.is_empty() { "No time by phase".to_owned() } else { words.join(", ") }
}

fn micros(length: Elapsed) -> i64 {
    i64::try_from(length.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(dns: u64, wait: u64, duration: u64) -> Attempt {
        let phases = Phases { dns: Elapsed(dns), wait: Elapsed(wait), ..Phases::default() };
        Attempt { duration: Elapsed(duration), phases, error: None }
    }

    fn span(start: i64, duration: u64, attempts: &[Attempt]) -> Span<'_> {
        let started_at = Some(Timestamp::from_microsecond(start).unwrap());
        Span { started_at, duration: Elapsed(duration), attempts }
    }

    fn drawn(stretches: &[Stretch]) -> Vec<(&str, &str, &str)> {
        stretches.iter().map(|one| (one.class, one.x.as_str(), one.width.as_str())).collect()
    }

    #[test]
    fn steps_share_the_time_axis_of_the_run() {
        let (first, second) = ([attempt(100, 300, 400)], [attempt(0, 500, 500)]);
        let scale = Scale::of([span(1_000, 400, &first), span(1_500, 500, &second)].into_iter());
        assert_eq!(
            drawn(&scale.stretches(span(1_000, 400, &first))),
            [("dns", "0.0", "100.0"), ("wait", "100.0", "300.0")]
        );
        assert_eq!(drawn(&scale.stretches(span(1_500, 500, &second))), [("wait", "500.0", "500.0")]);
    }

    #[test]
    fn a_second_attempt_begins_where_the_first_ended() {
        let both = [attempt(0, 200, 500), attempt(0, 500, 500)];
        let scale = Scale::of([span(0, 1_000, &both)].into_iter());
        assert_eq!(
            drawn(&scale.stretches(span(0, 1_000, &both))),
            [("wait", "0.0", "200.0"), ("wait", "500.0", "500.0")]
        );
    }

    #[test]
    fn a_run_without_steps_and_a_step_without_a_start_draw_nothing() {
        let scale = Scale::of(std::iter::empty());
        assert_eq!(scale.stretches(Span { started_at: None, duration: Elapsed::ZERO, attempts: &[] }), []);
        assert_eq!(in_words(None), "No request was sent");
        assert_eq!(in_words(Some(&attempt(2_000, 40_000, 42_000))), "DNS 2.0 ms, wait 40 ms");
    }
}
