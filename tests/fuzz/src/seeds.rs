//! Writes the fuzzer's seeds and earlier findings into the given directory, in one folder for each target.

#[path = "../../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let named = env::args_os().nth(1).ok_or_else(|| io::Error::other("name the directory to write to"))?;
    let corpora = Path::new(&named);
    engine(&corpus(corpora, "engine")?)?;
    kernels(&corpus(corpora, "kernels")?)?;
    path(&corpus(corpora, "path")?)?;
    answer(&corpus(corpora, "answer")?)
}

/// Every document of the tests, under every list of fields.
fn engine(corpus: &Path) -> io::Result<()> {
    for (number, document) in support::documents::all().into_iter().enumerate() {
        for fields in 0..support::engine_vs_oracle::FIELDS.len() {
            // The other bytes of the header vary with the document, so that all kinds of rules are among the seeds.
            let header = [fields, number % 32, number / 3 % 256, number].map(|byte| byte as u8);
            fs::write(corpus.join(format!("{number}-{fields}")), [&header, &*document.text].concat())?;
        }
    }
    Ok(())
}

/// Every document, and a list of nothing else.
fn kernels(corpus: &Path) -> io::Result<()> {
    for (number, document) in support::documents::all().into_iter().enumerate() {
        let [fields, flags, policy, seed] =
            [number % support::engine_vs_oracle::FIELDS.len(), number % 32, number / 3, number].map(|n| n as u8);
        fs::write(corpus.join(format!("{number}")), [&[fields, flags, policy, seed], &*document.text].concat())?;
        // The change replaces the first bracket by the same bracket.
        let header = [fields, flags | 0x80, policy, seed, 0, b'['];
        fs::write(corpus.join(format!("{number}-list")), [&header, &*document.text].concat())?;
    }
    Ok(())
}

/// Every target that reached a list on some server.
fn path(corpus: &Path) -> io::Result<()> {
    for (number, target) in include_str!("../../fixtures/targets.txt").lines().enumerate() {
        fs::write(corpus.join(number.to_string()), [&[support::route_vs_servers::VERBATIM], target.as_bytes()].concat())?;
    }
    Ok(())
}

/// Every kind of answer with a list.
fn answer(corpus: &Path) -> io::Result<()> {
    for (number, seed) in support::layer_vs_oracle::seeds().into_iter().enumerate() {
        fs::write(corpus.join(number.to_string()), seed)?;
    }
    Ok(())
}

/// The directory that the fuzzer starts from, with its findings of earlier times. `kernels` reads its input as `engine` does.
fn corpus(corpora: &Path, target: &str) -> io::Result<PathBuf> {
    let corpus = corpora.join(target);
    fs::create_dir_all(&corpus)?;
    let findings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/findings");
    let found_by = if target == "kernels" { "engine" } else { target };
    for finding in fs::read_dir(findings.join(found_by))? {
        let finding = finding?;
        fs::copy(finding.path(), corpus.join(finding.file_name()))?;
    }
    Ok(corpus)
}
