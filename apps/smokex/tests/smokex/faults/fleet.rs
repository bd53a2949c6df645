//! The processes under test: each in its place, where another one takes over when it is gone.

use std::{process::Command, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::super::program::{Ended, Folder, Running};

/// Where the pages are served now; none while nobody serves them.
pub type Origin = watch::Receiver<Option<String>>;

/// Processes, each of one role.
pub struct Fleet {
    folder: Arc<Folder>,
    variables: Vec<(&'static str, String)>,
    /// Whoever is started runs in the user and mount namespaces of the process with this id.
    pub within: Option<u32>,
    places: Vec<Place>,
    /// What processes that are gone said on standard error.
    said: Vec<String>,
}

struct Place {
    role: &'static str,
    running: Option<Running>,
    origin: watch::Sender<Option<String>>,
}

impl Fleet {
    /// Nobody yet; everybody will have these variables.
    pub fn new(folder: Arc<Folder>, variables: Vec<(&'static str, String)>) -> Self {
        Self { folder, variables, within: None, places: Vec::new(), said: Vec::new() }
    }

    /// Starts these roles and waits until the pages are served.
    pub fn start(&mut self, roles: &[&'static str]) {
        for role in roles {
            self.places.push(Place { role, running: None, origin: watch::Sender::new(None) });
            self.begin(self.places.len() - 1);
        }
        (0..self.places.len()).for_each(|place| self.ready(place));
    }

    /// Where this role is.
    pub fn of(&self, role: &str) -> Vec<usize> {
        (0..self.places.len()).filter(|place| self.places[*place].role == role).collect()
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn role(&self, place: usize) -> &'static str {
        self.places[place].role
    }

    /// Everybody who serves pages.
    pub fn origins(&self) -> Vec<Origin> {
        let serving = self.places.iter().filter(|place| serves(place.role));
        serving.map(|place| place.origin.subscribe()).collect()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, place: usize, name: &str) {
        self.places[place].running.as_ref().expect("it was started").signal(name);
    }

    /// Kills it at once, whatever it does, without starting it again.
    pub fn kill(&mut self, place: usize) {
        self.signal(place, "KILL");
        let ended = self.bury(place);
        assert_eq!(ended.code, None, "{} ended by itself before it was killed: {ended:?}", self.role(place));
    }

    /// Asks it to stop, and waits until it has; it has to do so properly.
    pub fn stop(&mut self, place: usize) {
        self.signal(place, "TERM");
        let ended = self.bury(place);
        assert_eq!(ended.code, Some(0), "{} did not stop properly: {ended:?}", self.role(place));
    }

    fn bury(&mut self, place: usize) -> Ended {
        let running = self.places[place].running.take().expect("it was started");
        let ended = running.end();
        self.places[place].origin.send_replace(None);
        self.said.push(ended.stderr.clone());
        ended
    }

    /// Starts it (again) without waiting.
    pub fn begin(&mut self, place: usize) {
        let variables: Vec<(&str, &str)> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut command = self.folder.command([self.places[place].role], &variables);
        if let Some(process) = self.within {
            let options = ["--preserve-credentials", "--user", "--mount", "--target", &process.to_string()];
            let mut outer = Command::new("nsenter");
            outer.args(options).arg("--").arg(command.get_program()).args(command.get_args());
            outer.env_clear().envs(variables);
            command = outer;
        }
        self.places[place].running = Some(Running::start(command));
    }

    /// What processes that are gone said on standard error.
    pub fn said(&self) -> String {
        self.said.concat()
    }

    /// Waits until it serves pages, if that is what it does.
    pub fn ready(&mut self, place: usize) {
        let place = &mut self.places[place];
        if serves(place.role) && place.origin.borrow().is_none() {
            let origin = place.running.as_mut().expect("it was started").origin();
            place.origin.send_replace(Some(origin));
        }
    }

    /// Stops everybody properly, and gives back what anybody ever said on standard error.
    pub fn disband(mut self) -> String {
        for place in 0..self.places.len() {
            self.stop(place);
        }
        self.said()
    }
}

fn serves(role: &str) -> bool {
    matches!(role, "web" | "serve")
}

/// Does nothing for a while: a moment of a fault, not a wait for something.
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}
