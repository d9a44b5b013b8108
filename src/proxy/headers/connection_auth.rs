//! Detects messages that authenticate their connection, not only the request: NTLM, and Negotiate
//! (RFC 4559) with the schemes inside it.

use crate::header::list_items;
use http::header::{HeaderMap, HeaderValue};

/// Schemes after which some server treats each later request on the connection as the same user's.
const SCHEMES: [&str; 6] = ["ntlm", "negotiate", "nego2", "kerberos", "gssapi", "spnego"];

/// Returns whether a request authenticates the connection that it is sent on.
///
/// Compares only the end of a field's name, because CGI servers do not distinguish
/// `Proxy_Authorization` from the field with `-`.
pub(crate) fn authenticates(headers: &HeaderMap) -> bool {
    let mut fields = headers.iter().filter(|(name, _)| name.as_str().ends_with("authorization"));
    fields.any(|(_, value)| credentials(value).any(|(scheme, _)| is_known(scheme)))
}

/// Returns whether a response shows that its connection is authenticated as some user, or is about
/// to be.
///
/// A scheme without a token shows nothing: the server only offers it, as in each response to an
/// anonymous user.
pub(crate) fn is_authenticated(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| match name.as_str() {
        "www-authenticate" | "proxy-authenticate" | "authentication-info" | "proxy-authentication-info" => {
            credentials(value).any(|(scheme, token)| is_known(scheme) && !token.is_empty())
        }
        // The connection stays authenticated.
        "persistent-auth" => !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"false"),
        _ => false,
    })
}

/// Returns the schemes of a field, each with the token after it. A comma also separates parameters,
/// so a parameter can look like a scheme.
fn credentials(value: &HeaderValue) -> impl Iterator<Item = (&[u8], &[u8])> {
    list_items(value.as_bytes()).map(|item| {
        let (scheme, token) = item.split_at(item.iter().position(u8::is_ascii_whitespace).unwrap_or(item.len()));
        (scheme, token.trim_ascii())
    })
}

fn is_known(scheme: &[u8]) -> bool {
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
}
