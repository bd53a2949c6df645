//! A PostgreSQL cluster that one test has to itself, to crash it and to bring it back. What is committed is on
//! the disk, as in production.

use crate::database::run;

/// A cluster that runs; stopped and deleted when dropped.
pub struct Cluster {
    name: String,
    url: String,
}

impl Cluster {
    /// Makes it and starts it. Blocks for a second or two.
    #[must_use]
    pub fn start() -> Self {
        let name = format!("own-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let url = run(&["start", &name]);
        Self { name, url }
    }

    /// The URL of its one database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server at once, as a crash would.
    pub fn crash(&self) {
        run(&["crash", &self.name]);
    }

    /// Starts the server again, with everything that was committed.
    pub fn resume(&self) {
        run(&["start", &self.name]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run(&["stop", &self.name]);
    }
}
