//! `last4 mask`: masks JSON from a file or standard input.

use super::CliError;
use super::args::MaskArgs;
use super::output::written;
use crate::config::compile_fields;
use crate::mask::{Masker, Policy, PolicyError, PolicyParts, Rules};
use bytes::BytesMut;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Size of the read buffer in bytes: the capacity of a pipe on Linux.
const BLOCK_BYTES: usize = 64 * 1024;

pub(super) fn mask(args: &MaskArgs) -> Result<(), CliError> {
    let masker = Masker::new(rules(args)?.into()).with_instructions(args.instructions.unwrap_or_default());
    match &args.file {
        Some(path) => filter(masker, open(path)?, io::stdout().lock()),
        None => filter(masker, io::stdin().lock(), io::stdout().lock()),
    }
}

fn rules(args: &MaskArgs) -> Result<Rules, CliError> {
    let refused = |refused: Vec<(usize, String)>| {
        let messages: Vec<_> = refused.into_iter().map(|(_, message)| message).collect();
        CliError::Flag { flag: "--field", message: messages.join("\n") }
    };
    let selectors = compile_fields(&args.fields, args.ignore_case).map_err(refused)?;
    let policy = &args.policy;
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
    Ok(Rules::new(selectors).with_policy(policy).with_max_depth(args.max_depth).with_ndjson(args.ndjson))
}

/// Opens a file. Refuses a directory, since opening one succeeds and only reading fails.
fn open(path: &Path) -> Result<File, CliError> {
    let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    opened.map_err(|source| CliError::Open { path: path.to_owned(), source })
}

/// Masks the input block by block. Flushes after each block, so that slow input appears at once.
fn filter(mut masker: Masker, mut input: impl Read, mut output: impl Write) -> Result<(), CliError> {
    let mut block = vec![0; BLOCK_BYTES];
    // The proxy's bodies use the same type of sink, so the engine is compiled only once.
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
        // Written before an error is returned, so that the output has all of the valid part.
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

    /// Reads one byte at a time. Fails with `Interrupted` before each byte.
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
