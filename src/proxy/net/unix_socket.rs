//! A listening socket at a path: made so that nobody finds it half-made, and removed when nobody listens any more.

use super::listener::PortSharing;
use socket2::{Domain, SockAddr, Socket, Type};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Longest path, in bytes: the system's 107, less what a name has more before it is the path's.
pub const MAX_SOCKET_PATH: usize = 96;

/// The bit of a file's mode by which a listener says that another may take its path over: the sticky bit, which means nothing on a
/// socket. Where a user may not set it, whoever takes over asks nobody.
const SHARED: u32 = if cfg!(target_os = "linux") { 0o1000 } else { 0 };

/// The file of a socket, removed when dropped if it is still this socket's.
#[derive(Debug)]
pub(crate) struct UnixSocketFile {
    path: PathBuf,
    /// Device and number, by which it is told from the file of whoever took the path over.
    identity: (u64, u64),
}

impl UnixSocketFile {
    pub(crate) fn remove(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            // What cannot be removed is found to be stale by the next to listen there.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for UnixSocketFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Listens at a path. The file of a process that is gone makes way; with [`PortSharing::Shared`], that of a running one that shares it
/// does too.
///
/// The file is made under another name and moved: it is there with its permissions or not at all, and a path that is taken over leads
/// to one listener or the other at any time.
///
/// # Errors
/// Somebody listens there, something else than a socket is there, or the file cannot be made.
pub(crate) fn bind(path: &Path, mode: u32, port: PortSharing) -> io::Result<(UnixListener, UnixSocketFile)> {
    make_way(path, port)?;
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    // A process of the same number that was killed just here may have left one.
    let _ = fs::remove_file(&temporary);
    let listener = UnixListener::bind(&temporary)?;
    let mode = if port == PortSharing::Shared { mode | SHARED } else { mode };
    let placed = fs::set_permissions(&temporary, Permissions::from_mode(mode))
        .and_then(|()| fs::symlink_metadata(&temporary))
        .and_then(|found| fs::rename(&temporary, path).map(|()| (found.dev(), found.ino())));
    match placed {
        Ok(identity) => Ok((listener, UnixSocketFile { path: path.to_owned(), identity })),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}

/// Whether the path may be taken.
fn make_way(path: &Path, port: PortSharing) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        Ok(found) if port == PortSharing::Shared && found.mode() & SHARED == SHARED => return Ok(()),
        Ok(_) => {}
    }
    // Without waiting: somebody who listens and accepts nothing would keep the start waiting for ever.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        // Of a socket that nobody listens on.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) | Err(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_stale_file_makes_way_and_a_living_one_or_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last4.sock");
        drop(UnixListener::bind(&path).unwrap());
        let (listener, file) = bind(&path, 0o600, PortSharing::Exclusive).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(bind(&path, 0o600, PortSharing::Exclusive).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop((listener, file));
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        for port in [PortSharing::Exclusive, PortSharing::Shared] {
            assert_eq!(bind(&path, 0o600, port).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_listener_that_accepts_nothing_more_is_still_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last4.sock");
        let connection = || {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let (listener, address) = (connection(), SockAddr::unix(&path).unwrap());
        listener.bind(&address).unwrap();
        listener.listen(0).unwrap();
        let mut waiting = vec![connection()];
        while waiting.last().unwrap().connect(&address).is_ok() {
            waiting.push(connection());
        }
        assert_eq!(bind(&path, 0o600, PortSharing::Exclusive).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_path_is_taken_over_only_from_one_that_shares_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last4.sock");
        let (own, file) = bind(&path, 0o660, PortSharing::Exclusive).unwrap();
        assert_eq!(bind(&path, 0o660, PortSharing::Shared).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop((own, file));
        let other = UnixListener::bind(&path).unwrap();
        assert_eq!(bind(&path, 0o660, PortSharing::Shared).unwrap_err().kind(), io::ErrorKind::AddrInUse, "no last4");
        drop(other);
        let (_shared, _file) = bind(&path, 0o660, PortSharing::Shared).expect("a stale file makes way");
        assert_eq!(bind(&path, 0o660, PortSharing::Exclusive).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        bind(&path, 0o660, PortSharing::Shared).unwrap();
    }

    #[test]
    fn a_path_that_was_taken_over_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last4.sock");
        let (_old, old_file) = bind(&path, 0o660, PortSharing::Shared).unwrap();
        let (new, new_file) = bind(&path, 0o660, PortSharing::Shared).unwrap();
        drop(old_file);
        UnixStream::connect(&path).unwrap();
        new.accept().unwrap();
        drop(new_file);
        assert!(!path.exists());
    }
}
