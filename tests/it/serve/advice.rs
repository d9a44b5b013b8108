//! Advice in the log on creates that show no secret, and on refused requests.

use super::{KEYS, SECRET, Serving, api, last4, list};
use std::time::Duration;

/// The log's advice after so many requests that were answered like this, if there is any.
fn advice(method: &str, answer: &str, requests: usize) -> Vec<serde_json::Value> {
    let api = api(list(answer), Duration::ZERO);
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    for _ in 0..requests {
        let request = format!("{method} {KEYS} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assert_eq!(
            serving.ask(&request).contains(SECRET),
            method == "POST" && answer.starts_with("{\"token"),
            "{answer}"
        );
    }
    serving.signal("TERM");
    let (_, log) = serving.end();
    let lines = log.lines().filter(|line| line.contains("reveal_fields"));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_create_whose_secret_stands_deeper_is_told_of_once_and_counted() {
    let told = advice("POST", &format!("{{\"result\":{{\"token\":\"{SECRET}\"}}}}"), 5);
    let [line] = &*told else { panic!("{told:?}") };
    assert_eq!((&line["fields"]["route"], &line["fields"]["answers"]), (&"app-keys".into(), &5.into()));
}

#[test]
fn no_advice_is_given_where_it_could_uncover_a_list_or_is_not_needed() {
    let token = format!("{{\"token\":\"{SECRET}\"}}");
    for (method, answer) in [
        ("POST", format!("[{token}]")),
        ("POST", format!("[{token},{token}]")),
        ("POST", format!("{{\"data\":[{token},{token}]}}")),
        ("POST", format!("{{\"a\":{token},\"b\":{token}}}")),
        ("POST", token.clone()),
        ("POST", "{}".to_owned()),
        ("GET", format!("{{\"result\":{token}}}")),
        ("PUT", format!("{{\"result\":{token}}}")),
    ] {
        assert!(advice(method, &answer, 1).is_empty(), "{method} {answer}");
    }
}

#[test]
fn a_refused_request_is_called_that_and_its_path_said_only_where_paths_may_be() {
    let api = api(list("{}"), Duration::ZERO);
    for (paths, path) in [("false", serde_json::Value::Null), ("true", "/a%01b%00".into())] {
        let serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env("LAST4_LOG__PATHS", paths));
        serving.get("/a%01b%00?query");
        serving.signal("TERM");
        let (_, log) = serving.end();
        let line = log.lines().find(|line| line.contains("\"WARN\"")).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = &line["fields"];
        assert_eq!((&fields["message"], &fields["reason"]), (&"request refused".into(), &"ambiguous-path".into()));
        assert_eq!((&fields["path"], fields.get("route")), (&path, None));
        assert!(!log.contains("answer withheld") && !log.contains("query"), "{log}");
    }
}
