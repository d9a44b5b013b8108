//! The tour of the demo: lists the keys without and with last4, creates a key, and checks that the
//! secrets stayed hidden.

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::{fmt, io};
use tokio::net::TcpStream;

/// The requests of a tour and their answers.
///
/// Does not implement `Debug`, because the answers contain whole secrets. Only `Display` shows
/// them.
pub(super) struct Tour([TourStep; 4]);

struct TourStep {
    title: &'static str,
    method: Method,
    url: String,
    status: StatusCode,
    body: String,
}

impl Tour {
    /// Lists the keys of an app from the legacy API and through last4. Then creates a key and lists
    /// again, both through last4.
    pub(super) async fn take(legacy: SocketAddr, last4: SocketAddr, app_id: &str) -> io::Result<Self> {
        let path = format!("/console/api/apps/{app_id}/api-keys");
        Ok(Self([
            send("The list, from the legacy API: every secret in full", Method::GET, legacy, &path).await?,
            send("The same list, through last4", Method::GET, last4, &path).await?,
            send("A new key, through last4: its secret is shown this once", Method::POST, last4, &path).await?,
            send("The list again, through last4", Method::GET, last4, &path).await?,
        ]))
    }

    /// Returns whether last4 showed only one secret: the new key's, in the answer that created it.
    pub(super) fn stayed_hidden(&self) -> bool {
        let Self([raw, masked, create, again]) = self;
        let (secrets, created) = (tokens(&raw.body), tokens(&create.body));
        let hides = |step: &TourStep, secrets: &[String]| {
            step.status.is_success() && !secrets.iter().any(|secret| step.body.contains(secret.as_str()))
        };
        let is_whole = |secret: &String| secret.starts_with("app-") && !secret.contains("...");
        !secrets.is_empty()
            && secrets.iter().all(is_whole)
            && created.len() == 1
            && created.iter().all(is_whole)
            && hides(masked, &secrets)
            && hides(create, &secrets)
            && hides(again, &secrets)
            && hides(again, &created)
            && tokens(&again.body).len() == secrets.len() + 1
    }
}

impl fmt::Display for Tour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for TourStep { title, method, url, status, body } in &self.0 {
            let option = if *method == Method::POST { " -X POST" } else { "" };
            writeln!(f, "{title}\n$ curl{option} {url}\n{}\n{}\n", status.as_u16(), one_key_a_line(body))?;
        }
        Ok(())
    }
}

/// Puts each key on its own line, so that two lists are easy to compare.
fn one_key_a_line(body: &str) -> String {
    body.trim_end().replace("[{", "[\n  {").replace("}, {", "},\n  {").replace("},{", "},\n  {").replace("}]", "}\n]")
}

/// Returns all values of `token` in an answer, in their order.
fn tokens(body: &str) -> Vec<String> {
    fn gather(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("token").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| gather(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| gather(element, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    gather(&serde_json::from_str(body).unwrap_or_default(), &mut found);
    found
}

async fn send(title: &'static str, method: Method, address: SocketAddr, path: &str) -> io::Result<TourStep> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().map_err(io::Error::other)?;
    request.headers_mut().insert(HOST, HeaderValue::try_from(address.to_string()).map_err(io::Error::other)?);
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let url = format!("http://{address}{path}");
    Ok(TourStep { title, method, url, status, body: String::from_utf8_lossy(&body).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tour(bodies: [&str; 4]) -> Tour {
        let (method, url, status) = (Method::GET, String::new(), StatusCode::OK);
        Tour(bodies.map(|body| TourStep {
            title: "",
            method: method.clone(),
            url: url.clone(),
            status,
            body: body.into(),
        }))
    }

    const RAW: &str = r#"{"data":[{"token":"app-old"}]}"#;
    const MASKED: &str = r#"{"data":[{"token":"app-...1"}]}"#;
    const CREATED: &str = r#"{"token":"app-new"}"#;
    const AGAIN: &str = r#"{"data":[{"token":"app-...1"},{"token":"app-...2"}]}"#;

    #[test]
    fn a_tour_on_which_nothing_leaked_is_told_from_one_on_which_something_did() {
        assert!(tour([RAW, MASKED, CREATED, AGAIN]).stayed_hidden());
        let leaky_again = r#"{"data":[{"token":"app-...1"},{"token":"app-new"}]}"#;
        for bodies in [
            [RAW, RAW, CREATED, AGAIN],
            [RAW, MASKED, MASKED, AGAIN],
            [RAW, MASKED, CREATED, leaky_again],
            [RAW, MASKED, CREATED, MASKED],
            [MASKED, MASKED, CREATED, AGAIN],
            [r#"{"data":[]}"#, MASKED, CREATED, AGAIN],
        ] {
            assert!(!tour(bodies).stayed_hidden(), "{bodies:?}");
        }
    }
}
