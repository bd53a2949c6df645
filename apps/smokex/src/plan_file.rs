//! A plan on the command line: where it is, what it says, and what is wrong with it.

mod excerpt;

use std::{
    borrow::Cow,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use plan::{Checked, Diagnostic, Known, Plan, Severity};

use crate::style::Style;

/// A text that was read, with its diagnostics.
pub struct PlanFile {
    /// As typed; `-` for the standard input.
    pub path: PathBuf,
    /// None if there is an error among the diagnostics.
    pub plan: Option<Arc<Plan>>,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl PlanFile {
    /// Reads and checks.
    ///
    /// # Errors
    /// A sentence, if the file cannot be read.
    pub fn read(path: &Path, known: &Known) -> Result<Self, String> {
        let bytes = read_bounded(path)?;
        Ok(Self::of(path, &bytes, plan::check_bytes(&bytes, known)))
    }

    /// As [`Self::read`] for a plan that will run on a server, which knows what comes from outside: that a name is
    /// not the plan's own is no mistake here.
    ///
    /// # Errors
    /// A sentence, if the file cannot be read.
    pub fn read_for_server(path: &Path) -> Result<Self, String> {
        let bytes = read_bounded(path)?;
        let outside = plan::check_bytes(&bytes, &Known::default()).outside;
        Ok(Self::of(path, &bytes, plan::check_bytes(&bytes, &Known { names: Some(outside) })))
    }

    fn of(path: &Path, bytes: &[u8], checked: Checked) -> Self {
        Self {
            path: path.to_owned(),
            plan: checked.plan.map(Arc::new),
            text: String::from_utf8_lossy(bytes).into_owned(),
            diagnostics: checked.diagnostics,
        }
    }

    /// The text with the line ends that the language has.
    pub fn text(&self) -> Cow<'_, str> {
        if self.text.contains("\r\n") { self.text.replace("\r\n", "\n").into() } else { self.text.as_str().into() }
    }

    /// The path to show.
    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// How many mistakes do not keep the plan from running.
    pub fn warnings(&self) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning).count()
    }

    /// Prints every diagnostic with its line.
    pub fn print_diagnostics(&self, out: &mut impl Write, style: Style) -> std::io::Result<()> {
        self.print_foreign(out, style, &self.diagnostics)
    }

    /// As [`Self::print_diagnostics`], with what somebody else says about this text.
    pub fn print_foreign(&self, out: &mut impl Write, style: Style, found: &[Diagnostic]) -> std::io::Result<()> {
        let lines: Vec<&str> = self.text.lines().collect();
        for diagnostic in found {
            excerpt::print(out, style, &self.shown(), &lines, diagnostic)?;
        }
        Ok(())
    }
}

/// More than any plan may have, so that a text that is too long is told its length.
const MOST: u64 = 64 * plan::MAX_TEXT as u64;

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes))
    };
    read.map(|_| bytes).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}
