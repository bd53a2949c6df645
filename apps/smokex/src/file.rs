//! Files that are written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// As the user's `umask` has it; a file that is there already keeps its readers.
    Usual,
}

/// Writes a file in the place of the one that is there, or of none. What is a link there becomes a file: nothing is
/// written where it leads.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let draft = draft(path, bytes, readers)?;
    if readers == Readers::Usual
        && let Ok(there) = fs::symlink_metadata(path)
        && there.is_file()
    {
        draft.as_file().set_permissions(there.permissions())?;
    }
    draft.persist(path)?;
    settle(path)
}

/// Writes a file where there is none.
///
/// # Errors
/// Also if there is one, under whatever spelling the file system takes for the same.
pub fn create(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    draft(path, bytes, readers)?.persist_noclobber(path)?;
    settle(path)
}

/// Beside its place, so that it can be moved there in one step.
fn draft(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".smokex-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = match readers {
            Readers::Owner => 0o600,
            Readers::Usual => 0o666,
        };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = readers;
    let mut draft = builder.tempfile_in(folder_of(path))?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    Ok(draft)
}

/// The name is to be as durable as the file.
fn settle(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder_of(path))?.sync_all()?;
    let _ = path;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn a_file_for_its_owner_is_readable_by_nobody_else_even_if_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new", Readers::Owner).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (b"new".as_slice(), 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_readers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.yml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, b"new", Readers::Usual).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (b"new".as_slice(), 0o640));
    }

    #[test]
    fn what_a_link_leads_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, link) = (folder.path().join("outside"), folder.path().join("plan.yml"));
        fs::write(&outside, "old").unwrap();
        symlink(&outside, &link).unwrap();
        replace(&link, b"new", Readers::Usual).unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"old");
        assert_eq!(fs::read(&link).unwrap(), b"new");
    }

    #[test]
    fn nothing_is_created_where_there_is_something() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.yml");
        symlink("nowhere", &path).unwrap();
        assert!(create(&path, b"new", Readers::Usual).is_err(), "not even in the place of a link to nothing");
        create(&folder.path().join("other.yml"), b"new", Readers::Usual).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
