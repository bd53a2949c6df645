//! One measured figure and how it is printed, and the rounds it is taken in.

use std::fmt;

use serde::Serialize;

/// What was measured, beside the floor of the same run or what else it is held against.
#[derive(Serialize)]
pub struct Figure {
    /// `engine`, `persisted sqlite`, …
    pub name: String,
    /// Our median.
    pub ours: f64,
    /// What it is held against.
    #[serde(flatten)]
    pub beside: Beside,
    /// Of both.
    pub unit: &'static str,
    /// Ours by the other: for rates, more is better; for times and costs, less is better.
    pub ratio: f64,
}

/// What a figure is held against.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// The floor's median.
    Floor(f64),
    /// What it is to be at most.
    Aim(f64),
    /// Our own median with a tenth of the history.
    Tenth(f64),
}

impl Figure {
    /// From the rounds of both.
    pub fn of(name: impl Into<String>, unit: &'static str, ours: &[f64], floor: &[f64]) -> Self {
        Self::new(name, unit, median(ours), Beside::Floor(median(floor)))
    }

    /// From our rounds alone, and what they are to be at most.
    pub fn aimed(name: impl Into<String>, unit: &'static str, ours: &[f64], aim: f64) -> Self {
        Self::new(name, unit, median(ours), Beside::Aim(aim))
    }

    /// From our rounds with all of the history, and with a tenth of it.
    pub fn grown(name: impl Into<String>, unit: &'static str, ours: &[f64], tenth: &[f64]) -> Self {
        Self::new(name, unit, median(ours), Beside::Tenth(median(tenth)))
    }

    fn new(name: impl Into<String>, unit: &'static str, ours: f64, beside: Beside) -> Self {
        let (Beside::Floor(other) | Beside::Aim(other) | Beside::Tenth(other)) = beside;
        Self { name: name.into(), ours, beside, unit, ratio: ours / other }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.ours < 10.0 { 3 } else { 1 };
        let (word, other) = match self.beside {
            Beside::Floor(floor) => ("floor", floor),
            Beside::Aim(aim) => ("aim", aim),
            Beside::Tenth(tenth) => ("tenth", tenth),
        };
        write!(
            f,
            "{:<30} ours {:>10.digits$}  {word:<5} {other:>10.digits$}  {:<20} ratio {:.2}",
            self.name, self.ours, self.unit, self.ratio
        )
    }
}

fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many of a hundred do not exceed.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// Takes both in turn; the first round of each only warms up. Answers the values of both.
pub async fn rounds(
    count: usize,
    mut ours: impl AsyncFnMut() -> anyhow::Result<f64>,
    mut floor: impl AsyncFnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let (mut of_ours, mut of_floor) = (Vec::new(), Vec::new());
    for round in 0..=count {
        let (a, b) = (ours().await?, floor().await?);
        if round > 0 {
            of_ours.push(a);
            of_floor.push(b);
        }
    }
    Ok((of_ours, of_floor))
}
