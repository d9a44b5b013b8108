//! Paths that servers take from the query.
//!
//! A front controller that is reached without a path of its own routes by its query: `/?/console/api` (CodeIgniter), `?r=a/b` (Yii),
//! `?q=a/b` (Drupal), `?s=/a/b` (ThinkPHP), `?route=a/b` (OpenCart), `?_url=/a/b` (Phalcon), `?rest_route=/a/b` (WordPress), and whatever
//! name a rewrite rule gives it. So the name of the parameter does not count.

use super::reading::{decode, ends_in_script};

/// Most pieces of a query that are read as paths, and how often each is decoded at most. What goes beyond is a query that no front
/// controller routes by.
const MAX_PIECES: usize = 16;
const MAX_DECODINGS: usize = 3;

/// Whether a parameter is WordPress's `rest_route`, which leads away from any path.
pub(super) fn has_rest_route(query: &[u8]) -> bool {
    // In nearly every query it can be told from two letters that it has none.
    let may_have = memchr::memchr(b'%', query).is_some() || memchr::memmem::find(query, b"re").is_some();
    may_have && parameters(query).any(|(name, _)| is_rest_route(name))
}

/// Whether PHP takes a name for `rest_route`.
fn is_rest_route(name: &[u8]) -> bool {
    let decoded = decode(name);
    let letters = decoded.as_deref().unwrap_or(name).iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters.copied().eq(*b"restroute")
}

/// The names and values of a query's parameters.
fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| matches!(byte, b'&' | b';')).map(|parameter| {
        let mut sides = parameter.splitn(2, |&byte| byte == b'=');
        (sides.next().unwrap_or_default(), sides.next().unwrap_or_default())
    })
}

/// Whether a request for this path is one for a script, or for a folder whose index may be one.
pub(super) fn leads_to_query(path: &[u8]) -> bool {
    path.ends_with(b"/") || ends_in_script(path)
}

/// The paths that a query may stand for, at this script or in this folder; at any other path, only those of `rest_route`. They are
/// decoded, as a script gets its parameters.
pub(super) fn paths_in_query(path: &[u8], query: &[u8]) -> Vec<Vec<u8>> {
    let leads = leads_to_query(path);
    let folder = path.iter().rposition(|&byte| byte == b'/').and_then(|slash| path.get(..slash)).unwrap_or_default();
    let mut paths = Vec::new();
    // All of it, for ids that hold what divides parameters.
    for whole in decodings(query).filter(|whole| leads && whole.starts_with(b"/")) {
        paths.push(whole);
    }
    for (name, value) in parameters(query).take(MAX_PIECES) {
        let is_rest_route = is_rest_route(name);
        let name = if leads { name } else { b"" };
        let value = if leads || is_rest_route { value } else { b"" };
        for written in decodings(name).chain(decodings(value)) {
            let path = if written.starts_with(b"/") { written } else { [b"/", &*written].concat() };
            if !folder.is_empty() {
                paths.push([folder, &path].concat());
            }
            if is_rest_route {
                paths.push([folder, b"/wp-json", &path].concat());
            }
            paths.push(path);
        }
    }
    paths
}

/// A piece of a query, decoded again and again, wherever it then can be a path of more than a name. A NUL ends it.
fn decodings(written: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let first = decode(written).unwrap_or_else(|| written.to_vec());
    let decoded = std::iter::successors(Some(first), |before| decode(before)).take(MAX_DECODINGS);
    let up_to_nul = |mut path: Vec<u8>| {
        path.truncate(memchr::memchr(0, &path).unwrap_or(path.len()));
        path
    };
    decoded.map(up_to_nul).filter(|path| memchr::memchr2(b'/', b'\\', path).is_some())
}
