//! `serve` at a Unix socket.

use super::{KEYS, SECRET, Serving, api, last4, list};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

fn serving(path: &Path, upstream: SocketAddr, flags: &[&str]) -> Serving {
    let mut command = last4(&["serve", "--preset", "dify"]);
    command.args(flags).env("LAST4_UPSTREAM__URL", format!("http://{upstream}")).env("LAST4_LOG__LEVEL", "info");
    // A request may come as soon as the file is there, before the line that says so.
    command.env("LAST4_LOG__ACCESS", "false");
    Serving::start(command.env("LAST4_LISTEN", format!("unix:{}", path.display())))
}

fn ask(path: &Path, target: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_socket_that_was_left_behind_makes_way_and_goes_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.sock");
    drop(UnixListener::bind(&path).unwrap());
    let api = api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::from_millis(700));
    let serving = serving(&path, api, &[]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let second = last4(&["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9", "--listen"])
        .arg(format!("unix:{}", path.display()))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(64), "{second:?}");
    // A request in flight at SIGTERM is finished.
    let in_flight = {
        let path = path.clone();
        thread::spawn(move || ask(&path, KEYS).unwrap())
    };
    thread::sleep(Duration::from_millis(300));
    serving.signal("TERM");
    assert!(in_flight.join().unwrap().ends_with("[{\"token\":\"app-8...cY5d\"}]"));
    assert_eq!(serving.end().0, Some(0));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn no_connection_is_lost_when_another_process_takes_the_path_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.sock");
    let api = api(list("{}"), Duration::ZERO);
    let mut old = serving(&path, api, &["--take-over"]);
    let stop = AtomicBool::new(false);
    let failed = thread::scope(|scope| {
        let client = || {
            let (mut failed, mut asked) = (Vec::new(), 0);
            while !stop.load(Ordering::Relaxed) {
                asked += 1;
                match ask(&path, "/x") {
                    Ok(answer) if answer.ends_with("{}") => {}
                    other => failed.push(format!("{other:?}")),
                }
            }
            assert!(asked > 0);
            failed
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        // Should this fail, the clients must end with it.
        let done = Done(&stop);
        for _ in 0..5 {
            let new = serving(&path, api, &["--take-over"]);
            old.signal("TERM");
            assert_eq!(std::mem::replace(&mut old, new).end().0, Some(0));
        }
        drop(done);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(failed.is_empty(), "{failed:?}");
    old.signal("TERM");
    old.end();
    assert!(!path.exists());
}

/// Ends a loop when dropped.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
