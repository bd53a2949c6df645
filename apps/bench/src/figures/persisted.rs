//! `persisted`: plans a second from queued to final with every step stored, against the bare loop with
//! one batch insert per plan; and `cpu`, what it costs in this process.

use std::sync::Arc;

use crate::{
    bare,
    figure::{Figure, rounds},
    floor::Database,
    household::{Household, databases},
    load,
};

const PLANS: usize = 2_000;
const REQUESTS_A_PLAN: f64 = 5.0;

/// Takes the figures on those databases that are wanted.
pub async fn measure(wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<Figure>> {
    let target = load::Target::start().await?;
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, ours, floor) in databases(folder.path())?.into_iter().filter(|(name, ..)| wanted(name)) {
        let floor = Arc::new(match name {
            "sqlite" => Database::sqlite(&floor)?,
            _ => Database::postgres(&floor, load::AT_ONCE)?,
        });
        let household = Household::new(&ours, &target).await?;
        let (client, base) = (bare::client()?, Arc::new(format!("http://{}", target.address)));
        let (mut cpu_ours, mut cpu_floor) = (Vec::new(), Vec::new());
        let (plans_ours, plans_floor) = rounds(
            5,
            async || {
                // Queueing is the web app's work, so its CPU time is not counted.
                household.queue(PLANS).await?;
                let before = load::cpu_seconds()?;
                let rate = household.execute(PLANS).await?;
                cpu_ours.push(per_thousand_requests(load::cpu_seconds()? - before));
                Ok(rate)
            },
            async || {
                let (client, base, floor) = (client.clone(), Arc::clone(&base), Arc::clone(&floor));
                let before = load::cpu_seconds()?;
                let rate = load::per_second(PLANS, move |worker| {
                    let (client, base, floor) = (client.clone(), Arc::clone(&base), Arc::clone(&floor));
                    async move {
                        let done = bare::plan(&client, &base).await?;
                        tokio::task::spawn_blocking(move || floor.insert(worker, &done.bodies)).await?
                    }
                })
                .await?;
                cpu_floor.push(per_thousand_requests(load::cpu_seconds()? - before));
                Ok(rate)
            },
        )
        .await?;
        figures.push(Figure::of(format!("persisted {name}"), "plans/s", &plans_ours, &plans_floor));
        figures.push(Figure::of(format!("cpu {name}"), "CPU s/1,000 requests", &cpu_ours, &cpu_floor));
    }
    Ok(figures)
}

#[allow(clippy::cast_precision_loss)]
fn per_thousand_requests(seconds: f64) -> f64 {
    seconds / (PLANS as f64 * REQUESTS_A_PLAN / 1000.0)
}
