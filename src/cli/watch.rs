//! Notices that a file has changed.
//!
//! By looking at it every second rather than by the system's notices: a look costs a microsecond, works on every file system (notices
//! do not come from network mounts, and are limited in number where many containers share a kernel), and follows the chain of
//! symbolic links that Kubernetes swaps when a ConfigMap changes, whose links each would have to be watched.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// How often to look.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// A file that is looked at from time to time.
#[derive(Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    /// As it was at the last look.
    seen: Stamp,
    /// Whether it has changed since it was last called so.
    is_due: bool,
}

/// What differs where a file was written or another took its place. `None` where there is none.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl WatchedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let seen = stamp(&path);
        Self { path, seen, is_due: false }
    }

    /// Whether the file has changed, and is as it was at the last look: one that is just being written is not whole yet.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = stamp(&self.path);
        if now != self.seen {
            self.seen = now;
            self.is_due = true;
            return false;
        }
        std::mem::take(&mut self.is_due)
    }
}

fn stamp(path: &PathBuf) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_change_is_told_once_and_only_when_it_has_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last4.toml");
        fs::write(&path, "1").unwrap();
        let mut file = WatchedFile::new(path.clone());
        assert!(!file.has_changed());
        fs::write(&path, "12").unwrap();
        assert!(!file.has_changed(), "it may still be written");
        fs::write(&path, "123").unwrap();
        assert!(!file.has_changed());
        assert!(file.has_changed());
        assert!(!file.has_changed());
        fs::remove_file(&path).unwrap();
        assert_eq!([file.has_changed(), file.has_changed(), file.has_changed()], [false, true, false]);
    }

    #[test]
    fn a_swap_of_a_folder_by_symbolic_link_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for version in ["..1", "..2"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("last4.toml"), "same").unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/last4.toml", at("last4.toml")).unwrap();
        let mut file = WatchedFile::new(at("last4.toml"));
        symlink("..2", at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
        assert_eq!([file.has_changed(), file.has_changed()], [false, true]);
    }
}
