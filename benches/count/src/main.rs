//! Runs the engine so many times over a body: `count BODY TIMES`. Whatever counts its instructions takes the difference of two runs, so
//! that making the body does not count.

use last4::mask::{Masker, Program, Rules, Selectors};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let body = match arguments.first().map(String::as_str) {
        Some("dense") => bodies::dense(2_000),
        Some("sparse") => bodies::sparse(30),
        Some("nested") => bodies::nested(30),
        Some("pretty") => bodies::pretty(1_600),
        Some("small") => bodies::dense(10),
        _ => return usage(),
    };
    let Some(Ok(times)) = arguments.get(1).map(|text| text.parse::<u32>()) else { return usage() };

    let rules = Rules::new(Selectors::compile(["token"], false).expect("a selector"));
    let program = Arc::new(Program::new(rules));
    let mut output = Vec::with_capacity(body.text.len());
    for _ in 0..times {
        output.clear();
        let mut masker = Masker::new(Arc::clone(&program));
        masker.write(black_box(&body.text), &mut output).expect("a JSON text");
        masker.finish().expect("a whole JSON text");
    }
    assert!(times == 0 || output == body.masked, "the output is wrong");
    println!("{}", body.text.len());
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: count dense | sparse | nested | pretty | small TIMES");
    ExitCode::from(64)
}
