//! Detects changes of files: the configuration, certificates and keys.
//!
//! Files are polled every second, not watched with inotify. A poll costs a microsecond and works on
//! every file system. inotify does not see changes on network mounts, and its watches are a limited
//! resource that containers share. Kubernetes swaps a chain of symbolic links when a ConfigMap
//! changes: a poll follows the chain, while inotify would need a watch for each link.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// Time between polls.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct WatchedFiles {
    /// Each file, and its stamp at the last poll.
    files: Vec<(PathBuf, Stamp)>,
    /// Whether a file has changed since `have_changed` last returned true.
    is_due: bool,
}

/// Identifies one state of a file: device, inode, length and modification time. Changes if the file
/// is written or replaced. `None` if there is no file.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl WatchedFiles {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { files: paths.into_iter().map(seen).collect(), is_due: false }
    }

    /// Replaces the list of watched files. A file that is in both lists keeps its stamp, so that
    /// its changes are not missed.
    pub(super) fn follow(&mut self, paths: Vec<PathBuf>) {
        let mut known = std::mem::take(&mut self.files);
        self.files = paths
            .into_iter()
            .map(|path| match known.iter().position(|(known, _)| *known == path) {
                Some(position) => known.swap_remove(position),
                None => seen(path),
            })
            .collect();
    }

    /// Polls the files. After a change, returns true once, at the first poll that finds no further
    /// change. Until then a file may be half written, or a certificate replaced without its key.
    pub(super) fn have_changed(&mut self) -> bool {
        let mut settled = true;
        for (path, seen) in &mut self.files {
            let now = stamp(path);
            if now != *seen {
                (*seen, settled) = (now, false);
            }
        }
        if !settled {
            self.is_due = true;
            return false;
        }
        std::mem::take(&mut self.is_due)
    }
}

fn seen(path: PathBuf) -> (PathBuf, Stamp) {
    let stamp = stamp(&path);
    (path, stamp)
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
        let mut file = WatchedFiles::new(vec![path.clone()]);
        assert!(!file.have_changed());
        fs::write(&path, "12").unwrap();
        assert!(!file.have_changed(), "it may still be written");
        fs::write(&path, "123").unwrap();
        assert!(!file.have_changed());
        assert!(file.have_changed());
        assert!(!file.have_changed());
        fs::remove_file(&path).unwrap();
        assert_eq!([file.have_changed(), file.have_changed(), file.have_changed()], [false, true, false]);
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
        let mut file = WatchedFiles::new(vec![at("last4.toml")]);
        symlink("..2", at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
        assert_eq!([file.have_changed(), file.have_changed()], [false, true]);
    }

    #[test]
    fn a_certificate_and_its_key_are_one_change_and_new_files_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [config, certificate, key] = ["a.toml", "b.crt", "c.key"].map(|name| folder.path().join(name));
        let mut files = WatchedFiles::new(vec![config.clone()]);
        fs::write(&certificate, "1").unwrap();
        assert_eq!([files.have_changed(), files.have_changed()], [false, false], "nobody looks at it yet");
        fs::write(&config, "1").unwrap();
        files.follow(vec![config, certificate.clone(), key.clone()]);
        assert_eq!([files.have_changed(), files.have_changed()], [false, true], "what has changed before is not lost");
        fs::write(&certificate, "12").unwrap();
        assert!(!files.have_changed());
        fs::write(&key, "12").unwrap();
        assert_eq!([files.have_changed(), files.have_changed(), files.have_changed()], [false, true, false]);
    }
}
