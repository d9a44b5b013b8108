//! Bodies that are never whole in memory.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::time::sleep;

use super::answer::Body;

/// `count` server-sent events, the first at once and the others `interval` apart, as an LLM's answer trickles in.
pub(super) fn events(count: u32, interval: Duration) -> Body {
    let events = stream::unfold(1, move |number| async move {
        if number > count {
            return None;
        }
        if number > 1 {
            sleep(interval).await;
        }
        let event = format!("data: {{\"event\": \"message\", \"answer\": \"word {number}\"}}\n\n");
        Some((Ok(Frame::data(Bytes::from(event))), number + 1))
    });
    StreamBody::new(events).boxed_unsync()
}

/// `length` bytes that count from 0 to 250 again and again: byte *i* is *i* modulo 251.
pub(super) fn pattern(length: u64) -> Body {
    let block: Bytes = (0..=250).cycle().take(BLOCK).collect();
    let blocks = stream::unfold(length, move |left| {
        let size = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let frame = (size > 0).then(|| (Ok(Frame::data(block.slice(..size))), left - size as u64));
        std::future::ready(frame)
    });
    StreamBody::new(blocks).boxed_unsync()
}

/// A multiple of 251, so that every block begins the pattern anew.
const BLOCK: usize = 251 * 256;
