//! A second process takes over the port of the first, and no request fails.

use super::{Serving, api, last4, list};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
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
