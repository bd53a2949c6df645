//! The key that seals secrets in the database, and the file it is kept in when nobody gives one.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::var_dir::VarDir;

/// 32 random bytes. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Reading or making it failed.
    #[error(
        "The key file {} cannot be read or made ({reason}). Make its folder writable, name another one in VAR_DIR, \
         or give the key in SMOKEX_KEY.",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// It holds something else.
    #[error(
        "The key file {} does not hold a key (the base64 of 32 bytes). Put the right one back: what was sealed \
         with it cannot be opened without it.",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    /// These bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A new one from the system's random numbers, kept nowhere.
    ///
    /// # Errors
    /// If the system has none to give.
    pub fn random() -> io::Result<Self> {
        let mut key = Self::new([0; 32]);
        getrandom::fill(&mut *key.0).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(key)
    }

    /// The key in the file `key` of the folder; none if there is no such file.
    ///
    /// # Errors
    /// If the file cannot be read or does not hold a key.
    pub fn load(var: &VarDir) -> Result<Option<Self>, KeyFileError> {
        let path = var.file("key");
        match fs::read_to_string(&path) {
            Ok(text) => Self::decode(&text).map(Some).ok_or(KeyFileError::NoKey { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyFileError::NoKey { path }),
            Err(reason) => Err(KeyFileError::Io { path, reason }),
        }
    }

    /// As [`Self::load`]; without the file, makes one, readable by its owner only. Of several
    /// processes that do so at once, one file wins and all return its key.
    ///
    /// # Errors
    /// If the file cannot be read or made, or does not hold a key.
    pub fn load_or_make(var: &VarDir) -> Result<Self, KeyFileError> {
        if let Some(key) = Self::load(var)? {
            return Ok(key);
        }
        let path = var.file("key");
        if !var.path().is_dir() {
            var.prepare().map_err(|error| KeyFileError::Io { path: path.clone(), reason: io::Error::other(error) })?;
        }
        make(&path).map_err(|reason| KeyFileError::Io { path: path.clone(), reason })?;
        Self::load(var)?.ok_or(KeyFileError::Io { path, reason: io::ErrorKind::NotFound.into() })
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        Some(Self::new(bytes.try_into().ok()?))
    }
}

/// Writes a new key beside `path` and links it into place, which fails where there already is one:
/// nobody ever sees half a key, and the first one stays.
fn make(path: &Path) -> io::Result<()> {
    let key = Key::random()?;
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|error| io::Error::other(error.to_string()))?;
    let draft = path.with_extension(format!("{:016x}", u64::from_ne_bytes(name)));
    let made = write_private(&draft, &STANDARD.encode(key.expose())).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    made.and(removed)?;
    // The name must be as durable as what will be sealed with the key.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_readable_by_its_owner_only() {
        let temp = tempfile::tempdir().unwrap();
        let var = VarDir::at(temp.path().join("var"));
        let first = Key::load_or_make(&var).unwrap();
        let second = Key::load_or_make(&var).unwrap();
        assert_eq!(first.expose(), second.expose());
        assert_ne!(first.expose(), &[0; 32]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(var.file("key")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(var.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn many_at_once_all_get_the_same_key() {
        let temp = tempfile::tempdir().unwrap();
        let var = VarDir::at(temp.path());
        let gate = Barrier::new(16);
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let one = || {
                gate.wait();
                *Key::load_or_make(&var).unwrap().expose()
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]));
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_without_a_key_is_told_and_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        for content in [&b"c2hvcnQ="[..], b"", b"\xff\xfe"] {
            fs::write(temp.path().join("key"), content).unwrap();
            let error = Key::load_or_make(&VarDir::at(temp.path())).unwrap_err();
            assert!(matches!(error, KeyFileError::NoKey { .. }), "{error}");
            assert_eq!(fs::read(temp.path().join("key")).unwrap(), content);
        }
    }
}
