//! `smokex secrets`: changing the key that seals everything, while a server is at work.

use std::fmt::Write;

use serde::Serialize;
use store::{Resealed, Store};

use crate::{
    arguments::SecretsCommand,
    exit::Exit,
    operate::{operate, print},
};

/// Does it in the database, beside the processes that work on it.
pub fn secrets(command: &SecretsCommand) -> Exit {
    operate(async |store: &Store| {
        let SecretsCommand::Rotate { json } = command;
        let done = store.reseal().await?;
        print(&if *json { line(&done)? } else { text(&done) })?;
        Ok(if done.needed.is_empty() && done.unopened == 0 { Exit::Passed } else { Exit::Failed })
    })
}

fn text(done: &Resealed) -> String {
    let Resealed { current, data_keys, second_factors, steps, unopened, retired, needed } = done;
    let mut text = match data_keys + second_factors + steps {
        0 => format!("There was nothing to seal again: the key {current} has sealed everything.\n"),
        _ => format!(
            "Sealed again with the key {current}: {}, {} and what {} captured.\n",
            counted(*data_keys, "organization's data key", "organizations' data keys"),
            counted(*second_factors, "second factor", "second factors"),
            counted(*steps, "step of a run under way has", "steps of runs under way have"),
        ),
    };
    if *unopened > 0 {
        let _ = writeln!(
            text,
            "{} with none of the keys given, and stayed as before. Name the key that is missing in SMOKEX_OLD_KEYS and \
             do this again; a secret whose key is lost has to be entered anew.",
            counted(*unopened, "of them opens", "of them open"),
        );
    }
    if !retired.is_empty() {
        let _ = writeln!(text, "Nothing needs {} any more: leave it out of SMOKEX_OLD_KEYS.", keys(retired));
    }
    if !needed.is_empty() {
        let _ = writeln!(
            text,
            "Something still needs {}: keep it in SMOKEX_OLD_KEYS. If a process still has it in SMOKEX_KEY, start that \
             process anew and do this again.",
            keys(needed)
        );
    }
    text
}

fn keys(ids: &[String]) -> String {
    let noun = if ids.len() == 1 { "the key" } else { "the keys" };
    format!("{noun} {}", ids.join(", "))
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[derive(Serialize)]
struct Report<'r> {
    current: &'r str,
    data_keys: u64,
    second_factors: u64,
    steps: u64,
    unopened: u64,
    retired: &'r [String],
    needed: &'r [String],
}

fn line(done: &Resealed) -> serde_json::Result<String> {
    let Resealed { current, data_keys, second_factors, steps, unopened, retired, needed } = done;
    let (data_keys, second_factors, steps, unopened) = (*data_keys, *second_factors, *steps, *unopened);
    let report = Report { current, data_keys, second_factors, steps, unopened, retired, needed };
    serde_json::to_string(&report).map(|line| line + "\n")
}
