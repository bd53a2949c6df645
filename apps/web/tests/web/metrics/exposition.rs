//! Reads the text format of Prometheus strictly: whatever a scraper might stumble over fails the test.

use std::collections::{BTreeMap, BTreeSet};

/// The samples by name and labels, as written: `name{a="b"}`.
pub struct Exposition(BTreeMap<String, f64>);

impl Exposition {
    #[track_caller]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("\n\n"), "{text:?}");
        let (mut families, mut samples) = (BTreeSet::new(), BTreeMap::new());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let (name, help) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).expect(line);
            assert!(is_name(name) && help.ends_with('.'), "{line}");
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            let line = lines.next().expect("a family has a type");
            let (typed, kind) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')).expect(line);
            assert_eq!(typed, name);
            let mut family = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').expect(line);
                let value: f64 = value.parse().expect(line);
                assert!(value.is_finite(), "{line}");
                let (sample, labels) = split(series);
                assert!(samples.insert(series.to_owned(), value).is_none(), "{series} comes twice");
                family.push((sample, labels, value));
            }
            check(name, kind, &family);
        }
        Self(samples)
    }

    /// One sample; none if it is not there.
    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// The values of a label in the series of a name.
    pub fn label_values(&self, name: &str, label: &str) -> BTreeSet<String> {
        let of_name = self.0.keys().map(|series| split(series)).filter(|(sample, _)| sample == name);
        of_name.filter_map(|(_, labels)| labels.get(label).cloned()).collect()
    }
}

type Labels = BTreeMap<String, String>;

fn check(name: &str, kind: &str, family: &[(String, Labels, f64)]) {
    match kind {
        "counter" => {
            assert!(name.ends_with("_total"), "{name}");
            let is_count =
                |(sample, _, value): &(String, Labels, f64)| sample == name && *value >= 0.0 && value.fract() == 0.0;
            assert!(family.iter().all(is_count), "{name}: {family:?}");
        }
        "gauge" => {
            assert!(!name.ends_with("_total") && !name.ends_with("_count") && !name.ends_with("_bucket"), "{name}");
            assert!(family.iter().all(|(sample, ..)| sample == name), "{family:?}");
        }
        "histogram" => {
            let of =
                |suffix: &'static str| family.iter().filter(move |(sample, ..)| *sample == format!("{name}{suffix}"));
            let bounds: Vec<(f64, f64)> = of("_bucket")
                .map(|(_, labels, count)| match labels["le"].as_str() {
                    "+Inf" => (f64::INFINITY, *count),
                    bound => (bound.parse().expect("a bound is a number"), *count),
                })
                .collect();
            assert!(bounds.is_sorted_by(|(a, x), (b, y)| a < b && x <= y), "{bounds:?}");
            let (count, sum) = (of("_count").next().expect("a count").2, of("_sum").next().expect("a sum").2);
            assert_eq!(bounds.last(), Some(&(f64::INFINITY, count)));
            assert!(sum >= 0.0 && family.len() == bounds.len() + 2, "{family:?}");
        }
        other => panic!("{name} is a {other}"),
    }
}

/// The name and the labels of a series.
#[track_caller]
fn split(series: &str) -> (String, Labels) {
    let Some((name, mut rest)) = series.split_once('{') else {
        assert!(is_name(series), "{series}");
        return (series.to_owned(), Labels::new());
    };
    assert!(is_name(name), "{series}");
    let mut labels = Labels::new();
    loop {
        let (label, after) = rest.split_once("=\"").expect(series);
        assert!(is_name(label) && !label.contains(':'), "{series}");
        let (mut value, mut escaped, mut end) = (String::new(), false, None);
        for (at, c) in after.char_indices() {
            match (escaped, c) {
                (true, '\\' | '"') => value.push(c),
                (true, 'n') => value.push('\n'),
                (true, _) => panic!("{series} escapes {c}"),
                (false, '\\') => {}
                (false, '"') => {
                    end = Some(at);
                    break;
                }
                (false, _) => value.push(c),
            }
            escaped = !escaped && c == '\\';
        }
        assert!(labels.insert(label.to_owned(), value).is_none(), "{series} has {label} twice");
        match &after[end.expect("a value ends") + 1..] {
            "}" => return (name.to_owned(), labels),
            more => rest = more.strip_prefix(',').expect(series),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.chars().next().is_some_and(|c| is_part(c) && !c.is_ascii_digit()) && text.chars().all(is_part)
}
