//! One running last4.

use crate::Result;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// What is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts it before an upstream, with more settings as environment variables, and waits until it listens.
    pub(crate) fn start(program: &Path, upstream: &str, settings: &[(&str, &OsStr)]) -> Result<Self> {
        // Free now, and still in a moment: the system gives out others first.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"LAST4_")) {
            command.env_remove(name);
        }
        let child = command
            .args(["serve", "--preset", "dify", "--upstream", upstream, "--listen", &address.to_string()])
            .envs([("LAST4_WORKERS", "1"), ("LAST4_ADMIN__LISTEN", "")])
            .envs(settings.iter().copied())
            .stdout(std::process::Stdio::null())
            .spawn()?;
        let (program, since) = (Self { child, address }, Instant::now());
        while TcpStream::connect(address).is_err() {
            if since.elapsed() > PATIENCE {
                return Err("last4 does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// Ends it as an operator would; it writes down what it counted then.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("last4 ended with {status}").into()) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Where something failed before it was stopped.
        if let Ok(None) = self.child.try_wait() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
