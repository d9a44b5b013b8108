//! What is to happen to an answer, decided from its head (spec 5).

use super::exchange::Exchange;
use super::media_type::MediaType;
use crate::codec::Codings;
use crate::reason::Reason;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, response};

/// What is to happen to an answer on a masked route.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It has no body: its head passes.
    Bodiless,
    /// Its body is to be masked.
    Mask(Plan),
    /// Its body is to be withheld.
    Withhold(Reason),
}

/// How a body is to be masked.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the upstream's body is coded in.
    pub(super) codings: Codings,
    /// What the client's is to be coded in.
    pub(super) give_back: Codings,
    /// Why it is withheld if it turns out not to be JSON.
    pub(super) not_json: Reason,
}

/// Judges the head of an answer. `empty` says that no byte of body follows.
pub(super) fn judge(exchange: &Exchange, head: &response::Parts, empty: bool) -> Verdict {
    if head.status.is_informational() {
        return Verdict::Withhold(Reason::Upgrade);
    }
    let never_has_body = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if empty || never_has_body || exchange.method == Method::HEAD {
        return Verdict::Bodiless;
    }
    if head.status == StatusCode::PARTIAL_CONTENT || head.headers.contains_key(CONTENT_RANGE) {
        return Verdict::Withhold(Reason::PartialContent);
    }
    let values = head.headers.get_all(CONTENT_ENCODING);
    let Ok(codings) = Codings::parse(values.iter().map(HeaderValue::as_bytes)) else {
        return Verdict::Withhold(Reason::UnknownEncoding);
    };
    // A transfer coding beside `chunked` is still in the bytes.
    let transfer_coded = |value: &HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    if head.headers.get_all(TRANSFER_ENCODING).iter().any(transfer_coded) {
        return Verdict::Withhold(Reason::UnknownEncoding);
    }
    let not_json = match MediaType::of(&head.headers) {
        MediaType::Json => Reason::InvalidJson,
        MediaType::Unsaid => Reason::NotJson,
        MediaType::NeverJson => return Verdict::Withhold(Reason::NotJson),
        MediaType::OtherCharset => return Verdict::Withhold(Reason::Charset),
    };
    if codings.is_identity() && announces_more_than(exchange.rule.max_body_bytes, &head.headers) {
        return Verdict::Withhold(Reason::TooLarge);
    }
    let give_back = if exchange.accept_encoding.accepts(&codings) { codings.clone() } else { Codings::default() };
    Verdict::Mask(Plan { codings, give_back, not_json })
}

/// Whether a length says beforehand that a body will be refused. One that does not say so may still turn out too large.
fn announces_more_than(limit: Option<u64>, headers: &HeaderMap) -> bool {
    let announced = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok();
    limit.zip(announced()).is_some_and(|(limit, announced)| announced > limit)
}
