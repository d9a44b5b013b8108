//! Puts a load on a last4 that was built to count what it runs: `profile PROGRAM`. It counts where `LLVM_PROFILE_FILE` says.
//!
//! Everything that last4 is there for is in the load, for what never ran is built as if it never would: lists and what is on no masked route above
//! all, but also every coding, creates, uploads and refusals, and TLS and HTTP/2 on both sides, through one last4 in front of another.
//! How often each is sent is a guess at what people send most, not at what is measured.

mod api;
mod load;
mod program;

use api::Api;
use hyper::{Method, StatusCode};
use load::Load;
use program::Program;
use std::error::Error;
use std::ffi::OsStr;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let program = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: profile PROGRAM")?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(&program))
}

async fn run(program: &std::path::Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(&certificate, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    let (certificate, key) = (certificate.as_os_str(), key.as_os_str());

    let api = Api::start().await?;
    let plain = Program::start(program, &format!("http://{}", api.address), &[])?;
    let secure = Program::start(
        program,
        &format!("http://{}", api.address),
        &[("LAST4_TLS__CERTIFICATE", certificate), ("LAST4_TLS__KEY", key)],
    )?;
    let behind = |http2: &'static str| {
        let upstream = format!("https://localhost:{}", secure.address.port());
        let settings = [("LAST4_UPSTREAM__ROOTS", certificate), ("LAST4_UPSTREAM__HTTP2", OsStr::new(http2))];
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
    Ok(())
}

/// What is sent through the plainest way; through others it is less.
fn loads() -> impl Iterator<Item = Load> {
    let get = |path: &'static str, times| Load {
        method: Method::GET,
        path,
        coding: "",
        upload: 0,
        expected: StatusCode::OK,
        times,
    };
    let lists = [(10, 24_000), (500, 4_000), (20_000, 16)].map(|(keys, times)| get(api::list(keys), times));
    let others =
        [(1_024, 24_000), (65_536, 4_000), (4_000_000, 16)].map(|(bytes, times)| get(api::plain(bytes), times));
    let coded = ["gzip", "br", "zstd", "deflate"].into_iter().flat_map(move |coding| {
        [(10, 800), (500, 160)].map(|(keys, times)| Load { coding, ..get(api::list(keys), times) })
    });
    let create = Load { method: Method::POST, upload: 300, expected: StatusCode::CREATED, ..get(api::list(10), 1_600) };
    let upload = Load { method: Method::POST, upload: 2_000_000, ..get(api::plain(1_024), 32) };
    let unknown = Load { expected: StatusCode::NOT_FOUND, ..get("/console/api/apps/x/api-keys", 800) };
    let refused = Load { expected: StatusCode::BAD_GATEWAY, ..get(api::NO_LIST, 400) };
    lists.into_iter().chain(others).chain(coded).chain([create, upload, unknown, refused])
}
