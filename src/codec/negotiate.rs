//! Negotiation of codings: what a client accepts, and what last4 requests from an upstream
//! (`Accept-Encoding`, RFC 9110, section 12.5.3).

use super::coding::{Coding, Codings};
use crate::header::{list_items, trim_ows};

/// A client's `Accept-Encoding`, reduced to the codings that last4 can undo, `identity` and `*`.
///
/// Parsing never fails, because an odd list is no reason to refuse a request. In doubt a coding is
/// not accepted: an item that is not valid accepts nothing, and of a coding that is listed twice
/// the lower weight counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptEncoding {
    /// In the client's order, each name once.
    items: Vec<(Name, Weight)>,
}

impl AcceptEncoding {
    /// Parses all `Accept-Encoding` values of a request, in their order. Without any, only
    /// `identity` is accepted.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut accept = Self::default();
        for (name, weight) in values.into_iter().flat_map(list_items).filter_map(parse_item) {
            match accept.items.iter_mut().find(|(listed, _)| *listed == name) {
                Some((_, lowest)) => *lowest = weight.min(*lowest),
                None => accept.items.push((name, weight)),
            }
        }
        accept
    }

    /// Whether a body in these codings may be sent to the client: each coding is listed, or covered
    /// by `*`, and its weight is not 0.
    ///
    /// A body without codings may always be sent. A client can refuse that too, with
    /// `identity;q=0`, but gets it anyway rather than an error.
    pub fn accepts(&self, codings: &Codings) -> bool {
        codings.iter().all(|coding| {
            let weight = self.weight(Name::Coding(coding)).or_else(|| self.weight(Name::Any));
            weight.is_some_and(|weight| weight > REFUSED)
        })
    }

    /// Returns the `Accept-Encoding` to send upstream: the client's list without the codings that
    /// last4 cannot undo.
    ///
    /// Order and weights stay. A `*` would allow the upstream any coding, so it is replaced by the
    /// known codings that it covers. `*;q=0` is left out, because codings that are not listed are
    /// not requested anyway. The result is `identity` if no coding remains.
    pub fn for_upstream(&self) -> String {
        let mut list = Vec::new();
        for &(name, weight) in &self.items {
            match name {
                Name::Coding(coding) => list.push(spell(coding.token(), weight)),
                Name::Identity => list.push(spell(IDENTITY, weight)),
                Name::Any if weight == REFUSED => {}
                Name::Any => list.extend(
                    Coding::ALL
                        .into_iter()
                        .filter(|&coding| self.weight(Name::Coding(coding)).is_none())
                        .map(|coding| spell(coding.token(), weight)),
                ),
            }
        }
        if list.is_empty() { IDENTITY.to_owned() } else { list.join(", ") }
    }

    fn weight(&self, name: Name) -> Option<Weight> {
        self.items.iter().find(|(listed, _)| *listed == name).map(|&(_, weight)| weight)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Any,
    Coding(Coding),
    Identity,
}

/// A quality value in thousandths (RFC 9110, section 12.4.2).
type Weight = u16;

const FULL: Weight = 1000;
const REFUSED: Weight = 0;
const IDENTITY: &str = "identity";

/// Parses one list item. Returns `None` for a coding that last4 does not know.
fn parse_item(item: &[u8]) -> Option<(Name, Weight)> {
    let mut parts = item.splitn(2, |&byte| byte == b';').map(trim_ows);
    let name = match parts.next()? {
        b"*" => Name::Any,
        token if token.eq_ignore_ascii_case(IDENTITY.as_bytes()) => Name::Identity,
        token => Name::Coding(Coding::from_token(token)?),
    };
    let weight = parts.next().map_or(Some(FULL), parse_weight);
    match name {
        // An `identity` that is not valid is left out. As a refusal (`q=0`), it would make the
        // upstream fail because of a typing error.
        Name::Identity => weight.map(|weight| (name, weight)),
        // A coding that is not valid counts as refused. If it were left out, a `*` elsewhere in the
        // list would cover it.
        Name::Any | Name::Coding(_) => Some((name, weight.unwrap_or(REFUSED))),
    }
}

/// Parses `q=` and a number from 0 to 1 with at most three decimals.
fn parse_weight(parameter: &[u8]) -> Option<Weight> {
    let (whole, decimals) = match parameter {
        [b'q' | b'Q', b'=', whole] => (whole, &[][..]),
        [b'q' | b'Q', b'=', whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    if !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let thousandths = decimals.iter().chain(b"000").take(3).fold(0, |sum, digit| 10 * sum + Weight::from(digit - b'0'));
    match (whole, thousandths) {
        (b'0', _) => Some(thousandths),
        (b'1', 0) => Some(FULL),
        _ => None,
    }
}

fn spell(token: &str, weight: Weight) -> String {
    match weight {
        FULL => token.to_owned(),
        REFUSED => format!("{token};q=0"),
        _ => format!("{token};q=0.{}", format!("{weight:03}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> AcceptEncoding {
        AcceptEncoding::parse(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn upstream_is_asked_for_what_can_be_undone() {
        for (values, expected) in [
            (&[][..], "identity"),
            (&[""], "identity"),
            (&["gzip, deflate, br, zstd"], "gzip, deflate, br, zstd"),
            (&["gzip, deflate, br, zstd, dcb, dcz"], "gzip, deflate, br, zstd"),
            (&["GZIP;Q=0.50 , x-unknown", "br;q=1.000"], "gzip;q=0.5, br"),
            (&["gzip;q=0.001, br;q=0.120, zstd;q=0.9"], "gzip;q=0.001, br;q=0.12, zstd;q=0.9"),
            (&["x-gzip, gzip;q=0.3"], "gzip;q=0.3"),
            (&["compress, exi"], "identity"),
            (&["identity"], "identity"),
            (&["identity;q=0.5, gzip"], "identity;q=0.5, gzip"),
            (&["gzip, identity;q=0"], "gzip, identity;q=0"),
            (&["gzip;q=0"], "gzip;q=0"),
            (&["*"], "br, deflate, gzip, zstd"),
            (&["*;q=0.1, gzip;q=0"], "br;q=0.1, deflate;q=0.1, zstd;q=0.1, gzip;q=0"),
            (&["gzip, *;q=0"], "gzip"),
            (&["*;q=0"], "identity"),
            (&["*;q=0, identity;q=0.5"], "identity;q=0.5"),
        ] {
            assert_eq!(parse(values).for_upstream(), expected, "{values:?}");
        }
    }

    #[test]
    fn the_client_gets_only_what_it_accepts() {
        for (accept, stack, expected) in [
            (&[][..], "", true),
            (&[], "gzip", false),
            (&[""], "gzip", false),
            (&["identity"], "gzip", false),
            (&["identity;q=0"], "", true),
            (&["gzip"], "gzip", true),
            (&["x-gzip"], "gzip", true),
            (&["gzip ; q=0.001"], "gzip", true),
            (&["gzip;q=0"], "gzip", false),
            (&["gzip;q=0.000"], "gzip", false),
            (&["br", "GZIP"], "gzip", true),
            (&["br"], "gzip", false),
            (&["*"], "zstd", true),
            (&["*;q=0"], "zstd", false),
            (&["zstd;q=0, *"], "zstd", false),
            (&["zstd, *;q=0"], "zstd", true),
            (&["gzip, gzip;q=0"], "gzip", false),
            (&["gzip, br"], "gzip, br", true),
            (&["gzip"], "gzip, br", false),
            (&["gzip, *;q=0.1"], "gzip, br", true),
        ] {
            let codings = Codings::parse([stack.as_bytes()]).unwrap();
            assert_eq!(parse(accept).accepts(&codings), expected, "{accept:?} for {stack:?}");
        }
    }

    #[test]
    fn malformed_items_accept_nothing() {
        let gzip = Codings::parse([&b"gzip"[..]]).unwrap();
        for item in [
            "gzip;", "gzip;q", "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=.5", "gzip;q=-1",
            "gzip;q=0,5", "gzip;q = 1", "gzip;q=1;level=9", "gzip;level=9", "gzip;q=0.5x", "gz ip", "\"gzip\"",
            "gzip br", "g\u{e9}zip",
        ] {
            assert!(!parse(&[item]).accepts(&gzip), "{item:?}");
            // The rest of the list still counts.
            assert!(parse(&[item, "br"]).accepts(&Codings::parse([&b"br"[..]]).unwrap()), "{item:?}");
        }
        assert!(!parse(&["gzip;q=high, *"]).accepts(&gzip));
        assert_eq!(parse(&["identity;q=high, br"]).for_upstream(), "br");
    }

    #[test]
    fn a_list_of_any_length_asks_upstream_for_a_handful() {
        let accept = "gzip, br;q=0.5, *;q=0.1, identity, ".repeat(10_000);
        assert_eq!(parse(&[&accept]).for_upstream(), "gzip, br;q=0.5, deflate;q=0.1, zstd;q=0.1, identity");
    }
}
