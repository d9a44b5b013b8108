//! Bodies of requests, whatever the method and however their length is said.

use super::client::{ask, request};
use super::origin::{Origin, json};
use super::proxy::Proxy;

const METHODS: [&str; 9] = ["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH", "QUERY", "get"];

#[tokio::test]
async fn a_body_in_chunks_reaches_the_upstream_with_every_method() {
    for method in METHODS {
        let origin = Origin::answering(|_| json("{}")).await;
        let proxy = Proxy::before(&origin).await;
        let head = request(method, "/_search", "Transfer-Encoding: chunked\r\n");
        assert_eq!(ask(proxy.address, format!("{head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).await.status, 200, "{method}");
        let seen = origin.only();
        let body = String::from_utf8(seen.body.clone()).unwrap();
        let data: String = body.split("\r\n").skip(1).step_by(2).collect();
        assert_eq!(data, "abcde", "{method}: {body:?}");
        assert_eq!(
            (seen.header("transfer-encoding"), seen.header("content-length")),
            (Some("chunked"), None),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_body_of_known_length_reaches_the_upstream_with_every_method() {
    for method in METHODS {
        let origin = Origin::answering(|_| json("{}")).await;
        let proxy = Proxy::before(&origin).await;
        let head = request(method, "/_search", "Content-Length: 5\r\n");
        assert_eq!(ask(proxy.address, format!("{head}abcde")).await.status, 200, "{method}");
        let seen = origin.only();
        assert_eq!(seen.body, b"abcde", "{method}");
        assert_eq!((seen.header("transfer-encoding"), seen.header("content-length")), (None, Some("5")), "{method}");
    }
}

#[tokio::test]
async fn where_there_is_no_body_none_is_announced() {
    for method in METHODS {
        for fields in ["", "Content-Length: 0\r\n"] {
            let origin = Origin::answering(|_| json("{}")).await;
            let proxy = Proxy::before(&origin).await;
            assert_eq!(ask(proxy.address, request(method, "/x", fields)).await.status, 200, "{method}");
            assert_eq!(origin.only().header("transfer-encoding"), None, "{method}");
        }
    }
}
