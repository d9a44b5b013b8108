//! What happens to an answer, decided from its head (spec 5).

use super::media_type::MediaType;
use crate::codec::Codings;
use crate::header::trim_ows;
use crate::layer::request::{ClientRequest, Exchange};
use crate::reason::Reason;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, response};

/// What the head of an answer says about its body.
#[derive(Debug)]
pub(in crate::layer) enum Verdict<P> {
    /// There is no body.
    Bodiless,
    /// The body can be read, by this plan.
    Readable(P),
    /// The body cannot be read.
    Unreadable(Reason),
}

/// The codings of a body that can be read.
#[derive(Debug)]
pub(in crate::layer) struct BodyCodings {
    /// The codings of the upstream's body.
    pub(in crate::layer) upstream: Codings,
    /// The codings of the client's body.
    pub(in crate::layer) response: Codings,
}

/// How a body is masked.
#[derive(Debug)]
pub(in crate::layer) struct Plan {
    pub(in crate::layer) codings: BodyCodings,
    /// The reason to withhold the body if it is not JSON.
    pub(in crate::layer) not_json: Reason,
}

/// Judges the head of an answer, to a masked route or for a page. `is_empty` says that no byte of
/// body follows.
pub(in crate::layer) fn judge_head(
    client: &ClientRequest,
    head: &response::Parts,
    is_empty: bool,
) -> Verdict<BodyCodings> {
    if is_empty || never_has_body(head.status) || client.method == Method::HEAD {
        return Verdict::Bodiless;
    }
    if head.status == StatusCode::PARTIAL_CONTENT || head.headers.contains_key(CONTENT_RANGE) {
        return Verdict::Unreadable(Reason::PartialContent);
    }
    let values = head.headers.get_all(CONTENT_ENCODING);
    match Codings::parse(values.iter().map(HeaderValue::as_bytes)) {
        Ok(upstream) if !is_transfer_coded(&head.headers) => {
            Verdict::Readable(BodyCodings { response: client.response_codings(&upstream), upstream })
        }
        _ => Verdict::Unreadable(Reason::UnknownEncoding),
    }
}

/// Judges the head of an answer on a masked route.
pub(in crate::layer) fn judge(exchange: &Exchange, head: &response::Parts, is_empty: bool) -> Verdict<Plan> {
    if head.status.is_informational() {
        return Verdict::Unreadable(Reason::Upgrade);
    }
    let codings = match judge_head(&exchange.client, head, is_empty) {
        Verdict::Readable(codings) => codings,
        Verdict::Bodiless => return Verdict::Bodiless,
        Verdict::Unreadable(reason) => return Verdict::Unreadable(reason),
    };
    let not_json = match MediaType::of(&head.headers) {
        MediaType::Json => Reason::InvalidJson,
        MediaType::Unknown => Reason::NotJson,
        MediaType::NeverJson => return Verdict::Unreadable(Reason::NotJson),
        MediaType::OtherCharset => return Verdict::Unreadable(Reason::Charset),
    };
    if codings.upstream.is_identity() && announces_more_than(exchange.rule.max_body_bytes, &head.headers) {
        return Verdict::Unreadable(Reason::TooLarge);
    }
    Verdict::Readable(Plan { codings, not_json })
}

/// Whether answers with this status never have a body (RFC 9110 6.4.1).
pub(in crate::layer) fn never_has_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether the body is still in a transfer coding. The HTTP library removes `chunked` only.
fn is_transfer_coded(headers: &HeaderMap) -> bool {
    let is_chunked = |value: &HeaderValue| trim_ows(value.as_bytes()).eq_ignore_ascii_case(b"chunked");
    !headers.get_all(TRANSFER_ENCODING).iter().all(is_chunked)
}

/// Whether `Content-Length` says that the body exceeds the limit. Without that field, a body may
/// still turn out too large.
fn announces_more_than(limit: Option<u64>, headers: &HeaderMap) -> bool {
    let announced = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok();
    limit.zip(announced()).is_some_and(|(limit, announced)| announced > limit)
}
