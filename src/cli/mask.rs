//! `last4 mask`: the engine as a filter.

use super::CliError;
use super::args::Mask;
use super::output::written;
use crate::config::compile_fields;
use crate::mask::{Masker, Policy, PolicyError, PolicyParts, Rules};
use bytes::BytesMut;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// Bytes read at once, as many as a pipe holds.
const BLOCK_BYTES: usize = 64 * 1024;

/// A smaller file is done before a bar could be read.
const PROGRESS_FROM_BYTES: u64 = 16 << 20;

pub(super) fn mask(typed: &Mask) -> Result<(), CliError> {
    let masker = Masker::new(rules(typed)?.into()).with_instructions(typed.instructions.unwrap_or_default());
    match &typed.file {
        Some(path) => {
            let (file, bar) = open(path)?;
            let done = filter(masker, bar.wrap_read(file), io::stdout().lock());
            bar.finish_and_clear();
            done
        }
        None => filter(masker, io::stdin().lock(), io::stdout().lock()),
    }
}

fn rules(typed: &Mask) -> Result<Rules, CliError> {
    let refused = |refused: Vec<(usize, String)>| {
        let messages: Vec<_> = refused.into_iter().map(|(_, message)| message).collect();
        CliError::Flag { flag: "--field", message: messages.join("\n") }
    };
    let selectors = compile_fields(&typed.fields, typed.ignore_case).map_err(refused)?;
    let policy = &typed.policy;
    let parts = PolicyParts {
        first: policy.first,
        last: policy.last,
        min_hidden: policy.min_hidden,
        ellipsis: policy.ellipsis.clone(),
        short: policy.short.clone(),
    };
    let policy = Policy::new(parts).map_err(|error| {
        let flag = match error {
            PolicyError::Filler { name: "short" } => "--short",
            PolicyError::Width { name: "first" } => "--first",
            PolicyError::Width { name: "last" } => "--last",
            PolicyError::Width { .. } => "--min-hidden",
            _ => "--ellipsis",
        };
        CliError::Flag { flag, message: error.to_string() }
    })?;
    Ok(Rules::new(selectors).with_policy(policy).with_max_depth(typed.max_depth).with_ndjson(typed.ndjson))
}

/// A file, and a bar that shows how far it has been read where there is somebody to see it.
fn open(path: &Path) -> Result<(File, ProgressBar), CliError> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|source| CliError::Open { path: path.to_owned(), source })?;
    if metadata.is_dir() {
        // Opens, but cannot be read.
        return Err(CliError::Open { path: path.to_owned(), source: io::ErrorKind::IsADirectory.into() });
    }
    if metadata.len() < PROGRESS_FROM_BYTES || !io::stderr().is_terminal() {
        return Ok((file, ProgressBar::hidden()));
    }
    let bar = ProgressBar::new(metadata.len());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}") {
        bar.set_style(style);
    }
    Ok((file, bar))
}

/// Masks everything that is read, block by block, so that what a slow writer has sent is not held back.
fn filter(mut masker: Masker, mut input: impl Read, mut output: impl Write) -> Result<(), CliError> {
    let mut block = vec![0; BLOCK_BYTES];
    // What bodies are masked into, too: one engine for both.
    let mut masked = BytesMut::with_capacity(BLOCK_BYTES);
    loop {
        let length = match input.read(&mut block) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CliError::Read(error)),
        };
        let chunk = block.get(..length).unwrap_or_default();
        masked.clear();
        let result = masker.write(chunk, &mut masked);
        // What was given out before a fault is masked: the output shows how far the text could be trusted.
        if !written(output.write_all(&masked).and_then(|()| output.flush()))? {
            return Ok(());
        }
        result?;
        if chunk.is_empty() {
            masker.finish()?;
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Selectors;

    /// Gives its bytes one at a time, an interruption before each.
    struct Slow(Vec<u8>, bool);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            match self.0.first() {
                _ if self.1 => Err(io::ErrorKind::Interrupted.into()),
                None => Ok(0),
                Some(_) => {
                    buffer[0] = self.0.remove(0);
                    Ok(1)
                }
            }
        }
    }

    #[test]
    fn slow_and_interrupted_input_gives_the_same_output() {
        let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
        let mut output = Vec::new();
        let text = br#"{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d"}"#;
        filter(Masker::new(rules.into()), Slow(text.to_vec(), false), &mut output).unwrap();
        assert_eq!(output, br#"{"token":"app-8...cY5d"}"#);
    }
}
