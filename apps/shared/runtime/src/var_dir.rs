//! The folder of our own files: the generated key and, by default, the database.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::config::{Environment, Invalid};

/// `VAR_DIR`, by default `./var`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarDir(PathBuf);

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("The folder {} cannot be written ({reason}). Make it writable, or name another one in VAR_DIR.", path.display())]
pub struct Unwritable {
    path: PathBuf,
    reason: io::Error,
}

impl VarDir {
    /// From `VAR_DIR`. The folder is not touched yet.
    ///
    /// # Errors
    /// If the variable is not UTF-8.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If the variable is not UTF-8.
    pub fn read(environment: &Environment) -> Result<Self, Invalid> {
        Ok(Self(environment.text("VAR_DIR")?.unwrap_or_else(|| "./var".into()).into()))
    }

    /// This folder.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, readable by its owner only, if it is missing, and tries to write in it.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn prepare(&self) -> Result<(), Unwritable> {
        self.try_prepare().map_err(|reason| Unwritable { path: self.0.clone(), reason })
    }

    fn try_prepare(&self) -> io::Result<()> {
        if !self.0.is_dir() {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(&self.0)?;
        }
        let probe = self.file(&format!(".writable-{}", std::process::id()));
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_made_and_left_empty() {
        let temp = tempfile::tempdir().unwrap();
        let var = VarDir::at(temp.path().join("a/b"));
        var.prepare().unwrap();
        var.prepare().unwrap();
        assert_eq!(std::fs::read_dir(var.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_its_place_is_told_with_the_path_and_the_way_out() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("var");
        std::fs::write(&path, "mine").unwrap();
        let error = VarDir::at(&path).prepare().unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()) && error.contains("VAR_DIR"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
