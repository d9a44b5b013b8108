//! What is logged while tests run, at every level and by every library, to look for secrets in.

use std::io;
use std::sync::{Mutex, Once, PoisonError};
use tracing_subscriber::filter::LevelFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Keeps what the log says from now on.
pub(crate) fn start() {
    START.call_once(|| {
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(|| Lines).init();
    });
}

/// Fails if anything that was logged since the last time shows a part of the secret that must stay hidden.
pub(crate) fn assert_silent(secret: &str) {
    // Whoever looks takes it: a line is looked at once.
    let lines = std::mem::take(&mut *LINES.lock().unwrap_or_else(PoisonError::into_inner));
    let text = String::from_utf8_lossy(&lines);
    for run in secret.as_bytes()[5..secret.len() - 4].windows(8) {
        // As text, and as bytes are written for debugging.
        let written = [run.escape_ascii().to_string(), format!("{run:?}").replace(['[', ']'], ""), hex(run)];
        if let Some(line) = text.lines().find(|line| written.iter().any(|one| line.contains(one))) {
            panic!("logged: {line}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the log is written.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
