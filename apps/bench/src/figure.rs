//! One measured figure and how it is printed, and the rounds it is taken in.

use std::fmt;

use serde::Serialize;

/// What was measured, beside the floor of the same run.
#[derive(Serialize)]
pub struct Figure {
    /// `engine`, `persisted sqlite`, …
    pub name: String,
    /// Our median.
    pub ours: f64,
    /// The floor's median.
    pub floor: f64,
    /// Of both.
    pub unit: &'static str,
    /// Ours by the floor: for rates, more is better; for times and costs, less is better.
    pub ratio: f64,
}

impl Figure {
    /// From the rounds of both.
    pub fn of(name: impl Into<String>, unit: &'static str, ours: &[f64], floor: &[f64]) -> Self {
        let (ours, floor) = (median(ours), median(floor));
        Self { name: name.into(), ours, floor, unit, ratio: ours / floor }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.ours < 10.0 { 3 } else { 1 };
        write!(
            f,
            "{:<22} ours {:>10.digits$}  floor {:>10.digits$}  {:<22} ratio {:.2}",
            self.name, self.ours, self.floor, self.unit, self.ratio
        )
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
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
