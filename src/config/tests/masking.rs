//! The `[masking]` table and its keys in a route.

use super::*;
use crate::layer::WriteBack;

#[test]
fn a_route_overrides_how_values_are_masked_in_general() {
    let text = format!("[masking]\nfirst = 2\nlast = 2\nmax_body_bytes = 0\n{MINIMAL}last = 3\nignore_case = true");
    let routes = load(&file(&text)).unwrap().routes.set;
    let rule = format!("{:?}", routes.routes()[0].rule);
    assert!(rule.contains("first: 2, last: 3, min_hidden: 8") && rule.contains("max_body_bytes: None"), "{rule}");
    assert!(rule.contains("ignore_case: true"), "{rule}");
}

/// Returns the answer `text`, masked. `masking` and `route` are lines of these tables.
async fn answered(masking: &str, route: &str, text: &str) -> String {
    use http_body_util::{BodyExt, Full};
    use tower_layer::Layer;
    use tower_service::Service;

    let config = load(&file(&format!("[masking]\n{masking}\n{MINIMAL}{route}"))).unwrap();
    let text = bytes::Bytes::from(text.to_owned());
    let mut service = config.routes.layer().layer(tower::service_fn(move |_| {
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(text.clone()))))
    }));
    let request = http::Request::get("/keys").body(Full::<bytes::Bytes>::default()).unwrap();
    let body = service.call(request).await.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

const KEY: &str = r#"{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d"}"#;

#[tokio::test]
async fn a_width_is_that_of_every_masked_value() {
    let token = |shown: &str| format!("{{\"token\":\"{shown}\"}}");
    for (masking, route, text, expected) in [
        ("", "", KEY, "app-8...cY5d"),
        ("width = 26", "", KEY, "app-8.................cY5d"),
        ("width = 26", "", r#"{"token":"short"}"#, "**************************"),
        ("width = 26", "", r#"{"token":12}"#, "**************************"),
        ("width = 12\nellipsis = \"<>\"", "", KEY, "app-8<><cY5d"),
        ("width = 12", "ellipsis = \"•\"\nshort = \"\"", KEY, "app-8•••cY5d"),
        ("width = 12", "short = \"\"", r#"{"token":"short"}"#, "............"),
        ("width = 26", "width = 0", KEY, "app-8...cY5d"),
        ("width = 26", "width = 10", KEY, "app-8.cY5d"),
        ("width = 26", "first = 3\nlast = 20\nmin_hidden = 0", KEY, "app...mQ7vXz31LtPq0RbNcY5d"),
        // A value that the API itself has masked to this width stays unchanged.
        ("width = 26", "", r#"{"token":"app-8.................cY5d"}"#, "app-8.................cY5d"),
    ] {
        assert_eq!(answered(masking, route, text).await, token(expected), "{masking} {route} {text}");
    }
    let found = problems(&format!("{MINIMAL}width = 9"));
    assert!(
        found.contains("`width` = 9 leaves nothing hidden beside 9 characters that are shown: write 10 or more"),
        "{found}"
    );
    let found = problems(&format!("{MINIMAL}width = 100"));
    assert!(found.contains("may have at most 64 characters"), "{found}");
}

#[tokio::test]
async fn a_mark_is_written_where_a_route_says_so() {
    assert_eq!(answered("", "mark = \"masked\"", KEY).await, r#"{"token":"app-8...cY5d","masked":true}"#);
    assert_eq!(answered("", "", KEY).await, r#"{"token":"app-8...cY5d"}"#);
    let found = problems(&format!("{MINIMAL}mark = \"token\""));
    assert!(found.contains("route[0].mark: is one of `fields`"), "{found}");
    let found = problems(&format!("{MINIMAL}mark = \"\""));
    assert!(found.contains("route[0].mark: the name of a member has 1 to 64 characters"), "{found}");
}

#[test]
fn a_policy_that_shows_whole_values_or_half_of_them_is_warned_of() {
    let masking = |lines: &str| format!("[masking]\n{lines}\n{MINIMAL}");
    let policies = "first = 64 & last = 64 & min_hidden = 0  min_hidden = 0  first = 0 & min_hidden = 0
        first = 14 & last = 14 & min_hidden = 0";
    for lines in cases(policies).map(|lines| lines.replace(" & ", "\n")) {
        let found = warnings(&masking(&lines));
        assert!(
            found.contains("characters whole: write min_hidden = 8") && found.lines().count() == 1,
            "{lines}: {found}"
        );
    }
    assert!(
        warnings(&format!("{MINIMAL}min_hidden = 0")).starts_with("last4.toml:9: route[0].min_hidden: min_hidden = 0")
    );
    let policies = "first = 64 & last = 64  first = 3 & last = 20 & min_hidden = 1  first = 10 & last = 10
        first = 6 & last = 4  last = 60";
    for lines in cases(policies).map(|lines| lines.replace(" & ", "\n")) {
        let found = warnings(&masking(&lines));
        assert!(
            found.contains("half or more: write smaller `first` and `last`") && found.lines().count() == 1,
            "{lines}: {found}"
        );
        // Routes that inherit the policy cause no second warning, whether from the file or a
        // preset.
        assert_eq!(warnings(&format!("presets = [\"dify\"]\n{}", masking(&lines))).lines().count(), 1, "{lines}");
    }
    assert_eq!(warnings(MINIMAL), "");
    let policies = "first = 5 & last = 4 & min_hidden = 8  first = 0 & last = 4 & min_hidden = 1
        first = 0 & last = 0 & min_hidden = 0  first = 8 & last = 8 & min_hidden = 32";
    for lines in cases(policies).map(|lines| lines.replace(" & ", "\n")) {
        assert_eq!(warnings(&masking(&lines)), "", "{lines}");
    }
    let found = warnings(&format!("{MINIMAL}first = 12"));
    assert!(found.starts_with("last4.toml:9: route[0].first: shows 16 of the 24 characters"), "{found}");
}

#[test]
fn a_mask_that_may_be_written_back_is_the_same_for_every_value() {
    let routes = |write_back| load(&file(&format!("{MINIMAL}{write_back}"))).unwrap().routes;
    for (line, expected) in [
        ("", WriteBack::Refuse),
        ("write_back = \"refuse\"", WriteBack::Refuse),
        ("write_back = \"pass\"", WriteBack::Pass),
    ] {
        assert_eq!(routes(line).described[0].write_back, expected, "{line}");
    }
    let found = warnings(&format!("{MINIMAL}write_back = \"pass\""));
    assert!(found.starts_with("last4.toml:9: route[0].write_back: lets a client store the mask"), "{found}");
    let sentinel = "first = 0\nlast = 0\nellipsis = \"[HIDDEN]\"\nshort = \"[HIDDEN]\"\nwrite_back = \"pass\"";
    assert_eq!(warnings(&format!("{MINIMAL}{sentinel}")), "");
    let global = load(&file(&format!("write_back = \"pass\"\n{MINIMAL}"))).unwrap();
    assert_eq!(global.routes.described[0].write_back, WriteBack::Pass);
}
