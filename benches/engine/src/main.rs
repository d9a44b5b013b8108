//! Measures the engine in one command: `cargo run --release -p engine`, or with `-- ROUNDS`.
//!
//! Prints GB/s of input, medians over the rounds, and in parentheses the ratio to copying the whole text. Every row's output is
//! checked before it is timed.

mod check;
mod engines;
mod goals;
mod measure;
mod table;

use std::process::ExitCode;
use std::time::Duration;
use table::{Column, Table};

const ROUNDS: usize = 31;

/// For each engine in each round; at least one run, however long it takes.
const TIME: Duration = Duration::from_millis(60);

fn main() -> ExitCode {
    let rounds = match std::env::args().nth(1).map(|text| text.parse()) {
        None => ROUNDS,
        Some(Ok(rounds @ 1..)) => rounds,
        Some(_) => {
            eprintln!("the one argument is how many rounds to measure ({ROUNDS})");
            return ExitCode::from(64);
        }
    };
    let mut engines = engines::all();
    let mut columns: Vec<Column> = [
        ("dense", bodies::dense(100_000)),
        ("sparse", bodies::sparse(1_400)),
        ("pretty", bodies::pretty(80_000)),
        ("small", bodies::dense(10)),
    ]
    .map(|(name, body)| Column { name, body, seconds: Vec::new() })
    .into();

    let mut wrong = 0;
    for column in &columns {
        for engine in &mut engines {
            if !check::is_right(&mut **engine, &column.body) {
                eprintln!("{}: wrong output for {}", engine.name(), column.name);
                wrong += 1;
            }
        }
    }
    if wrong > 0 {
        return ExitCode::FAILURE;
    }
    for column in &mut columns {
        column.seconds = measure::seconds(&mut engines, &column.body.text, rounds, TIME);
    }

    let table = Table { rows: engines.iter().map(|engine| engine.name()).collect(), columns };
    table.print();
    println!();
    for verdict in goals::verdicts(&table) {
        println!("{verdict}");
    }
    ExitCode::SUCCESS
}
