//! What is shown while a run goes on: steps as they finish on standard output, and below them, on a
//! terminal, a line that tells what is under way.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use domain::{Elapsed, StepReport};
use plan::OutlineStep;
use tokio::task::AbortHandle;

use crate::{
    report::{PlanRun, text},
    style::{Style, Tone, cut, printable},
};

/// Names are aligned up to this width, in characters.
const WIDEST_NAME: usize = 40;
/// How much of the progress line is shown: less than any terminal is wide.
const PROGRESS: usize = 76;
/// How often the line is drawn anew. What is over sooner never shows one.
const TICK: Duration = Duration::from_millis(100);

/// The screen of one run.
pub struct Live(Arc<Mutex<Screen>>);

struct Screen {
    /// Whether finished steps are printed.
    steps: bool,
    /// Whether standard error can show the line.
    progress: bool,
    style: Style,
    width: usize,
    total: usize,
    finished: usize,
    under_way: Option<(String, Instant)>,
    drawn: bool,
    /// The first failure to write; told at the end.
    broken: Option<io::Error>,
}

impl Live {
    /// Prints the head. Without `steps`, nothing is printed but the progress line.
    pub fn begin(steps: bool, path: &str, title: Option<&str>, outline: &[OutlineStep]) -> io::Result<Self> {
        let stdout = io::stdout();
        let style = Style::of(&stdout);
        if steps {
            let title = title.map(|title| format!("  {}", printable(title))).unwrap_or_default();
            writeln!(stdout.lock(), "{}{title}", style.paint(Tone::Strong, printable(path)))?;
        }
        let named = outline.iter().filter(|step| step.name != format!("{} {}", step.method, step.url));
        let widest = named.map(|step| step.name.chars().count()).max().unwrap_or_default();
        Ok(Self(Arc::new(Mutex::new(Screen {
            steps,
            progress: io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            style,
            width: widest.min(WIDEST_NAME),
            total: outline.len(),
            finished: 0,
            under_way: None,
            drawn: false,
            broken: None,
        }))))
    }

    /// Draws the progress line over and over until the handle is aborted.
    pub fn keep_ticking(&self) -> AbortHandle {
        let screen = self.0.clone();
        tokio::spawn(async move {
            if !lock(&screen).progress {
                return;
            }
            loop {
                tokio::time::sleep(TICK).await;
                lock(&screen).draw();
            }
        })
        .abort_handle()
    }

    pub fn step_started(&self, name: &str) {
        lock(&self.0).under_way = Some((printable(name), Instant::now()));
    }

    pub fn step_finished(&self, step: &StepReport) {
        let mut screen = lock(&self.0);
        screen.finished += 1;
        screen.under_way = None;
        if screen.steps {
            let lines = text::step(screen.style, screen.width, step);
            screen.print(&lines);
        }
    }

    /// Takes the progress line away: somebody else has something to tell.
    pub fn leave(&self) {
        let mut screen = lock(&self.0);
        screen.under_way = None;
        screen.clear();
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// If anything of the report could not be written.
    pub fn end(&self, run: &PlanRun) -> io::Result<()> {
        let mut screen = lock(&self.0);
        screen.clear();
        if screen.steps {
            let mut lines = text::summary(screen.style, run);
            lines.push(String::new());
            screen.print(&lines);
        }
        screen.broken.take().map_or(Ok(()), Err)
    }
}

fn lock(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().expect("nothing panics while it holds the screen")
}

impl Screen {
    fn print(&mut self, lines: &[String]) {
        self.clear();
        let mut stdout = io::stdout().lock();
        let written = lines.iter().try_for_each(|line| writeln!(stdout, "{line}")).and_then(|()| stdout.flush());
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    /// The line is a courtesy: if it cannot be written, nothing is lost.
    fn draw(&mut self) {
        let Some((name, since)) = &self.under_way else { return };
        let line = format!("{}/{} {name}  {}", self.finished + 1, self.total, Elapsed::from(since.elapsed()));
        let _ = write!(io::stderr(), "\r\x1b[K{}", cut(&line, PROGRESS));
        self.drawn = true;
    }

    fn clear(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.drawn = false;
        }
    }
}
