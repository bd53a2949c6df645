//! What the process counts, from its start on. Shown as text by whoever serves it ([`text`]).
//!
//! Labels are words of ours, never what a person or a target wrote: there are as many series as there are words.

pub mod text;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use text::Exposition;

/// The upper bounds of a step's duration, in milliseconds.
const BOUNDS: [u64; 12] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/// Until the clock has ticked.
const NEVER: i64 = -1;

/// Counts; all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// By state.
    runs: Counters<1>,
    steps: Histogram,
    /// By outcome.
    mails: Counters<1>,
    /// By route, method and class of the status.
    requests: Counters<3>,
    /// In microseconds.
    clock_lag: AtomicI64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            runs: Counters::default(),
            steps: Histogram::default(),
            mails: Counters::default(),
            requests: Counters::default(),
            clock_lag: AtomicI64::new(NEVER),
        }
    }
}

impl Metrics {
    /// A run has ended here, in this state.
    pub fn run_ended(&self, state: &'static str) {
        self.0.runs.add([state]);
    }

    /// A step took so long.
    pub fn step_took(&self, time: Duration) {
        self.0.steps.observe(time);
    }

    /// An attempt to send a mail ended with `sent` or `failed`.
    pub fn mail(&self, outcome: &'static str) {
        self.0.mails.add([outcome]);
    }

    /// A request was answered: the pattern of its route, its method, the status.
    pub fn answered(&self, route: &'static str, method: &'static str, status: u16) {
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.0.requests.add([route, method, class]);
    }

    /// The clock was so late for its last tick.
    pub fn clock_lag(&self, lag: Duration) {
        self.0.clock_lag.store(i64::try_from(lag.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Writes everything down.
    pub fn write(&self, out: &mut Exposition) {
        let Counts { runs, steps, mails, requests, clock_lag } = &*self.0;
        out.counters("smokex_runs_ended", "Runs that this process brought to their end.", ["state"], &runs.all());
        steps.write(out);
        out.counters("smokex_mails", "Attempts of this process to send mail.", ["outcome"], &mails.all());
        let (help, labels) = ("Requests that this process answered.", ["route", "method", "status"]);
        out.counters("smokex_http_requests", help, labels, &requests.all());
        let lag = clock_lag.load(Ordering::Relaxed);
        if lag != NEVER {
            let help = "By how much this process's clock was late for its last tick.";
            out.gauge("smokex_clock_lag_seconds", help, micros(lag.unsigned_abs()));
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a float holds 285 years of microseconds")]
fn micros(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// Counters of one name, by the values of their labels.
#[derive(Debug)]
struct Counters<const LABELS: usize>(Mutex<BTreeMap<[&'static str; LABELS], u64>>);

impl<const LABELS: usize> Default for Counters<LABELS> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<const LABELS: usize> Counters<LABELS> {
    fn add(&self, labels: [&'static str; LABELS]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default() += 1;
    }

    fn all(&self) -> Vec<([&'static str; LABELS], u64)> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().map(|(labels, count)| (*labels, *count)).collect()
    }
}

/// How many durations were at most how long.
#[derive(Debug, Default)]
struct Histogram {
    /// Of each bound and, last, of what is longer than all of them; each duration in one of them.
    counts: [AtomicU64; BOUNDS.len() + 1],
    /// In microseconds.
    sum: AtomicU64,
}

impl Histogram {
    fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| bound * 1_000 < micros);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, out: &mut Exposition) {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(BOUNDS.len());
        for (bound, counted) in BOUNDS.iter().zip(&self.counts) {
            count += counted.load(Ordering::Relaxed);
            buckets.push((micros(bound * 1_000), count));
        }
        count += self.counts[BOUNDS.len()].load(Ordering::Relaxed);
        let help = "How long the steps took that this process executed.";
        out.histogram("smokex_step_duration_seconds", help, &buckets, count, micros(self.sum.load(Ordering::Relaxed)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_counted_is_written() {
        let metrics = Metrics::default();
        metrics.run_ended("passed");
        metrics.clone().run_ended("passed");
        metrics.run_ended("failed");
        for millis in [0, 5, 6, 31_000] {
            metrics.step_took(Duration::from_millis(millis));
        }
        metrics.mail("sent");
        metrics.answered("/plans/{plan}", "GET", 404);
        let mut out = Exposition::default();
        metrics.write(&mut out);
        assert!(!out.text().contains("clock_lag"), "it has not ticked");
        metrics.clock_lag(Duration::from_micros(2_500));
        let mut out = Exposition::default();
        metrics.write(&mut out);
        let text = out.text();
        for line in [
            "# TYPE smokex_runs_ended_total counter",
            "smokex_runs_ended_total{state=\"failed\"} 1",
            "smokex_runs_ended_total{state=\"passed\"} 2",
            "smokex_step_duration_seconds_bucket{le=\"0.005\"} 2",
            "smokex_step_duration_seconds_bucket{le=\"0.01\"} 3",
            "smokex_step_duration_seconds_bucket{le=\"30\"} 3",
            "smokex_step_duration_seconds_bucket{le=\"+Inf\"} 4",
            "smokex_step_duration_seconds_sum 31.011",
            "smokex_step_duration_seconds_count 4",
            "smokex_mails_total{outcome=\"sent\"} 1",
            "smokex_http_requests_total{route=\"/plans/{plan}\",method=\"GET\",status=\"4xx\"} 1",
            "smokex_clock_lag_seconds 0.0025",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} in {text}");
        }
    }
}
