//! Puts a load on a last4 that was built to count what it runs: `profile PROGRAM`. The counts are in `LLVM_PROFILE_FILE`.
//!
//! The load has every use of last4, because the compiler treats code that never ran as cold: lists and bodies off the masked routes
//! above all, but also other kinds of rules, pages, every coding, creates, uploads and refusals, and TLS and HTTP/2 on both sides,
//! through one last4 in front of another. The frequency of each is a guess.

mod api;
mod load;
mod program;

use api::Api;
use hyper::{Method, StatusCode};
use last4::mask::Instructions;
use load::Load;
use program::Program;
use std::error::Error;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let program = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: profile PROGRAM")?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(&program))
}

/// Routes beside those of the preset.
const ROUTES: &str = r##"
[[route]]
name = "by-path"
path = "/by-path/{keys}/api-keys"
fields = ["$.data[*].token", "$..secret.value"]

[[route]]
name = "observed"
path = "/observed/{keys}/api-keys"
fields = ["token"]
mode = "observe"

[[route]]
name = "marked"
path = "/marked/{keys}/api-keys"
fields = ["token"]
mark = "masked"

[[page]]
path = "/apps/{*rest}"
hide = ["#keys .copy"]
remove = ["button.copy"]
"##;

async fn run(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [routes, certificate, key] = ["last4.toml", "tls.crt", "tls.key"].map(|name| folder.path().join(name));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(&routes, ROUTES)?;
    std::fs::write(&certificate, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let (certificate, key) = (certificate.as_os_str(), key.as_os_str());

    let api = Api::start().await?;
    let start = |settings: &[(&str, &OsStr)]| Program::start(program, &format!("http://{}", api.address), settings);
    let plain = start(&[("LAST4_CONFIG", routes.as_os_str())])?;
    let secure = start(&[("LAST4_TLS__CERTIFICATE", certificate), ("LAST4_TLS__KEY", key)])?;
    let behind = |http2: &str| {
        let upstream = format!("https://localhost:{}", secure.address.port());
        let settings = [
            ("LAST4_UPSTREAM__ROOTS", certificate),
            ("LAST4_UPSTREAM__HTTP2", OsStr::new(http2)),
            ("LAST4_LOG__FORMAT", OsStr::new("json")),
        ];
        Program::start(program, &upstream, &settings)
    };
    let [http1, http2] = [behind("false")?, behind("true")?];

    for (through, share) in [(&plain, 1), (&http1, 8), (&http2, 8)] {
        for load in loads() {
            load.send(through.address, share).await?;
        }
    }
    for program in [http1, http2, secure, plain] {
        program.stop()?;
    }
    kernels(program, folder.path())
}

/// The engine with each of this processor's instructions, for another may have fewer.
fn kernels(program: &Path, folder: &Path) -> Result<()> {
    let text = folder.join("text");
    let bodies = [bodies::dense(20_000), bodies::pretty(20_000), bodies::sparse(300), bodies::nested(300)];
    for instructions in Instructions::available() {
        for body in &bodies {
            std::fs::write(&text, &body.text)?;
            let mut mask = Command::new(program);
            let done = mask.args(["mask", "--instructions", instructions.name()]).arg(&text).output()?;
            if done.stdout != body.masked {
                return Err(format!("{}: {}", instructions.name(), String::from_utf8_lossy(&done.stderr)).into());
            }
        }
    }
    Ok(())
}

/// What is sent to the first of them, and an equal share of it to the others.
fn loads() -> impl Iterator<Item = Load> {
    let get = |path: &str, times| Load {
        method: Method::GET,
        path: path.to_owned(),
        coding: "",
        upload: 0,
        expected: StatusCode::OK,
        times,
    };
    let often = [
        get("/console/api/apps/10/api-keys", 24_000),
        get("/console/api/apps/500/api-keys", 4_000),
        get("/console/api/apps/20000/api-keys", 16),
        get("/plain/1024", 24_000),
        get("/plain/65536", 4_000),
        get("/plain/4000000", 16),
    ];
    let seldom = [
        get("/by-path/10/api-keys", 1_600),
        get("/by-path/500/api-keys", 160),
        get("/observed/500/api-keys", 160),
        get("/marked/500/api-keys", 160),
        get("/apps/1", 800),
        Load { method: Method::POST, upload: 2_000_000, ..get("/plain/1024", 32) },
        Load {
            method: Method::POST,
            upload: 300,
            expected: StatusCode::CREATED,
            ..get("/console/api/apps/10/api-keys", 1_600)
        },
        Load { expected: StatusCode::NOT_FOUND, ..get("/console/api/apps/x/api-keys", 800) },
        Load { expected: StatusCode::BAD_GATEWAY, ..get(api::NO_LIST, 400) },
    ];
    let coded = ["gzip", "br", "zstd", "deflate"].into_iter().flat_map(move |coding| {
        [("/console/api/apps/10/api-keys", 800), ("/console/api/apps/500/api-keys", 160)]
            .map(|(path, times)| Load { coding, ..get(path, times) })
    });
    often.into_iter().chain(seldom).chain(coded)
}
