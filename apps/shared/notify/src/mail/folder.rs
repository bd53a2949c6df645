//! A folder that letters are written into, one file each, for whoever has no mail server at hand.

use std::{
    fmt,
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use super::{Failure, Letter};

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a letter. A second time it takes the place of the first.
    pub(super) async fn put(&self, letter: &Letter, bytes: Vec<u8>) -> Result<(), Failure> {
        let (folder, name) = (self.0.clone(), name(letter));
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        written.map_err(io::Error::other).flatten().map_err(|error| {
            let folder = self.0.display();
            Failure::Unavailable(format!("The folder {folder} cannot be written ({error}). Make it writable."))
        })
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the folder {}", self.0.display())
    }
}

/// Files sort by their names as letters were written.
fn name(letter: &Letter) -> String {
    format!("{}-{}.eml", letter.written_at.strftime("%Y-%m-%dT%H-%M-%S.%6fZ"), letter.id)
}

/// Only its owner may read it, and nobody sees half of it.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    builder.recursive(true).create(folder)?;
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.write(true).create(true).truncate(true).open(&draft)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| std::fs::rename(&draft, folder.join(name)));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    renamed
}
