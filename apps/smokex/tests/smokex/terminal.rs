//! The binary on a terminal: somebody sees what it prints and types what it asks for.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command},
    sync::mpsc,
    time::Instant,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

use super::program::PATIENCE;

/// A program that believes somebody sits before it; killed when dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// The program's side, held open to look at how it is set.
    line: Option<OwnedFd>,
    screen: mpsc::Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Starts a command on a terminal of its own.
    pub fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let name = ptsname(&master, Vec::new()).expect("it has a name").into_string().expect("its name is text");
        let line = File::options().read(true).write(true).open(name).expect("it can be opened");
        let end = || line.try_clone().expect("it can be shared");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary starts");
        let mut reader = File::from(master);
        let keyboard = reader.try_clone().expect("it can be shared");
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It ends with an error once nobody holds the other side.
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, line: Some(line.into()), screen, seen: String::new() }
    }

    /// Waits until the screen shows this.
    pub fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let more = self.screen.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|_| panic!("{text:?} was never shown: {}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Types a text.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("the terminal is there");
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let line = self.line.as_ref().expect("the terminal is there until the end");
        tcgetattr(line).expect("it is a terminal").local_modes.contains(LocalModes::ECHO)
    }

    /// Interrupts the program, as the key for it does.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end: {}", self.seen);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// All that was on the screen, once the process has ended.
    pub fn seen(mut self) -> String {
        self.ended();
        self.line = None;
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
