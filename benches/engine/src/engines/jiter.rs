//! jiter: pulls one value after another and splices.

use super::shown::Splice;
use super::{Engine, Gives, Output};
use jiter::{Jiter, JiterResult, Peek};

pub(super) const NAME: &str = "jiter, pull + splice";

pub(super) struct PullSplice;

impl Engine for PullSplice {
    fn name(&self) -> &'static str {
        NAME
    }

    fn gives(&self) -> Gives {
        Gives::Exact
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        let mut splice = Splice::new(text, &mut output.bytes);
        let mut jiter = Jiter::new(text);
        let first = jiter.peek().expect("a JSON text");
        walk(&mut jiter, first, false, &mut splice).expect("a JSON text");
        jiter.finish().expect("one value");
        splice.finish();
        0
    }
}

fn walk(jiter: &mut Jiter<'_>, peek: Peek, is_token: bool, splice: &mut Splice<'_>) -> JiterResult<()> {
    match peek {
        Peek::Array => {
            let mut next = jiter.known_array()?;
            while let Some(peek) = next {
                walk(jiter, peek, false, splice)?;
                next = jiter.array_step()?;
            }
        }
        Peek::Object => {
            let mut next = jiter.next_object_bytes()?.map(|name| name == b"token");
            while let Some(is_token) = next {
                let peek = jiter.peek()?;
                walk(jiter, peek, is_token, splice)?;
                next = jiter.next_key_bytes()?.map(|name| name == b"token");
            }
        }
        Peek::String if is_token => {
            let start = jiter.current_index();
            jiter.known_skip(peek)?;
            splice.mask(start, jiter.current_index());
        }
        _ => jiter.known_skip(peek)?,
    }
    Ok(())
}
