//! Measures Smokex against a floor in the same run: `script/bench [NAME…] [--json]`.
//!
//! Machines are noisy, so every figure is taken in rounds that alternate between ours and the floor,
//! and what counts is the ratio of the medians.

mod bare;
mod figure;
mod figures;
mod floor;
mod household;
mod load;
mod target;

use anyhow::bail;

use figure::Figure;

/// As in the program that is measured; the floors have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NAMES: &[&str] = &["engine", "persisted", "cold", "pages"];

fn main() -> anyhow::Result<()> {
    let mut names = Vec::new();
    let mut json = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            "target" => return on_cores(1)?.block_on(target::serve()),
            "bare" => return figures::cold::bare_process(),
            name if NAMES.contains(&name) => names.push(name.to_owned()),
            "cpu" => names.push("persisted".to_owned()),
            "persisted-sqlite" | "persisted-postgres" => names.push(argument),
            other => bail!(
                "`{other}` is no figure; there are {}, cpu (measured with persisted), persisted-sqlite and persisted-postgres",
                NAMES.join(", ")
            ),
        }
    }
    if names.is_empty() {
        names = NAMES.iter().map(|name| (*name).to_owned()).collect();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for name in names {
        let figures: Vec<Figure> = match name.as_str() {
            "engine" => runtime.block_on(figures::engine::measure())?,
            "persisted" => runtime.block_on(figures::persisted::measure(|_| true))?,
            "persisted-sqlite" => runtime.block_on(figures::persisted::measure(|name| name == "sqlite"))?,
            "persisted-postgres" => runtime.block_on(figures::persisted::measure(|name| name == "postgres"))?,
            "cold" => runtime.block_on(figures::cold::measure())?,
            _ => runtime.block_on(figures::pages::measure())?,
        };
        for figure in figures {
            if json {
                println!("{}", serde_json::to_string(&figure)?);
            } else {
                println!("{figure}");
            }
        }
    }
    Ok(())
}

fn on_cores(workers: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?)
}
