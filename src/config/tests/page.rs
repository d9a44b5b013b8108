//! The `[[page]]` tables.

use super::*;

#[test]
fn a_page_is_read_with_all_that_is_wrong_with_it() {
    let config = load(&file(&format!("{MINIMAL}\n[[page]]\npath = \"/{{*rest}}\"\nhide = [\"#a > b\"]"))).unwrap();
    let [page] = &*config.routes.pages.described else { panic!("{:?}", config.routes.pages.described) };
    assert_eq!((page.hide.join(" "), page.remove.len()), ("#a > b".to_owned(), 0));
    assert_eq!(load(&file(MINIMAL)).unwrap().routes.pages.described, []);
    let cases = r##"
        path = "/" => 12: page[0].hide: missing: what to hide, such as hide = ["#keys .copy"], or what to `remove`
        hide = ["a"] => 12: page[0].path: missing: the path of the requests
        path = "/" & hide = ["a{}"] => 14: page[0].hide[0]: a selector may not have `{`, `}`, `;` or `@` outside quotes
        path = "/" & remove = ["a", "b ~ c"] => 14: page[0].remove[1]: Unsupported combinator `~` in selector: in a page
        path = "x" & hide = ["a"] => 13: page[0].path: a path begins with `/`: write "/x""##;
    for (lines, expected) in table(cases) {
        let found = problems(&format!("{MINIMAL}\n\n\n[[page]]\n{lines}"));
        assert!(found.starts_with(&format!("last4.toml:{expected}")), "{lines}\n{found}");
        assert_eq!(found.matches("last4.toml:").count(), 1, "{lines}\n{found}");
    }
}

#[tokio::test]
async fn a_dry_run_changes_no_page_either() {
    use http_body_util::{BodyExt, Full};
    use tower_layer::Layer;
    use tower_service::Service;

    for (mode, expected) in [("enforce", true), ("observe", false)] {
        let text = format!("mode = \"{mode}\"\n{MINIMAL}\n[[page]]\npath = \"/\"\nhide = [\"a\"]");
        let mut service = load(&file(&text)).unwrap().routes.layer().layer(tower::service_fn(|_| {
            let page = http::Response::builder().header("content-type", "text/html");
            std::future::ready(Ok::<_, std::convert::Infallible>(page.body(Full::<bytes::Bytes>::from("<p>")).unwrap()))
        }));
        let request = http::Request::get("/").body(Full::<bytes::Bytes>::default()).unwrap();
        let body = service.call(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.starts_with(b"<style>"), expected, "{mode}");
    }
}

#[test]
fn removing_the_control_of_a_form_is_warned_of() {
    let page = |remove: &str| format!("{MINIMAL}[[page]]\npath = \"/x\"\nremove = ['{remove}']");
    let selectors = r#"input  #form input.key  form > textarea  SELECT#type  p, input[name=token]  [name="token"]
             .x[type=password]  form.keys  fieldset  *[name]  input[value="a > b"]"#;
    for selector in cases(selectors) {
        let found = warnings(&page(selector));
        assert!(
            found.starts_with("last4.toml:11: page[0].remove[0]: may select a form control"),
            "{selector}: {found}"
        );
        assert!(found.contains(&format!("write it under `hide`, hide = [{selector:?}]")), "{found}");
    }
    let selectors = r#"button.copy  input[type="button"]  form button  input[type=submit]  .copy  textarea > .x
             input-group  [title="input"]"#;
    for selector in cases(selectors) {
        assert_eq!(warnings(&page(selector)), "", "{selector}");
    }
    assert_eq!(warnings(&page("b").replace("remove", "hide").replace("'b'", "'input'")), "");
}
