//! The folder of plans as code: one file per plan, and which plan each of them is.

pub mod stem;

use std::{
    collections::{BTreeMap, HashSet},
    env, fs, iter,
    path::{Path, PathBuf},
};

use domain::PlanName;
use plan::Known;

use crate::plan_file::PlanFile;

/// What it is called where no other one is named.
pub const FOLDER: &str = ".smokex";

/// The longest line with a name, every character of it escaped, in bytes.
const LONGEST_NAME: usize = 2048;

/// A folder that is there.
pub struct Folder(PathBuf);

/// A plan in a file.
pub struct LocalPlan {
    pub file: PlanFile,
    /// The one in its text, else the stem of its file.
    pub name: String,
}

impl Folder {
    /// The one that was named, else the nearest one from the working directory upwards.
    ///
    /// # Errors
    /// A sentence, if there is none.
    pub fn find(named: Option<&Path>) -> Result<Self, String> {
        match named {
            Some(path) if path.is_dir() => Ok(Self(path.to_owned())),
            Some(path) => Err(format!("There is no folder {}.", path.display())),
            None => Self::upwards().ok_or_else(|| {
                format!("There is no folder {FOLDER} here or above. `smokex pull` makes one, --folder names another.")
            }),
        }
    }

    /// As [`Self::find`]; where there is none, makes it.
    ///
    /// # Errors
    /// A sentence, if it cannot be made.
    pub fn find_or_make(named: Option<&Path>) -> Result<Self, String> {
        let path = match named {
            Some(path) => path,
            None => match Self::upwards() {
                Some(found) => return Ok(found),
                None => Path::new(FOLDER),
            },
        };
        fs::create_dir_all(path).map_err(|error| format!("The folder {} cannot be made: {error}.", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// By a path from the working directory, so that it reads well.
    fn upwards() -> Option<Self> {
        let above = env::current_dir().ok()?.ancestors().count();
        let mut path = PathBuf::new();
        for _ in 0..above {
            let candidate = path.join(FOLDER);
            if candidate.is_dir() {
                return Some(Self(candidate));
            }
            path.push("..");
        }
        None
    }

    /// Its plans in the order of their files, the wrong ones too.
    ///
    /// # Errors
    /// A sentence, if one cannot be read, or two have one name.
    pub fn plans(&self) -> Result<Vec<LocalPlan>, String> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut plans = Vec::new();
        for name in self.names()?.iter().filter(|name| is_plan_file(name)) {
            let path = self.0.join(name);
            // Whatever else has a name can keep a reader waiting for ever.
            if !path.is_file() {
                return Err(format!("{} is called as a plan is, but is no file that can be read.", path.display()));
            }
            let plan = LocalPlan::read(&path)?;
            let shown = plan.file.shown();
            if let Some(other) = files.insert(plan.name.clone(), shown.clone()) {
                return Err(format!(
                    "{other} and {shown} both hold a plan called `{}`. Rename one of them.",
                    plan.name
                ));
            }
            plans.push(plan);
        }
        Ok(plans)
    }

    /// A file for a plan, where there is none yet; none if its name would have to stand in the name of the file, and
    /// cannot. No other plan gets the same one.
    pub fn place(&self, taken: &mut Taken, name: &str, text: &str) -> Option<PathBuf> {
        let written = written_name(text);
        let stem = stem::stem(name);
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        // The text says who it is, so the file may be called as it likes.
        let stems: Box<dyn Iterator<Item = String>> = match written {
            Some(written) if written == name => Box::new(iter::once(stem.clone()).chain(numbered)),
            _ => Box::new(iter::once(stem.clone()).filter(|stem| stem::name(stem) == name)),
        };
        let free = stems.into_iter().find(|stem| taken.0.insert(stem::key(stem)))?;
        Some(self.0.join(format!("{free}.yml")))
    }

    /// What stands in it already, files of others too.
    ///
    /// # Errors
    /// A sentence, if it cannot be read.
    pub fn taken(&self) -> Result<Taken, String> {
        let stems = self.names()?.into_iter();
        Ok(Taken(stems.filter_map(|name| Some(stem::key(Path::new(&name).file_stem()?.to_str()?))).collect()))
    }

    fn names(&self) -> Result<Vec<String>, String> {
        let cannot = |error| format!("The folder {} cannot be read: {error}.", self.0.display());
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(cannot)? {
            // A name that is no text is none of ours.
            names.extend(entry.map_err(cannot)?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}

/// Stems that no new file may have.
pub struct Taken(HashSet<String>);

/// Hidden ones belong to editors and to programs under way.
fn is_plan_file(name: &str) -> bool {
    !name.starts_with('.') && is_plan_path(Path::new(name))
}

/// Whether this is called as files with plans are.
pub fn is_plan_path(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

impl LocalPlan {
    /// Reads a file, whatever is wrong with the plan in it.
    ///
    /// # Errors
    /// A sentence, if it cannot be read, or no plan can have the name that it tells.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = PlanFile::read_for_server(path)?;
        let name = Self::name_of(&file)?;
        Ok(Self { file, name })
    }

    fn name_of(file: &PlanFile) -> Result<String, String> {
        let written = match &file.plan {
            Some(plan) => plan.name.clone(),
            None => torn_name(&file.text()),
        };
        let name = written.unwrap_or_else(|| stem::name(&file.path.file_stem().unwrap_or_default().to_string_lossy()));
        let name: Result<PlanName, _> = name.parse();
        name.map(|name| name.as_str().to_owned())
            .map_err(|_| format!("{}: the name of a plan has 1 to 120 characters on one line.", file.shown()))
    }
}

/// The name that a text gives itself, even if it is no plan (any more, or not for this version of the language).
pub fn written_name(text: &str) -> Option<String> {
    match plan::check(text, &Known::default()).plan {
        Some(plan) => plan.name.map(|name| name.trim().to_owned()),
        None => torn_name(text),
    }
}

/// As the line of a name has it, if it is no longer than a name can be. Nothing else is looked at: who knows what is
/// wrong with the rest, and how long reading it would take.
fn torn_name(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("name:") && line.len() < LONGEST_NAME)?;
    let entry: serde_json::Value = serde_yaml::from_str(line).ok()?;
    Some(entry.get("name")?.as_str()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "- get: { url: https://example.com }\n";

    fn folder() -> (tempfile::TempDir, Folder) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        (folder, Folder(path))
    }

    fn named(name: &str) -> String {
        format!("name: {name:?}\nsteps:\n  {TEXT}")
    }

    #[test]
    fn a_plan_is_called_as_its_text_says_else_as_its_file() {
        let (kept, folder) = folder();
        for (file, text) in [
            ("a.yml", named("Players")),
            ("b.yaml", TEXT.to_owned()),
            ("a%2Fc.yml", TEXT.to_owned()),
            ("wrong.yml", "name: Broken\nstep: []\n".to_owned()),
            ("torn.yml", "name: [\n".to_owned()),
            (".hidden.yml", TEXT.to_owned()),
            ("notes.txt", TEXT.to_owned()),
        ] {
            fs::write(kept.path().join(file), text).unwrap();
        }
        let names: Vec<String> = folder.plans().unwrap().into_iter().map(|plan| plan.name).collect();
        assert_eq!(names, ["a/c", "Players", "b", "torn", "Broken"]);
    }

    #[test]
    fn two_files_with_one_name_are_both_told() {
        let (kept, folder) = folder();
        fs::write(kept.path().join("a.yml"), named("Players")).unwrap();
        fs::write(kept.path().join("Players.yml"), TEXT).unwrap();
        let error = folder.plans().err().unwrap();
        assert!(error.contains("a.yml") && error.contains("Players.yml") && error.contains("`Players`"), "{error}");
    }

    #[test]
    fn a_name_that_no_plan_may_have_is_told_with_its_file() {
        let (kept, folder) = folder();
        fs::write(kept.path().join("a.yml"), named(&"x".repeat(121))).unwrap();
        let error = folder.plans().err().unwrap();
        assert!(error.contains("a.yml: the name of a plan has 1 to 120 characters"), "{error}");
    }

    #[test]
    fn what_is_no_file_is_told_and_never_read() {
        let (kept, folder) = folder();
        fs::create_dir(kept.path().join("a.yml")).unwrap();
        assert!(folder.plans().err().unwrap().contains("a.yml is called as a plan is"));
    }

    #[test]
    fn no_two_plans_get_the_same_file_wherever_case_does_not_count() {
        let (kept, folder) = folder();
        fs::write(kept.path().join("OTHER.txt"), "").unwrap();
        let mut taken = folder.taken().unwrap();
        let mut place = |name: &str, text: &str| {
            folder.place(&mut taken, name, text).map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        };
        assert_eq!(place("Players", &named("Players")).as_deref(), Some("Players.yml"));
        assert_eq!(place("players", &named("players")).as_deref(), Some("players-2.yml"));
        assert_eq!(place("PLAYERS", TEXT), None, "only the name of its file could say so");
        assert_eq!(place("other", &named("other")).as_deref(), Some("other-2.yml"), "it might be somebody else's");
        assert_eq!(place("Unnamed", TEXT).as_deref(), Some("Unnamed.yml"));
        let long = "/".repeat(120);
        assert_eq!(place(&long, TEXT), None);
        assert!(place(&long, &named(&long)).is_some_and(|name| name.len() < 255));
    }

    #[test]
    fn a_hostile_text_takes_no_time() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            bomb += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
        }
        let began = std::time::Instant::now();
        assert_eq!(written_name(&format!("{bomb}name: Bomb\n")).as_deref(), Some("Bomb"));
        assert_eq!(written_name(&format!("name: {}\n", "[".repeat(200_000))), None);
        assert_eq!(written_name(&"[".repeat(200_000)), None);
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    }

    #[test]
    fn what_was_placed_is_found_again_under_its_name() {
        let (_kept, folder) = folder();
        let mut taken = folder.taken().unwrap();
        let names = ["../../etc/passwd", "CON", ".", "a\\b", "100%", "Prüfung"];
        for name in names {
            let path = folder.place(&mut taken, name, TEXT).unwrap();
            assert_eq!(path.parent(), Some(folder.0.as_path()), "{}", path.display());
            fs::write(path, TEXT).unwrap();
        }
        let mut found: Vec<String> = folder.plans().unwrap().into_iter().map(|plan| plan.name).collect();
        let mut names = names.map(str::to_owned);
        found.sort();
        names.sort();
        assert_eq!(found, names);
    }
}
