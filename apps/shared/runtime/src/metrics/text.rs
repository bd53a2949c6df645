//! The text format of Prometheus, version 0.0.4.

use std::fmt::Write;

/// The type of the answer that holds it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics as text. Names and labels are ours and well-formed; a name is written once.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// What was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Counters of one name, to which `_total` is added, by the values of their labels.
    pub fn counters<const LABELS: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; LABELS],
        counters: &[([&str; LABELS], u64)],
    ) {
        let name = format!("{name}_total");
        self.head(&name, help, "counter");
        for (values, count) in counters {
            self.sample(&name, &labels, values, &count.to_string());
        }
    }

    /// One figure that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, [], &[([], value)]);
    }

    /// Figures of one name that go up and down, by the values of their labels.
    pub fn gauges<const LABELS: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; LABELS],
        gauges: &[([&str; LABELS], f64)],
    ) {
        self.head(name, help, "gauge");
        for (values, value) in gauges {
            self.sample(name, &labels, values, &value.to_string());
        }
    }

    /// How many of `count` values, whose sum is `sum`, were at most how large: bounds with their counts, growing.
    pub fn histogram(&mut self, name: &str, help: &str, buckets: &[(f64, u64)], count: u64, sum: f64) {
        self.head(name, help, "histogram");
        let bucket = format!("{name}_bucket");
        for (bound, count) in buckets {
            self.sample(&bucket, &["le"], &[&bound.to_string()], &count.to_string());
        }
        self.sample(&bucket, &["le"], &["+Inf"], &count.to_string());
        self.sample(&format!("{name}_sum"), &[], &[], &sum.to_string());
        self.sample(&format!("{name}_count"), &[], &[], &count.to_string());
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[&str], values: &[&str], value: &str) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().zip(values).enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{value}\"", if place == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_label_is_escaped() {
        let mut out = Exposition::default();
        out.gauges("x", "a\\b\nc", ["l"], &[(["q\"b\\n\n"], 1.5)]);
        assert_eq!(out.text(), "# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{l=\"q\\\"b\\\\n\\n\"} 1.5\n");
    }
}
