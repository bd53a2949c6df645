//! Measures Smokex against a floor in the same run: `script/bench [NAME…] [--full] [--json]`.
//!
//! Machines are noisy, so every figure is taken in rounds that alternate between ours and the floor,
//! and what counts is the ratio of the medians. Where a promise is a time, ours stands beside it.

mod bare;
mod figure;
mod figures;
mod floor;
mod household;
mod load;
mod rows;
mod target;
mod witness;

use anyhow::bail;

use figure::Figure;

/// As in the program that is measured; the floors have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every figure, and whether it is taken on two databases.
const NAMES: &[(&str, bool)] = &[
    ("engine", false),
    ("persisted", true),
    ("cold", false),
    ("pages", false),
    ("queue", true),
    ("idle", true),
    ("clock", true),
    ("fair", true),
    ("growth", true),
];

/// How long a figure is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bearable.
    Short,
    /// As many as are promised: `--full`.
    Full,
}

impl Form {
    /// What goes with it.
    pub fn either<T>(self, short: T, full: T) -> T {
        if self == Self::Short { short } else { full }
    }
}

fn main() -> anyhow::Result<()> {
    let (mut wanted, mut form, mut json) = (Vec::new(), Form::Short, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            "--full" => form = Form::Full,
            "target" => return on_cores(1)?.block_on(target::serve()),
            "bare" => return figures::cold::bare_process(),
            "scheduler" => return on_cores(2)?.block_on(figures::clock::scheduler()),
            "cpu" => wanted.push(("persisted", None)),
            name => wanted.push(figure_named(name)?),
        }
    }
    if wanted.is_empty() {
        wanted = NAMES.iter().map(|(name, _)| (*name, None)).collect();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for (name, database) in wanted {
        for figure in runtime.block_on(measure(name, database, form))? {
            if json {
                println!("{}", serde_json::to_string(&figure)?);
            } else {
                println!("{figure}");
            }
        }
    }
    Ok(())
}

/// A figure by its name, with the only database it is wanted on, if there is one: `queue-sqlite`.
fn figure_named(argument: &str) -> anyhow::Result<(&'static str, Option<String>)> {
    let (name, database) = match argument.split_once('-') {
        Some((name, database @ ("sqlite" | "postgres"))) => (name, Some(database.to_owned())),
        _ => (argument, None),
    };
    match NAMES.iter().find(|(known, both)| *known == name && (*both || database.is_none())) {
        Some((name, _)) => Ok((name, database)),
        None => {
            let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            bail!(
                "`{argument}` is no figure; there are {}, cpu (measured with persisted), and on one database \
                 persisted, queue, idle, clock, fair and growth with -sqlite or -postgres",
                names.join(", ")
            )
        }
    }
}

async fn measure(name: &str, database: Option<String>, form: Form) -> anyhow::Result<Vec<Figure>> {
    let wanted = |name: &str| database.as_ref().is_none_or(|database| database == name);
    match name {
        "engine" => figures::engine::measure().await,
        "persisted" => figures::persisted::measure(wanted).await,
        "cold" => figures::cold::measure().await,
        "pages" => figures::pages::measure().await,
        "queue" => figures::queue::measure(form, wanted).await,
        "idle" => figures::idle::measure(wanted).await,
        "clock" => figures::clock::measure(form, wanted).await,
        "fair" => figures::fair::measure(wanted).await,
        _ => figures::growth::measure(wanted).await,
    }
}

fn on_cores(workers: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?)
}
