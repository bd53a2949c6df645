//! `engine`: plans a second, nothing stored, against the bare loop.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use domain::RunState;
use egress::{Egress, Policy};
use engine::{Abandoned, Input, Observer, Progress, StepFinished, StepStarted};

use tokio_util::sync::CancellationToken;

use crate::{
    bare,
    figure::{Figure, rounds},
    load,
};

const PLANS: usize = 3_000;

struct Nobody;

impl Observer for Nobody {
    async fn step_started(&mut self, _: StepStarted) -> Result<(), Abandoned> {
        Ok(())
    }

    async fn step_finished(&mut self, _: StepFinished) -> Result<(), Abandoned> {
        Ok(())
    }
}

/// Takes the figure.
pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let target = load::Target::start().await?;
    let base = Arc::new(format!("http://{}", target.address));
    let plan = plan::check(&load::plan_text(&target.address), &plan::Known::default()).plan.context("a valid plan")?;
    let (plan, egress, client) = (Arc::new(plan), Egress::new(Policy::any()), bare::client()?);
    let (ours, floor) = rounds(
        5,
        async || {
            let (plan, egress) = (Arc::clone(&plan), egress.clone());
            load::per_second(PLANS, move |_| {
                let (plan, egress) = (Arc::clone(&plan), egress.clone());
                async move {
                    let outcome = engine::execute(input(plan), &egress, &mut Nobody)
                        .await
                        .map_err(|Abandoned| anyhow::anyhow!("nobody gives up"))?;
                    ensure!(outcome.state == RunState::Passed, "{:?}", outcome.reason);
                    Ok(())
                }
            })
            .await
        },
        async || {
            let (client, base) = (client.clone(), Arc::clone(&base));
            load::per_second(PLANS, move |_| {
                let (client, base) = (client.clone(), Arc::clone(&base));
                async move { bare::plan(&client, &base).await.map(drop) }
            })
            .await
        },
    )
    .await?;
    Ok(vec![Figure::of("engine", "plans/s", &ours, &floor)])
}

fn input(plan: Arc<plan::Plan>) -> Input {
    Input {
        plan,
        variables: Vec::new(),
        deadline: Duration::from_secs(60),
        progress: Progress::default(),
        cancel: CancellationToken::new(),
    }
}
