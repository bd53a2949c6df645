//! What the server, the courier and the test have in common.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use super::clock;
use super::courier::Courier;
use super::fault::Faults;
use super::record::Record;
use super::state::State;

pub(crate) struct Shared {
    state: Mutex<State>,
    /// What requests must show.
    pub key: String,
    pub courier: Courier,
    faults: Mutex<Faults>,
    record: Mutex<Record>,
    /// Where the state is kept.
    file: Option<PathBuf>,
}

impl Shared {
    pub(crate) fn new(state: State, key: String, courier: Courier, file: Option<PathBuf>) -> Shared {
        Shared { state: Mutex::new(state), key, courier, faults: Mutex::default(), record: Mutex::default(), file }
    }

    /// The state, to look at.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state, and does what is due by that at once, such as announcing the end of a short
    /// trial; sends off the webhooks of all that, and keeps it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        let now = state.now;
        clock::advance(&mut state, now);
        self.courier.dispatch(&mut state);
        self.save(&state);
        result
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        lock(&self.record)
    }

    fn save(&self, state: &State) {
        let Some(file) = &self.file else { return };
        let write = || -> io::Result<()> {
            let beside = file.with_extension("new");
            fs::write(&beside, serde_json::to_vec(state)?)?;
            fs::rename(&beside, file)
        };
        if let Err(error) = write() {
            eprintln!("fake-stripe: the state could not be written to {}: {error}", file.display());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
