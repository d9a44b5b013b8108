//! Removes fields that make a server use another path than the one in the request line.

use super::field_name::FieldNames;
use crate::header::remove_where;
use http::header::{HeaderMap, HeaderName};

/// The fields, grouped by the software that reads them.
const REROUTING: FieldNames = FieldNames::new(&[
    // CGI variables, which gunicorn, uWSGI and Passenger take from fields of these names.
    "path-info", "path-translated", "raw-uri", "request-uri", "script-name",
    // NGINX's and Traefik's forwarded authentication. Apps behind them route by these.
    "x-forwarded-uri", "x-forwarded-url", "x-original-path", "x-original-uri", "x-replaced-path", "x-request-uri",
    // IIS's rewriting modules. Zend Framework, WordPress, old Symfony and others read them.
    "x-original-url", "x-rewrite-uri", "x-rewrite-url", "x-waws-unencoded-url",
    // Prefixes: Spring and ASP.NET Core (-Prefix), Catalyst (-Path), Apache Knox, Hadoop and NiFi
    // (-Context, ContextPath), Mojolicious (-Base), mod_wsgi (X-Script-Name and the two names of
    // Plack's ReverseProxyPath).
    "x-forwarded-base", "x-forwarded-context", "x-forwarded-path", "x-forwarded-prefix", "x-forwarded-script-name",
    "x-path-base", "x-proxycontextpath", "x-request-base", "x-script-name", "x-traversal-path",
    // Sets the root where traversal starts, in Pyramid and repoze.
    "x-vhm-root", // Read by the receiving side of Paste and WSGIProxy2.
    "x-wsgiproxy-path-info", "x-wsgiproxy-script-name",
    // Others that some server was observed to read.
    "x-envoy-original-path", "x-http-destinationurl", "x-rewrite-path", "x-rewritten-url",
]);

/// Removes the fields, except those that are allowed by name.
pub(crate) fn remove_rerouting(headers: &mut HeaderMap, allowed: &[HeaderName]) {
    remove_where(headers, |name| REROUTING.contain(name) && !allowed.contains(name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn left(names: &[&'static str], allowed: &[HeaderName]) -> Vec<String> {
        let fields = names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("/x")));
        let mut headers: HeaderMap = fields.collect();
        remove_rerouting(&mut headers, allowed);
        headers.keys().map(ToString::to_string).collect()
    }

    /// Each name was chosen by hand: a server was observed to route by it.
    #[test]
    fn rerouting_fields_are_removed_however_they_are_spelt() {
        for name in [
            "script_name", "path-info", "x-original-url", "x.original.url", "x!original!url", "x_rewrite-url",
            "x-vhm-root", "x-traversal-path", "x-forwarded-script-name", "x-wsgiproxy-path-info",
            "x_wsgiproxy_script_name", "x-forwarded-context", "x-proxycontextpath",
        ] {
            assert_eq!(left(&[name, "x-a"], &[]), ["x-a"], "{name}");
        }
    }

    #[test]
    fn fields_that_are_allowed_by_name_stay() {
        let allowed = [HeaderName::from_static("x-forwarded-prefix")];
        assert_eq!(left(&["x-forwarded-prefix", "x-script-name"], &allowed), ["x-forwarded-prefix"]);
    }
}
