//! A plan on the command line: where it is, what it says, and what is wrong with it.

mod excerpt;

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use plan::{Known, Plan, Severity};

use crate::style::Style;

/// A text that was read, with its diagnostics.
pub struct PlanFile {
    /// As typed; `-` for the standard input.
    pub path: PathBuf,
    /// None if there is an error among the diagnostics.
    pub plan: Option<Arc<Plan>>,
    text: String,
    diagnostics: Vec<plan::Diagnostic>,
}

impl PlanFile {
    /// Reads and checks.
    ///
    /// # Errors
    /// A sentence, if the file cannot be read.
    pub fn read(path: &Path, known: &Known) -> Result<Self, String> {
        let bytes = read_bounded(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        let checked = plan::check_bytes(&bytes, known);
        Ok(Self {
            path: path.to_owned(),
            plan: checked.plan.map(Arc::new),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            diagnostics: checked.diagnostics,
        })
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
        let lines: Vec<&str> = self.text.lines().collect();
        for diagnostic in &self.diagnostics {
            excerpt::print(out, style, &self.shown(), &lines, diagnostic)?;
        }
        Ok(())
    }
}

/// More than any plan may have, so that a text that is too long is told its length.
const MOST: u64 = 64 * plan::MAX_TEXT as u64;

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
