//! Starting the binary and talking to it.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use tempfile::TempDir;

/// How long anything may take that should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own to run the binary in.
pub struct Folder(TempDir);

/// How the binary ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A binary that goes on; killed when dropped.
pub struct Running {
    child: Child,
    stdout: mpsc::Receiver<String>,
    stderr: std::thread::JoinHandle<String>,
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("the folder can be written");
        path
    }

    /// Everything in it, folders too, in order.
    pub fn content(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
                found.push(entry.path().strip_prefix(root).expect("it is below").display().to_string());
                if entry.path().is_dir() {
                    walk(&entry.path(), root, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(self.path(), self.path(), &mut found);
        found.sort();
        found
    }

    /// The binary with no variables but these, in this folder.
    pub fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokex"));
        command.args(arguments).current_dir(self.path()).env_clear().envs(variables.iter().copied());
        command
    }

    /// Runs the binary to its end.
    pub async fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        self.run_with(arguments, &[], "").await
    }

    /// Runs the binary to its end, with variables and a standard input.
    pub async fn run_with<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
        input: &str,
    ) -> Ended {
        let mut command = self.command(arguments, variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let ended = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("the binary starts");
            let mut stdin = child.stdin.take().expect("stdin is a pipe");
            // Whoever does not read its input may close it.
            let _ = stdin.write_all(input.as_bytes());
            drop(stdin);
            child.wait_with_output().expect("the binary ends")
        });
        let output = tokio::time::timeout(PATIENCE, ended).await.expect("the binary ends in time").expect("no panic");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("output is UTF-8"),
        }
    }

    /// Starts the binary and leaves it running.
    pub fn start<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
    ) -> Running {
        Running::start(self.command(arguments, variables))
    }
}

impl Running {
    /// Starts a command that goes on.
    pub fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (sender, stdout) = mpsc::channel();
        let lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut pipe = child.stderr.take().expect("stderr is a pipe");
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = pipe.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, stdout, stderr }
    }

    /// Waits for a line of standard output that holds this text, and gives it back.
    pub fn line_with(&mut self, text: &str) -> String {
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("no line with {text:?} came: {:?}", self.child.try_wait()),
            }
        }
    }

    /// The address it prints once it listens, without a slash at the end.
    pub fn origin(&mut self) -> String {
        let line = self.line_with("http://");
        let start = line.find("http://").expect("it was found");
        line[start..].split_whitespace().next().expect("it is not empty").trim_end_matches('/').to_owned()
    }

    /// Sends a signal by its name, such as `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let began = std::time::Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr = std::mem::replace(&mut self.stderr, std::thread::spawn(String::new));
        Ended {
            code,
            stdout: self.stdout.try_iter().collect::<Vec<_>>().join("\n"),
            stderr: stderr.join().expect("no panic"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
