//! What is measured: bounds that no masker can beat, the engine, and maskers made of public JSON libraries.

mod copying;
mod counting;
mod jiter;
mod last4;
mod serde_json;
mod shown;
mod simd_json;
mod sonic;

/// Where an engine writes. One is used again for every run, so that no run pays for the memory of it.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    pub(crate) keeps_all: bool,
}

impl Output {
    /// Takes the bytes away as a socket would; only a check keeps them.
    fn flush(&mut self) {
        if !self.keeps_all {
            self.bytes.clear();
        }
    }
}

/// What an engine's output must be for its time to count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// The text itself.
    Copy,
    /// No output, but a number: the text's quotes.
    Quotes,
    /// No output, but a number: the tokens found.
    Tokens,
    /// The masked text, byte for byte.
    Exact,
    /// A text of the same JSON value as the masked text.
    SameValue,
}

pub(crate) trait Engine {
    fn name(&self) -> &'static str;

    fn gives(&self) -> Gives;

    /// Works through a whole text, and returns what it counted, if it counts.
    fn run(&mut self, text: &[u8], output: &mut Output) -> usize;
}

/// The bound that all are compared with.
pub(crate) const COPY: &str = "memcpy, the whole";

/// The engine with the kernel that it chooses itself.
pub(crate) const OURS: &str = "last4";

/// The same, in blocks as they come from a socket and go to another.
pub(crate) const STREAMED: &str = "last4, blocks of 64 KiB";

/// Maskers that keep every byte and are built on a public library.
pub(crate) const PUBLIC: [&str; 2] = [jiter::NAME, sonic::NAME];

pub(crate) fn all() -> Vec<Box<dyn Engine>> {
    let mut all: Vec<Box<dyn Engine>> =
        vec![Box::new(copying::Whole), Box::new(copying::Blocks), Box::new(counting::Quotes)];
    all.extend(last4::kernels().into_iter().map(|kernel| Box::new(kernel) as Box<dyn Engine>));
    all.push(Box::new(last4::Flushed::new()));
    all.push(Box::new(sonic::LazySplice));
    all.push(Box::new(jiter::PullSplice));
    all.push(Box::new(simd_json::RoundTrip::default()));
    all.push(Box::new(serde_json::RoundTrip));
    all.push(Box::new(counting::Locate::new()));
    all
}
