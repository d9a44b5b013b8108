//! What servers do to a path before they route it, one function each.

use super::unicode::ascii_of;

/// What some server does to a path. Returns the path as that server sees it, or `None` if nothing
/// changes.
type Normalization = fn(&[u8]) -> Option<Vec<u8>>;

/// All normalizations. Measurements showed which servers have them; rare ones name their servers.
pub(super) const NORMALIZATIONS: &[Normalization] = &[
    root, drop_authority, drop_url_authority, drop_parameters, backslash_to_slash, merge_slashes, resolve_dots, decode,
    decode_all_but_slashes, decode_slashes, decode_unicode, decode_overlong, fold_to_ascii, cut_at_mark,
    cut_at_semicolon, cut_at_control, drop_controls, trim_end, drop_extension, drop_path_info, drop_front_controller,
    drop_session, drop_view, drop_index,
];

/// Adds a missing leading slash (werkzeug).
fn root(path: &[u8]) -> Option<Vec<u8>> {
    (!path.starts_with(b"/")).then(|| [b"/", path].concat())
}

/// Drops the first segment of `//host/path`, taken as an authority (the JDK, PHP).
fn drop_authority(path: &[u8]) -> Option<Vec<u8>> {
    let rest = path.strip_prefix(b"//")?;
    let slash = rest.iter().position(|&byte| byte == b'/')?;
    rest.get(slash..).map(<[u8]>::to_vec)
}

/// Drops an authority after two or more slashes or backslashes, as the URL standard does (Node's
/// `new URL`).
fn drop_url_authority(path: &[u8]) -> Option<Vec<u8>> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let host = path.iter().position(|byte| !is_slash(byte)).filter(|&slashes| slashes >= 2)?;
    let length = path.iter().skip(host).position(is_slash)?;
    path.get(host + length..).map(<[u8]>::to_vec)
}

/// Drops `;name=value` from the end of each segment (Tomcat, Spring).
fn drop_parameters(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b';', path)?;
    let segments = path.split(|&byte| byte == b'/');
    let kept = segments.map(|segment| segment.split(|&byte| byte == b';').next().unwrap_or_default());
    Some(kept.collect::<Vec<_>>().join(&b'/'))
}

fn backslash_to_slash(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', path)?;
    Some(path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

/// Merges consecutive slashes (nginx, Apache, Tomcat).
fn merge_slashes(path: &[u8]) -> Option<Vec<u8>> {
    path.windows(2).any(|pair| pair == b"//").then(|| {
        let mut merged = path.to_vec();
        merged.dedup_by(|next, before| *next == b'/' && *before == b'/');
        merged
    })
}

/// Resolves `.` and `..` (RFC 3986 5.2.4, remove_dot_segments).
fn resolve_dots(path: &[u8]) -> Option<Vec<u8>> {
    let is_dots = |segment: &[u8]| segment == b"." || segment == b"..";
    path.split(|&byte| byte == b'/').any(is_dots).then(|| {
        let mut resolved: Vec<&[u8]> = Vec::new();
        let mut segments = path.split(|&byte| byte == b'/').skip(1).peekable();
        while let Some(segment) = segments.next() {
            match segment {
                b"." => {}
                b".." => {
                    resolved.pop();
                }
                _ => resolved.push(segment),
            }
            if segments.peek().is_none() && is_dots(segment) {
                resolved.push(b"");
            }
        }
        [b"/", resolved.join(&b'/').as_slice()].concat()
    })
}

/// Percent-decodes once. For a server that decodes again, this is applied again.
pub(crate) fn decode(path: &[u8]) -> Option<Vec<u8>> {
    decode_where(path, |_| true)
}

/// Percent-decodes all but slashes, which then do not separate segments (aiohttp, ASP.NET,
/// Fastify).
fn decode_all_but_slashes(path: &[u8]) -> Option<Vec<u8>> {
    decode_where(path, |byte| !matches!(byte, b'/' | b'\\'))
}

/// Percent-decodes slashes only (Envoy, `UNESCAPE_AND_FORWARD`).
fn decode_slashes(path: &[u8]) -> Option<Vec<u8>> {
    decode_where(path, |byte| matches!(byte, b'/' | b'\\'))
}

fn decode_where(path: &[u8], is_decoded: fn(u8) -> bool) -> Option<Vec<u8>> {
    memchr::memchr(b'%', path)?;
    decode_sequences(path, |rest, decoded| {
        let [b'%', high, low, ..] = *rest else { return None };
        let byte = u8::try_from(hex(high)? << 4 | hex(low)?).ok().filter(|&byte| is_decoded(byte))?;
        decoded.push(byte);
        Some(3)
    })
}

/// Decodes `%uXXXX` to UTF-8 (IIS).
pub(crate) fn decode_unicode(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'%', path)?;
    decode_sequences(path, |rest, decoded| {
        let [b'%', b'u' | b'U', a, b, c, d, ..] = *rest else { return None };
        let code = [a, b, c, d].into_iter().try_fold(0, |code, digit| Some(code << 4 | hex(digit)?))?;
        decoded.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
        Some(6)
    })
}

/// Decodes ASCII that is encoded in two to four bytes, which UTF-8 forbids and old decoders accept.
fn decode_overlong(path: &[u8]) -> Option<Vec<u8>> {
    decode_sequences(path, |rest, decoded| {
        let (high, low, len) = match *rest {
            [high @ 0xc0..=0xc1, low @ 0x80..=0xbf, ..] => (high, low, 2),
            [0xe0, high @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => (high, low, 3),
            [0xf0, 0x80, high @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => (high, low, 4),
            _ => return None,
        };
        decoded.push((high & 1) << 6 | low & 0x3f);
        Some(len)
    })
}

/// Copies a path and decodes byte sequences in it. Returns `None` if there are none. `decode` looks
/// for a sequence at the start of its first argument. If there is one, it appends the decoded bytes
/// to its second argument and returns the sequence's length. Each sequence must be longer than its
/// decoded bytes.
fn decode_sequences(path: &[u8], decode: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, after @ ..] = rest {
        rest = match decode(rest, &mut decoded) {
            Some(len) => rest.get(len..).unwrap_or_default(),
            None => {
                decoded.push(*first);
                after
            }
        };
    }
    (decoded.len() < path.len()).then_some(decoded)
}

fn hex(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}

/// Replaces characters that some server takes as ASCII: letters that Unicode case folding maps to
/// ASCII, such as the Kelvin sign for `k` (Fastify with `caseSensitive: false`); full-width forms,
/// slashes and dashes (IIS's best fit); the decimal digits of any script, which `\d` and `int` of
/// Python, Java and .NET accept (Flask, FastAPI); and white space of any kind, which `int` of
/// Python skips.
fn fold_to_ascii(path: &[u8]) -> Option<Vec<u8>> {
    if path.is_ascii() {
        return None;
    }
    let mut folded = Vec::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for one in chunk.valid().chars() {
            folded.extend_from_slice(ascii_of(one).as_bytes());
        }
        folded.extend_from_slice(chunk.invalid());
    }
    (folded != path).then_some(folded)
}

/// Cuts the path at a `#`, or at a decoded `?` or `#`. Servers do so that rewrite a target and
/// parse the result again.
fn cut_at_mark(path: &[u8]) -> Option<Vec<u8>> {
    cut(path, |byte| matches!(byte, b'?' | b'#'))
}

/// Cuts the path at a `;`, taken as the start of the query (Fastify 4).
fn cut_at_semicolon(path: &[u8]) -> Option<Vec<u8>> {
    cut(path, |byte| byte == b';')
}

/// Cuts the path at a control byte (C strings, and regular expressions whose `$` matches before a
/// newline).
fn cut_at_control(path: &[u8]) -> Option<Vec<u8>> {
    cut(path, |byte| byte < b' ')
}

fn cut(path: &[u8], ends: fn(u8) -> bool) -> Option<Vec<u8>> {
    let end = path.iter().position(|&byte| ends(byte))?;
    path.get(..end).map(<[u8]>::to_vec)
}

fn drop_controls(path: &[u8]) -> Option<Vec<u8>> {
    let dropped = |byte: &u8| *byte <= 0x20 || *byte == 0x7f;
    path.iter().any(dropped).then(|| path.iter().copied().filter(|byte| !dropped(byte)).collect())
}

/// Drops slashes, dots and spaces at the end (Express, Spring).
fn trim_end(path: &[u8]) -> Option<Vec<u8>> {
    let kept = path.iter().rposition(|byte| !matches!(byte, b'/' | b'.' | b' ')).map_or(0, |at| at + 1);
    (kept > 0 && kept < path.len()).then(|| path.get(..kept).unwrap_or_default().to_vec())
}

/// Drops the text after a script, which the script reads itself (`PATH_INFO` of PHP, CGI and
/// ASP.NET).
fn drop_path_info(path: &[u8]) -> Option<Vec<u8>> {
    let (script, _) = after_scripts(path).last()?;
    Some(script.to_vec())
}

/// Drops a script before the path that it routes: `/index.php/console/...` (Symfony, Laravel,
/// CodeIgniter).
fn drop_front_controller(path: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = after_scripts(path).next()?;
    Some(rest.to_vec())
}

/// Returns each split of the path between a script and the text after it.
fn after_scripts(path: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let slashes = memchr::memchr_iter(b'/', path);
    slashes.map(|slash| path.split_at(slash)).filter(|(before, _)| ends_in_script(before))
}

/// Returns whether the last segment of a path is the name of a script.
pub(super) fn ends_in_script(path: &[u8]) -> bool {
    let Some(dot) = path.iter().rposition(|&byte| matches!(byte, b'.' | b'/')) else { return false };
    let extension = path.get(dot + 1..).unwrap_or_default();
    // Drop a version from the extension, as in `php5` and `php84`.
    let digits = extension.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let name = extension.get(..extension.len() - digits).unwrap_or_default();
    path.get(dot) == Some(&b'.') && SCRIPTS.iter().any(|script| name.eq_ignore_ascii_case(script))
}

/// Extensions of scripts that receive the path after their name.
///
/// These are mapped by default: PHP (Debian's `php.conf` for Apache and lighttpd: `.ph(ar|p|tml)`,
/// with a version), CGI (Apache's and lighttpd's manuals: `.cgi`, `.fcgi`, `.pl`, `.py`, `.rb`),
/// ASP.NET and IIS (`.asp`, `.aspx`, `.ashx`, `.asmx`, `.axd`, `.svc`, `.dll`, `.exe`), ColdFusion
/// (`.cfm`, `.cfml`, `.cfc`). For a script with another name, write `/name/{*rest}` in a route.
const SCRIPTS: [&[u8]; 21] = [
    b"php", b"phtml", b"phar", b"pht", b"cgi", b"fcgi", b"fpl", b"pl", b"py", b"rb", b"asp", b"aspx", b"ashx", b"asmx",
    b"axd", b"svc", b"dll", b"exe", b"cfm", b"cfml", b"cfc",
];

/// Drops `/(S(x))`: the session, ticket and anonymous identity of ASP.NET without cookies.
fn drop_session(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(path, b"/(")?;
    let segments = path.split(|&byte| byte == b'/');
    let kept: Vec<&[u8]> = segments.filter(|segment| !is_session(segment)).collect();
    let dropped = kept.join(&b'/');
    (dropped.len() < path.len()).then(|| if dropped.is_empty() { b"/".to_vec() } else { dropped })
}

/// Drops `/@@name` and `/++namespace++name`, which select a view of the path before them, and the
/// text after them, which the view reads (Pyramid, Zope).
fn drop_view(path: &[u8]) -> Option<Vec<u8>> {
    let views = [&b"/@@"[..], b"/++"].into_iter().filter_map(|view| memchr::memmem::find(path, view));
    views.min().map(|view| path.get(..view.max(1)).unwrap_or_default().to_vec())
}

/// Drops `/index`, the default page of a folder (CherryPy, Zend Framework, ASP.NET MVC).
fn drop_index(path: &[u8]) -> Option<Vec<u8>> {
    let end = path.len() - INDEX.len().min(path.len());
    ends_in_index(path).then(|| path.get(..end.max(1)).unwrap_or_default().to_vec())
}

const INDEX: &[u8] = b"/index";

/// Returns whether the last segment of a path is `index`.
pub(super) fn ends_in_index(path: &[u8]) -> bool {
    let end = path.len().checked_sub(INDEX.len()).and_then(|start| path.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(INDEX))
}

/// Returns whether a segment is `(A(...)F(...)S(...))`, in any order and letter case.
fn is_session(segment: &[u8]) -> bool {
    matches!(segment, [b'(', letter, b'(', .., b')', b')'] if letter.is_ascii_alphabetic())
}

/// Drops an extension on the last segment, such as `.json` (Spring, Django REST framework).
fn drop_extension(path: &[u8]) -> Option<Vec<u8>> {
    let dot = path.iter().rposition(|&byte| byte == b'.')?;
    let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    (dot > slash + 1).then(|| path.get(..dot).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_have_something_behind_them() {
        for script in ["/a.php", "/A.PHP", "/a/b.php84", "/x.aspx", "/a.b.cgi", "/.php"] {
            assert!(ends_in_script(script.as_bytes()), "{script}");
        }
        for other in ["/", "", "/a", "/a.json", "/v1.0", "/a.php/b", "/php", "/a@example.com", "/a.phpx"] {
            assert!(!ends_in_script(other.as_bytes()), "{other}");
        }
    }
}
