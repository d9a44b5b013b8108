//! A listening socket at a path. Its file appears with its final permissions, and is removed at the
//! end.

use super::listener::PortSharing;
use socket2::{Domain, SockAddr, Socket, Type};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Longest path, in bytes: the system's 107 less the suffix of the temporary name.
pub const MAX_SOCKET_PATH: usize = 96;

/// The mode bit of a socket file that another process may replace. On Linux it is the sticky bit,
/// which has no meaning on a socket. Other systems may not let a user set that bit. There it is 0,
/// and any socket file may be replaced.
const SHARED: u32 = if cfg!(target_os = "linux") { 0o1000 } else { 0 };

/// The file of a socket. Dropping this removes the file, unless another process has replaced it.
#[derive(Debug)]
pub(crate) struct UnixSocketFile {
    path: PathBuf,
    /// Device and inode, which distinguish it from the file of a process that took the path over.
    identity: (u64, u64),
}

impl UnixSocketFile {
    pub(crate) fn remove(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            // If this fails, the next process replaces the file, because no process listens there.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for UnixSocketFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Listens at a path. Replaces the file of a process that has ended and, with
/// [`PortSharing::Shared`], that of a running process that shares it.
///
/// The file is created under a temporary name and renamed. So it always has its final permissions,
/// and a path that is taken over leads to one of the two listeners at any time.
///
/// # Errors
/// Another process listens there, the path is not a socket, or the file cannot be created.
pub(crate) fn bind(path: &Path, mode: u32, sharing: PortSharing) -> io::Result<(UnixListener, UnixSocketFile)> {
    ensure_replaceable(path, sharing)?;
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    // A killed process with the same id may have left such a file.
    let _ = fs::remove_file(&temporary);
    let listener = UnixListener::bind(&temporary)?;
    let mode = if sharing == PortSharing::Shared { mode | SHARED } else { mode };
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

/// Checks that the path may be taken.
///
/// # Errors
/// See [`bind`].
fn ensure_replaceable(path: &Path, sharing: PortSharing) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file there is not a socket"));
        }
        Ok(found) if sharing == PortSharing::Shared && found.mode() & SHARED == SHARED => return Ok(()),
        Ok(_) => {}
    }
    // Non-blocking: a listener with a full backlog would block the start for ever.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        // No process listens there any more.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => Ok(()),
        Ok(_) | Err(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn only_a_stale_socket_is_replaced() {
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
    fn a_listener_with_a_full_backlog_is_not_replaced() {
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
        assert_eq!(
            bind(&path, 0o660, PortSharing::Shared).unwrap_err().kind(),
            io::ErrorKind::AddrInUse,
            "not a last4"
        );
        drop(other);
        let (_shared, _file) = bind(&path, 0o660, PortSharing::Shared).expect("a stale file is replaced");
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
