//! Times all engines on one text, in rounds, so that what disturbs the machine disturbs all of them. It is the thread's own time
//! that counts, not what passes while others have the core.

use crate::engines::{Engine, Output};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// Seconds that each engine took for the text, in the engines' order: medians over the rounds.
pub(crate) fn seconds(engines: &mut [Box<dyn Engine>], text: &[u8], rounds: usize, time: Duration) -> Vec<f64> {
    let mut output = Output::default();
    let repeats: Vec<u32> = engines.iter_mut().map(|engine| repeats(&mut **engine, text, &mut output, time)).collect();
    let mut taken = vec![Vec::with_capacity(rounds); engines.len()];
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..engines.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for number in order {
            let all = many(&mut *engines[number], text, &mut output, repeats[number]);
            taken[number].push(all.as_secs_f64() / f64::from(repeats[number]));
        }
    }
    taken.into_iter().map(median).collect()
}

/// How often an engine has to run to fill the time. Finding out also warms it up.
fn repeats(engine: &mut dyn Engine, text: &[u8], output: &mut Output, time: Duration) -> u32 {
    let mut repeats = 1;
    loop {
        let taken = many(engine, text, output, repeats);
        if taken >= time / 4 {
            let fitting = f64::from(repeats) * time.as_secs_f64() / taken.as_secs_f64();
            return (fitting as u32).max(1);
        }
        repeats *= 2;
    }
}

fn many(engine: &mut dyn Engine, text: &[u8], output: &mut Output, repeats: u32) -> Duration {
    let start = thread_time();
    for _ in 0..repeats {
        output.bytes.clear();
        black_box(engine.run(black_box(text), output));
        black_box(&mut output.bytes);
    }
    thread_time() - start
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time that has passed")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
