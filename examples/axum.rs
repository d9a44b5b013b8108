//! The masking layer around an axum service, without the proxy: `cargo run --example axum`, then
//! `curl localhost:3000/apps/7/api-keys` for a masked list, and the same with `-X POST` for the one
//! reveal.

use axum::{Json, Router, http::Method, routing::get};
use last4::{MaskLayer, MaskRule, Pattern, Reveal, Route, RouteSet, Rules, Selectors};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}

fn app() -> Result<Router, Box<dyn std::error::Error>> {
    let list = async || Json(json!({ "data": [{ "id": 1, "token": "app-8fK2mQ7vXz31LtPq0RbNcY5d" }] }));
    let create = async || Json(json!({ "id": 2, "token": "app-Zk8QwN3xRv7LmP2sTy9BcD4f" }));
    let fields = Selectors::compile(["token"], false).map_err(|refused| format!("{refused:?}"))?;
    let rule = MaskRule::new(Rules::new(fields)).with_reveal([Method::POST], Reveal::TopLevel);
    let keys = Route { name: "app-keys".to_owned(), pattern: Pattern::template("/apps/{app_id}/api-keys")?, rule };
    let layer = MaskLayer::new(RouteSet::compile(vec![keys])?);
    Ok(Router::new().route("/apps/{app_id}/api-keys", get(list).post(create)).layer(layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use http::Request;
    use tower::ServiceExt;

    async fn ask(method: Method) -> String {
        let request = Request::builder().method(method).uri("/apps/7/api-keys").body(Body::empty()).unwrap();
        let response = app().unwrap().oneshot(request).await.unwrap();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_list_is_masked() {
        assert_eq!(ask(Method::GET).await, r#"{"data":[{"id":1,"token":"app-8...cY5d"}]}"#);
    }

    #[tokio::test]
    async fn a_create_is_revealed() {
        assert_eq!(ask(Method::POST).await, r#"{"id":2,"token":"app-Zk8QwN3xRv7LmP2sTy9BcD4f"}"#);
    }
}
