//! Which bytes a request's target may hold. The README says it.

use super::client::ask;
use super::origin::{Origin, json};
use super::proxy::Proxy;

/// Of all bytes that are neither control characters nor spaces, those in a target that reach the upstream, and that do not.
async fn sorted(before: &str) -> (Vec<u8>, Vec<u8>) {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let (mut pass, mut refused) = (Vec::new(), Vec::new());
    for byte in (b'!'..=0xff).filter(|byte| !matches!(byte, 0x7f | b'%')) {
        let target = [before.as_bytes(), &[byte], b"z"].concat();
        let request = [b"GET ", &*target, b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"].concat();
        match ask(proxy.address, request).await.status {
            200 => pass.push(byte),
            400 => refused.push(byte),
            status => panic!("{byte:#x} is a {status}"),
        }
    }
    let sent: Vec<_> = origin.seen().iter().map(|seen| seen.request_line().to_owned()).collect();
    let wanted = pass.iter().map(|&byte| match byte {
        // Whatever is behind it is no part of a target.
        b'#' => format!("GET {before} HTTP/1.1"),
        _ => format!("GET {before}{}z HTTP/1.1", char::from(byte)),
    });
    assert_eq!(sent, wanted.collect::<Vec<_>>(), "byte for byte");
    (pass, refused)
}

fn is_ascii(byte: &u8) -> bool {
    byte.is_ascii()
}

#[tokio::test]
async fn the_bytes_that_a_query_may_hold() {
    let (pass, refused) = sorted("/x?a=").await;
    let refused_text: Vec<_> = refused.iter().copied().filter(is_ascii).collect();
    assert_eq!(String::from_utf8_lossy(&refused_text), "\"<>");
    assert_eq!(refused.iter().filter(|byte| !byte.is_ascii()).count(), 128, "alone, none is UTF-8");
    for byte in b"{}[]|\\^`'?/:@!$&()*+,;=" {
        assert!(pass.contains(byte), "{}", char::from(*byte));
    }
}

#[tokio::test]
async fn the_bytes_that_a_path_may_hold() {
    let (pass, refused) = sorted("/x").await;
    let refused_text: Vec<_> = refused.iter().copied().filter(is_ascii).collect();
    assert_eq!(String::from_utf8_lossy(&refused_text), "<>`");
    for byte in b"{}[]|\\^\"'?/:@!$&()*+,;=" {
        assert!(pass.contains(byte), "{}", char::from(*byte));
    }
}

#[tokio::test]
async fn raw_utf_8_passes_and_what_is_refused_passes_escaped() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    for target in ["/é?ü=日", "/x?filter={%22a%22:1}", "/%3Ca%3E%60?%3Cb%3E=%FF"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(ask(proxy.address, request).await.status, 200, "{target}");
        assert_eq!(origin.seen().last().unwrap().request_line(), format!("GET {target} HTTP/1.1"));
    }
}
