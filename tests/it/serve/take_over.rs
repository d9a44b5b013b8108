//! A second process takes over the port of the first, and no request fails.

use super::{Serving, api, last4, list};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

fn serving(upstream: SocketAddr, listen: &str) -> Serving {
    let mut command = last4(&["serve", "--preset", "dify", "--take-over", "--listen", listen]);
    command.env("LAST4_UPSTREAM__URL", format!("http://{upstream}")).env("LAST4_LOG__LEVEL", "info");
    Serving::start(&mut command)
}

/// One request on a connection of its own.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Returns the first log line of a process that may not share this port or path.
#[track_caller]
fn refused(listen: &str, admin: &str) -> String {
    let arguments =
        ["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9", "--take-over", "--listen", listen];
    let mut command = last4(&arguments);
    let mut process = command.env("LAST4_ADMIN__LISTEN", admin).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(process.stderr.take().unwrap()).read_line(&mut first).unwrap();
    // If it does listen, that is its first line, and it keeps running.
    let _ = process.kill();
    process.wait().unwrap();
    assert!(!first.contains("listening"), "{listen} {admin}: {first}");
    first
}

#[test]
#[cfg(target_os = "linux")]
fn a_port_is_joined_only_where_both_say_so() {
    let api = api(list("{}"), Duration::ZERO);
    let mut command = last4(&["serve", "--preset", "dify"]);
    let own = Serving::before(api, command.env("LAST4_WORKERS", "2"));
    let port = own.address.port();
    for listen in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}"), format!("[::]:{port}")] {
        let message = refused(&listen, "");
        assert!(message.contains(&listen), "{message}");
    }
    // Nor is the operator's listener put beside the requests of another.
    refused("127.0.0.1:0", &own.address.to_string());
    for _ in 0..20 {
        assert!(own.get("/x").ends_with("{}"), "all that comes is for the first");
    }

    let folder = tempfile::tempdir().unwrap();
    let path = format!("unix:{}", folder.path().join("last4.sock").display());
    let _own = Serving::start(
        last4(&["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9", "--listen", &path])
            .env("LAST4_WORKERS", "1"),
    );
    assert!(refused(&path, "").contains(&path));
}

#[test]
#[cfg(target_os = "linux")]
fn a_port_of_a_program_that_is_not_last4_is_not_joined() {
    let other = last4::proxy::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = other.local_addr().unwrap().to_string();
    refused(&address, "");
    refused("127.0.0.1:0", &address);
}

#[test]
fn a_port_that_is_shared_is_not_taken_by_one_that_does_not_share_it() {
    let api = api(list("{}"), Duration::ZERO);
    let shared = serving(api, "127.0.0.1:0");
    let address = shared.address.to_string();
    let output =
        last4(&["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9", "--listen", &address]).output();
    assert!(!output.unwrap().status.success());
    shared.signal("TERM");
    assert_eq!(shared.end().0, Some(0));
    let mut command = last4(&["serve", "--preset", "dify"]);
    command.env("LAST4_UPSTREAM__URL", format!("http://{api}")).env("LAST4_LISTEN", &address);
    assert!(Serving::start(&mut command).get("/x").ends_with("{}"), "once it has gone");
}

/// Tells the clients to stop, also where the test fails in between: it would wait for them for ever.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_new_connection_is_lost_between_two_processes() {
    let api = api(list("{}"), Duration::ZERO);
    let mut old = serving(api, "127.0.0.1:0");
    let address = old.address;
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failed = thread::scope(|scope| {
        let client = || {
            let mut failed = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                match ask(address) {
                    Ok(answer) if answer.ends_with("{}") => {}
                    other => failed.push(format!("{other:?}")),
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
            failed
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        let stopping = Stopping(&stop);
        for _ in 0..3 {
            let new = serving(api, &address.to_string());
            old.signal("TERM");
            let (code, log) = std::mem::replace(&mut old, new).end();
            assert_eq!(code, Some(0), "{log}");
        }
        drop(stopping);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), asked.into_inner());
}
