//! `smokex clock`: how the clock of a server goes, stopping it, letting it go on.

mod status;

use store::Store;

use crate::{
    arguments::ClockCommand,
    exit::Exit,
    operate::{operate, print},
    style::Style,
};

/// Does it in the database; every process that fires schedules looks there first.
pub fn clock(command: &ClockCommand) -> Exit {
    operate(async |store: &Store| {
        match command {
            ClockCommand::Status { json } => {
                let (status, style) = (store.clock().await?, Style::of(&std::io::stdout()));
                print(&if *json { status::json(&status)? } else { status::text(&status, style) })?;
            }
            ClockCommand::Pause { reason } => {
                let stopped = store.pause_clock(&who(), reason.as_deref().unwrap_or_default()).await?;
                print(if stopped {
                    "The clock is paused: no schedule starts a run until `smokex clock resume`.\n"
                } else {
                    "The clock was paused already and stays so; `smokex clock status` tells by whom and why.\n"
                })?;
            }
            ClockCommand::Resume => {
                let resumed = store.resume_clock().await?;
                print(if resumed {
                    "The clock goes on. Each schedule catches up as it says.\n"
                } else {
                    "The clock was not paused.\n"
                })?;
            }
        }
        Ok(Exit::Passed)
    })
}

/// Who types, as others will read it.
fn who() -> String {
    let user =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    format!("{} on {}", user.as_deref().unwrap_or("somebody"), runtime::machine::name())
}
