//! The last runs of a plan as bars: color tells how each ended, height how long it took.

/// How many bars there are; where a plan has fewer runs, the first ones are empty.
pub(crate) const BARS: u32 = 30;

/// From one bar to the next, in the units of the drawing.
const STEP: u32 = 7;
/// Of the whole drawing, and of the longest bar.
const HEIGHT: u32 = 22;
/// Of the shortest.
const LOWEST: u32 = 6;

/// All bars of one color: one outline, because a list has hundreds of bars.
pub(crate) struct Color {
    pub(crate) class: &'static str,
    /// For `<path d="…">`.
    pub(crate) outline: String,
    count: u32,
}

/// All bars, and the same in words.
pub(crate) struct Bars {
    pub(crate) colors: Vec<Color>,
    pub(crate) label: String,
}

impl Bars {
    /// From the runs' state (its class) and length, oldest first; at most [`BARS`] of them.
    pub(crate) fn new(runs: &[(&'static str, u64)]) -> Self {
        let mut bars = Self { colors: Vec::new(), label: String::new() };
        let longest = runs.iter().map(|(_, length)| *length).max().unwrap_or(0).max(1);
        let missing = BARS.saturating_sub(u32::try_from(runs.len()).unwrap_or(BARS));
        for index in 0..missing {
            bars.add("none", index, LOWEST);
        }
        for (index, (class, length)) in (missing..BARS).zip(runs) {
            let share = u128::from(*length) * u128::from(HEIGHT - LOWEST) / u128::from(longest);
            bars.add(class, index, LOWEST + u32::try_from(share).unwrap_or(0));
        }
        bars.label = bars.in_words(runs.len());
        bars
    }

    fn add(&mut self, class: &'static str, index: u32, height: u32) {
        let at = self.colors.iter().position(|color| color.class == class).unwrap_or_else(|| {
            self.colors.push(Color { class, outline: String::with_capacity(480), count: 0 });
            self.colors.len() - 1
        });
        let color = &mut self.colors[at];
        color.count += 1;
        let outline = &mut color.outline;
        outline.push('M');
        push(outline, index * STEP);
        outline.push(' ');
        push(outline, HEIGHT - height);
        outline.push_str("h5v");
        push(outline, height);
        outline.push_str("h-5z");
    }

    fn in_words(&self, runs: usize) -> String {
        let told = self.colors.iter().filter(|color| color.class != "none");
        let parts: Vec<String> = told.map(|color| format!("{} {}", color.count, color.class)).collect();
        if parts.is_empty() { "No runs yet".to_owned() } else { format!("Last {runs} runs: {}", parts.join(", ")) }
    }
}

/// A number below 1000. Thousands of them stand on a page.
fn push(text: &mut String, number: u32) {
    let digit = |number: u32| char::from_digit(number % 10, 10).unwrap_or('0');
    if number >= 100 {
        text.push(digit(number / 100));
    }
    if number >= 10 {
        text.push(digit(number / 10));
    }
    text.push(digit(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bars: &Bars, class: &str) -> Vec<String> {
        let color = bars.colors.iter().find(|color| color.class == class);
        color.map_or(Vec::new(), |color| color.outline.split_inclusive('z').map(str::to_owned).collect())
    }

    #[test]
    fn the_newest_run_stands_at_the_right_end() {
        let bars = Bars::new(&[("passed", 50), ("failed", 100)]);
        assert_eq!(drawn(&bars, "none").len(), 28);
        assert_eq!(drawn(&bars, "none")[1], "M7 16h5v6h-5z");
        assert_eq!(drawn(&bars, "passed"), ["M196 8h5v14h-5z"]);
        assert_eq!(drawn(&bars, "failed"), ["M203 0h5v22h-5z"]);
        assert_eq!(bars.label, "Last 2 runs: 1 passed, 1 failed");
    }

    #[test]
    fn a_plan_without_runs_has_empty_bars_only() {
        let bars = Bars::new(&[]);
        assert_eq!((drawn(&bars, "none").len(), bars.colors.len()), (30, 1));
        assert_eq!(bars.label, "No runs yet");
    }

    #[test]
    fn runs_of_no_length_and_of_the_greatest_are_drawn() {
        let bars = Bars::new(&[("passed", 0), ("passed", u64::MAX)]);
        assert_eq!(drawn(&bars, "passed"), ["M196 16h5v6h-5z", "M203 0h5v22h-5z"]);
        assert_eq!(drawn(&Bars::new(&[("passed", 0)]), "passed"), ["M203 16h5v6h-5z"]);
    }
}
