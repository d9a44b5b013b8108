//! Paths that servers take from the query.
//!
//! A front controller that is called without a path of its own routes by its query:
//! `/?/console/api` (CodeIgniter), `?r=a/b` (Yii), `?q=a/b` (Drupal), `?s=/a/b` (ThinkPHP),
//! `?route=a/b` (OpenCart), `?_url=/a/b` (Phalcon), `?rest_route=/a/b` (WordPress), or by any name
//! in a rewrite rule. So the name of the parameter does not matter.

use super::ambiguous::AmbiguousPath;
use super::reading::{decode, ends_in_script};

/// How many times a part of a query may be percent-encoded. Only hostile requests encode it more
/// often.
const MAX_DECODINGS: usize = 8;

/// The parts of a query that can be paths, percent-decoded. A part has several results if it was
/// encoded several times.
pub(super) struct QueryPaths {
    /// The whole query, for servers that take all of it as the path, separators included.
    whole: Vec<Vec<u8>>,
    /// Names and values of parameters.
    pieces: Vec<Vec<u8>>,
    /// The values of WordPress's `rest_route`.
    rest_routes: Vec<Vec<u8>>,
}

impl QueryPaths {
    /// Finds the paths that a query string holds.
    ///
    /// # Errors
    /// [`AmbiguousPath::TooManyReadings`] if a part is percent-encoded more than [`MAX_DECODINGS`]
    /// times.
    pub(super) fn of(query: &[u8]) -> Result<Self, AmbiguousPath> {
        let mut whole = decodings(query)?;
        whole.retain(|path| query.starts_with(b"/") || path.starts_with(b"/"));
        let (mut pieces, mut rest_routes) = (Vec::new(), Vec::new());
        for (name, value) in parameters(query) {
            let values = decodings(value)?;
            if is_rest_route(name) {
                rest_routes.extend_from_slice(&values);
            }
            pieces.extend(decodings(name)?);
            pieces.extend(values);
        }
        [&mut whole, &mut pieces, &mut rest_routes].into_iter().flatten().for_each(root);
        Ok(Self { whole, pieces, rest_routes })
    }

    /// Returns the paths that servers read from the query of a request for `path`.
    pub(super) fn at<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = Vec<u8>> {
        let leads = leads_to_query(path);
        let folder =
            path.iter().rposition(|&byte| byte == b'/').and_then(|slash| path.get(..slash)).unwrap_or_default();
        let (whole, pieces) = if leads { (&*self.whole, &*self.pieces) } else { (&[][..], &[][..]) };
        let pieces = pieces.iter().flat_map(move |piece| [piece.clone(), [folder, piece].concat()]);
        // WordPress reads `rest_route` at every path below its own folder, which may be any prefix
        // of the path.
        let rest_routes = self.rest_routes.iter().flat_map(move |piece| {
            let folders = memchr::memchr_iter(b'/', path).filter_map(|slash| path.get(..slash));
            folders.flat_map(move |folder| [[folder, piece].concat(), [folder, b"/wp-json", piece].concat()])
        });
        whole.iter().cloned().chain(pieces).chain(rest_routes)
    }
}

/// Returns whether a path leads to a script, or to a folder whose index may be a script.
pub(super) fn leads_to_query(path: &[u8]) -> bool {
    path.ends_with(b"/") || ends_in_script(path)
}

/// Returns whether a query has WordPress's `rest_route`, which replaces any path.
pub(super) fn has_rest_route(query: &[u8]) -> bool {
    // Nearly every query has neither `%` nor `re`, and so needs no parsing.
    let may_have = memchr::memchr(b'%', query).is_some() || memchr::memmem::find(query, b"re").is_some();
    may_have && parameters(query).any(|(name, _)| is_rest_route(name))
}

/// Returns whether PHP reads a name as `rest_route`. A NUL ends the name, and other punctuation may
/// be read as `_`.
fn is_rest_route(name: &[u8]) -> bool {
    let decoded = decode(name);
    let name = decoded.as_deref().unwrap_or(name).split(|&byte| byte == 0).next().unwrap_or_default();
    name.iter().copied().filter(u8::is_ascii_alphanumeric).eq(*b"restroute")
}

/// Returns the names and values of a query's parameters.
fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| matches!(byte, b'&' | b';')).map(|parameter| {
        let mut sides = parameter.splitn(2, |&byte| byte == b'=');
        (sides.next().unwrap_or_default(), sides.next().unwrap_or_default())
    })
}

/// Percent-decodes a part of a query repeatedly. Returns each result that has a slash or backslash,
/// up to its first NUL.
fn decodings(written: &[u8]) -> Result<Vec<Vec<u8>>, AmbiguousPath> {
    let mut paths = Vec::new();
    let mut decoded = decode(written).unwrap_or_else(|| written.to_vec());
    for _ in 0..MAX_DECODINGS {
        if memchr::memchr2(b'/', b'\\', &decoded).is_some() {
            let end = memchr::memchr(0, &decoded).unwrap_or(decoded.len());
            paths.push(decoded.get(..end).unwrap_or_default().to_vec());
        }
        match decode(&decoded) {
            Some(again) => decoded = again,
            None => return Ok(paths),
        }
    }
    Err(AmbiguousPath::TooManyReadings)
}

/// Adds the leading slash, if it is missing.
fn root(path: &mut Vec<u8>) {
    if !path.starts_with(b"/") {
        path.insert(0, b'/');
    }
}
