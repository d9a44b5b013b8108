//! Frames of HTTP/2 that cost their client nothing.

use super::client::{Client, get};
use super::metrics::until;
use super::origin::{Origin, json, read_request};
use super::proxy::{Proxy, rules, settings};
use last4::layer::MaskRule;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM_AND_HEADERS: u8 = 5;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET http://a/`, of which the table of HPACK knows all but the authority.
fn request(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM_AND_HEADERS, stream, b"\x82\x86\x84\x01\x01a")
}

fn begun() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()
}

/// Whether the bytes of a connection hold a frame of this kind.
fn holds(mut bytes: &[u8], kind: u8) -> bool {
    while let [a, b, c, found, ..] = *bytes {
        if found == kind {
            return true;
        }
        let length = 9 + usize::from(a) * 65_536 + usize::from(b) * 256 + usize::from(c);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    false
}

async fn origin() -> Origin {
    Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        while read_request(&mut stream, &mut buffer, 0).await.is_some() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _ = stream.write_all(&json("{}")).await;
        }
    })
    .await
}

#[tokio::test]
async fn pings_do_not_keep_an_idle_connection_open() {
    let origin = origin().await;
    let mut settings = settings(origin.address);
    settings.limits.idle_timeout = Duration::from_millis(300);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let (mut reader, mut writer) = Client::connect(proxy.address).await.split();
    writer.write_all(&begun()).await.unwrap();
    let pinging = tokio::spawn(async move {
        while writer.write_all(&frame(PING, 0, 0, b"12345678")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    // It gets GOAWAY, and is closed after ten seconds.
    let told = reader.read_rest().await;
    assert!(holds(&told, PING) && holds(&told, GOAWAY));
    pinging.abort();
}

#[tokio::test]
async fn a_client_that_resets_its_requests_at_once_is_told_to_go_away() {
    let origin = origin().await;
    let proxy = Proxy::with(settings(origin.address), MaskRule::new(rules())).await;
    let mut flood = begun();
    for number in 0..1_000 {
        flood.extend(request(1 + 2 * number));
        flood.extend(frame(RST_STREAM, 0, 1 + 2 * number, &8_u32.to_be_bytes()));
    }
    let (mut reader, mut writer) = Client::connect(proxy.address).await.split();
    let _ = writer.write_all(&flood).await;
    assert!(holds(&reader.read_rest().await, GOAWAY));
    until(&proxy, "last4_requests_in_flight", 0.0).await;
    until(&proxy, "last4_connections_open", 0.0).await;
    assert_eq!(get(proxy.address, "/x").await.status, 200);
}

#[tokio::test]
async fn a_head_in_pieces_without_an_end_is_told_to_go_away() {
    let origin = origin().await;
    let proxy = Proxy::with(settings(origin.address), MaskRule::new(rules())).await;
    let mut flood = begun();
    flood.extend(frame(HEADERS, 1, 1, b"\x82\x86\x84"));
    for _ in 0..1_000 {
        flood.extend(frame(CONTINUATION, 0, 1, b""));
    }
    let (mut reader, mut writer) = Client::connect(proxy.address).await.split();
    let _ = writer.write_all(&flood).await;
    assert!(holds(&reader.read_rest().await, GOAWAY));
    until(&proxy, "last4_connections_open", 0.0).await;
}
