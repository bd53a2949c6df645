//! The last runs of a plan as bars: color tells how each ended, height how long it took.

/// How many bars there are; where a plan has fewer runs, the first ones are empty.
pub(crate) const BARS: usize = 30;

const STEP: usize = 7;
const HEIGHT: f64 = 22.0;
const LOWEST: f64 = 6.0;

/// One bar, in the units of the drawing's view box.
pub(crate) struct Bar {
    pub(crate) class: &'static str,
    pub(crate) x: usize,
    pub(crate) y: String,
    pub(crate) height: String,
}

/// All bars, and the same in words.
pub(crate) struct Bars {
    pub(crate) bars: Vec<Bar>,
    pub(crate) label: String,
}

impl Bars {
    /// From the runs' state (its class) and length, oldest first; at most [`BARS`] of them.
    pub(crate) fn new(runs: &[(&'static str, u64)]) -> Self {
        let longest = runs.iter().map(|(_, length)| *length).max().unwrap_or(0).max(1);
        let missing = BARS.saturating_sub(runs.len());
        let empty = (0..missing).map(|_| ("none", LOWEST));
        let drawn = runs.iter().map(|(class, length)| {
            #[allow(clippy::cast_precision_loss)]
            let share = *length as f64 / longest as f64;
            (*class, LOWEST + (HEIGHT - LOWEST) * share)
        });
        let bars = empty
            .chain(drawn)
            .enumerate()
            .map(|(index, (class, height))| Bar {
                class,
                x: index * STEP,
                y: format!("{:.1}", HEIGHT - height),
                height: format!("{height:.1}"),
            })
            .collect();
        Self { bars, label: label(runs) }
    }
}

fn label(runs: &[(&'static str, u64)]) -> String {
    if runs.is_empty() {
        return "No runs yet".to_owned();
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (class, _) in runs {
        match counts.iter_mut().find(|(known, _)| known == class) {
            Some((_, count)) => *count += 1,
            None => counts.push((class, 1)),
        }
    }
    let parts: Vec<String> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
    format!("Last {} runs: {}", runs.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_stands_at_the_right_end() {
        let bars = Bars::new(&[("passed", 50), ("failed", 100)]);
        assert_eq!(bars.bars.len(), BARS);
        assert_eq!(bars.bars[27].class, "none");
        assert_eq!((bars.bars[28].class, bars.bars[28].height.as_str()), ("passed", "14.0"));
        let newest = &bars.bars[29];
        assert_eq!((newest.class, newest.x, newest.y.as_str(), newest.height.as_str()), ("failed", 203, "0.0", "22.0"));
        assert_eq!(bars.label, "Last 2 runs: 1 passed, 1 failed");
    }

    #[test]
    fn a_plan_without_runs_has_empty_bars_only() {
        let bars = Bars::new(&[]);
        assert!(bars.bars.iter().all(|bar| bar.class == "none"));
        assert_eq!(bars.label, "No runs yet");
    }
}
