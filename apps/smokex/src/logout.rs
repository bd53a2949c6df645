//! `smokex logout`: forgets the token that was kept.

use std::env;

use crate::{
    credentials::{Credentials, TOKEN},
    exit::Exit,
    giving_up::complain,
    operate::print,
};

/// Deletes it here. On the server it is still good until it is revoked there.
pub fn logout() -> Exit {
    match Credentials::forget() {
        Err(sentence) => {
            complain(&sentence);
            return Exit::Wrong;
        }
        // It is done: whoever does not read that does not need to.
        Ok(None) => drop(print("No token is kept.\n")),
        Ok(Some(path)) => drop(print(&format!(
            "{} is deleted. Its token is good until it expires or is revoked on the server.\n",
            path.display()
        ))),
    }
    if env::var_os(TOKEN).is_some() {
        eprintln!("{TOKEN} is set and goes on being used.");
    }
    Exit::Passed
}
