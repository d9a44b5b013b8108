//! Which messages say who the connection belongs to, not only the request: NTLM, and Negotiate (RFC 4559) with what is spoken in it.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Schemes by which some server takes every later request on the connection for the same user's.
const SCHEMES: [&str; 6] = ["ntlm", "negotiate", "nego2", "kerberos", "gssapi", "spnego"];

/// Whether a request authenticates the connection that it is sent on.
///
/// By the end of the field's name, for servers of the CGI family take `Proxy_Authorization` for the field with `-`.
pub(crate) fn authenticates(headers: &HeaderMap) -> bool {
    let mut fields = headers.iter().filter(|(name, _)| name.as_str().ends_with("authorization"));
    fields.any(|(_, value)| credentials(value).any(|(scheme, _)| is_known(scheme)))
}

/// Whether an answer shows that the connection it came on is some user's, or about to be. A scheme that is only on offer, as every
/// anonymous request is told of, was not spoken.
pub(crate) fn is_authenticated(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| match Said::by(name) {
        Some(Said::Credentials) => credentials(value).any(|(scheme, token)| is_known(scheme) && !token.is_empty()),
        Some(Said::Persistence) => !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"false"),
        None => false,
    })
}

enum Said {
    Credentials,
    /// That the connection stays authenticated.
    Persistence,
}

impl Said {
    fn by(name: &HeaderName) -> Option<Self> {
        match name.as_str() {
            "www-authenticate" | "proxy-authenticate" | "authentication-info" | "proxy-authentication-info" => {
                Some(Self::Credentials)
            }
            "persistent-auth" => Some(Self::Persistence),
            _ => None,
        }
    }
}

/// The schemes of a field, each with what stands behind it. A comma may end a parameter as well, which then looks like a scheme.
fn credentials(value: &HeaderValue) -> impl Iterator<Item = (&[u8], &[u8])> {
    value.as_bytes().split(|&byte| byte == b',').map(|one| {
        let one = one.trim_ascii();
        let (scheme, token) = one.split_at(one.iter().position(u8::is_ascii_whitespace).unwrap_or(one.len()));
        (scheme, token.trim_ascii())
    })
}

fn is_known(scheme: &[u8]) -> bool {
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
}
