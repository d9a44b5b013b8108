//! Every path that some server could read from a request target.

use super::ambiguous::{AmbiguousPath, MAX_READINGS, MAX_UNUSUAL_PATH};
use super::query::{QueryPaths, has_rest_route, leads_to_query};
use super::reading::{NORMALIZATIONS, ends_in_index};

/// The most bytes of all readings of one target together. This bounds the time that a hostile
/// target can cost.
const MAX_READING_BYTES: usize = 64 * 1024;

/// All readings of the path in a request target. They are for matching only: the target goes
/// upstream as it came.
///
/// One match too many, at a strange address, does no harm. A missed match leaks a secret. So one
/// list (`route/reading.rs`) has every change that some server is known to make to a path before it
/// routes. The changes are applied to each other's results, in every order, until no new reading
/// appears, because a request may pass several servers in a row.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    path: &'a [u8],
    /// The readings other than `path`. Empty for an ordinary path.
    others: Vec<Vec<u8>>,
}

impl<'a> CanonicalPath<'a> {
    /// Reads a request target: in origin form (`/path?query`), in absolute form
    /// (`http://host/path`), or any other text of a request line. The query is not a part of the
    /// path, except for servers that take a path from it.
    ///
    /// # Errors
    /// [`AmbiguousPath`] if the readings cannot be bounded: a NUL, an escape that cannot be decoded
    /// and so could hide a separator, more than [`MAX_READINGS`] readings, or an unusual path
    /// longer than [`MAX_UNUSUAL_PATH`].
    pub fn new(target: &'a [u8]) -> Result<Self, AmbiguousPath> {
        let (target, query) = split_query(target);
        let path = path_of(target);
        let has_rest_route = query.is_some_and(has_rest_route);
        let hierarchy = hierarchy(target);
        if is_plain(path) && !has_rest_route && hierarchy.is_none() {
            return Ok(Self { path, others: Vec::new() });
        }
        if path.len() > MAX_UNUSUAL_PATH {
            return Err(AmbiguousPath::TooLong);
        }
        refuse_undecodable(path)?;
        let mut readings = Readings { path, others: Vec::new(), bytes: path.len() };
        // Astro appends a whole absolute-form target to its own host, so that the target's host
        // becomes the first segment.
        if let Some(hierarchy) = hierarchy {
            readings.add(hierarchy.to_vec())?;
        }
        let of_path = readings.follow(0)?;
        // A path that was taken from the query does not lead to the query again.
        if let Some(query) = query
            && (has_rest_route || readings.all().any(leads_to_query))
        {
            let paths = QueryPaths::of(query)?;
            let found: Vec<_> = readings.all().flat_map(|reading| paths.at(reading)).collect();
            found.into_iter().try_for_each(|read| readings.add(read))?;
            readings.follow(of_path)?;
        }
        let others = readings.others;
        Ok(Self { path, others })
    }

    /// Returns the readings. The first is the path as it came.
    pub fn readings(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.path).chain(self.others.iter().map(Vec::as_slice))
    }
}

/// The readings of one path as they are found, within their bounds.
struct Readings<'a> {
    path: &'a [u8],
    others: Vec<Vec<u8>>,
    bytes: usize,
}

impl Readings<'_> {
    fn all(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.path).chain(self.others.iter().map(Vec::as_slice))
    }

    /// Applies all normalizations to the readings from position `from` on, and to their results.
    /// Returns the number of readings.
    fn follow(&mut self, from: usize) -> Result<usize, AmbiguousPath> {
        let mut at = from;
        loop {
            let Some(reading) = self.all().nth(at).map(<[u8]>::to_vec) else { return Ok(at) };
            NORMALIZATIONS.iter().filter_map(|normalize| normalize(&reading)).try_for_each(|read| self.add(read))?;
            at += 1;
        }
    }

    fn add(&mut self, read: Vec<u8>) -> Result<(), AmbiguousPath> {
        if read.contains(&0) {
            return Err(AmbiguousPath::Nul);
        }
        if *read == *self.path || self.others.contains(&read) {
            return Ok(());
        }
        self.bytes += read.len();
        if self.others.len() + 1 >= MAX_READINGS || self.bytes > MAX_READING_BYTES {
            return Err(AmbiguousPath::TooManyReadings);
        }
        self.others.push(read);
        Ok(())
    }
}

impl std::fmt::Debug for CanonicalPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.readings().map(|reading| reading.escape_ascii().to_string())).finish()
    }
}

/// Splits a target at its first question mark.
fn split_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', target) {
        Some(mark) => (target.get(..mark).unwrap_or_default(), target.get(mark + 1..)),
        None => (target, None),
    }
}

/// Returns the path in a target without query: the text after scheme and authority. A fragment is
/// not cut off here but by a normalization, because some servers take it as a part of the path.
fn path_of(target: &[u8]) -> &[u8] {
    let Some(rest) = after_scheme(target) else { return target };
    let Some(hierarchy @ [_, _, authority @ ..]) = hierarchy(target) else { return rest };
    match authority.iter().position(|byte| matches!(byte, b'/' | b'\\' | b'#')) {
        None => b"/",
        Some(end) if end > 0 && authority.get(end) == Some(&b'/') => authority.get(end..).unwrap_or_default(),
        // Servers differ in where the authority ends. The normalizations find each of these
        // readings.
        Some(_) => hierarchy,
    }
}

/// Returns the text after the scheme of a target in absolute form, with the slashes before its
/// authority.
fn hierarchy(target: &[u8]) -> Option<&[u8]> {
    after_scheme(target).filter(|rest| rest.starts_with(b"//"))
}

/// Returns the text after a scheme and its colon, if a target starts with them.
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return None;
    }
    let (scheme, rest) = target.split_at(memchr::memchr(b':', target)?);
    let is_scheme = scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    rest.get(1..).filter(|_| is_scheme)
}

/// Returns whether all servers read this path alike. Its segments consist of unreserved characters,
/// no segment is empty or has a dot, and the last is not `index`.
fn is_plain(path: &[u8]) -> bool {
    let [b'/', segments @ ..] = path else { return false };
    let mut before = b'/';
    // A dot is not plain, because it may start a dot segment or an extension.
    let every_byte_is = segments.iter().all(|&byte| {
        let follows = std::mem::replace(&mut before, byte);
        IN_SEGMENT[usize::from(byte)] || (byte == b'/' && follows != b'/')
    });
    every_byte_is && before != b'/' && !ends_in_index(path)
}

/// Which bytes are unreserved characters (RFC 3986 2.3) other than the dot.
const IN_SEGMENT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'_' | b'~');
        byte += 1;
    }
    table
};

fn refuse_undecodable(path: &[u8]) -> Result<(), AmbiguousPath> {
    let decodable = |rest: &[u8]| match rest {
        [b'u' | b'U', digits @ ..] => digits.len() >= 4 && digits.iter().take(4).all(u8::is_ascii_hexdigit),
        [high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    };
    let escapes = memchr::memchr_iter(b'%', path);
    if path.contains(&0) {
        Err(AmbiguousPath::Nul)
    } else if escapes.into_iter().any(|at| !path.get(at + 1..).is_some_and(decodable)) {
        Err(AmbiguousPath::Undecodable)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(target: &str) -> Vec<String> {
        let path = CanonicalPath::new(target.as_bytes()).unwrap();
        path.readings().map(|reading| String::from_utf8_lossy(reading).into_owned()).collect()
    }

    #[test]
    fn a_plain_path_has_one_reading_without_its_query() {
        assert_eq!(readings("/apps/7/api-keys?page=1"), ["/apps/7/api-keys"]);
        assert_eq!(readings("http://host:80/apps/7?x")[0], "/apps/7");
    }

    #[test]
    fn every_known_spelling_is_among_the_readings() {
        for target in [
            "/a/%62",
            "/a/%2562",
            "/a%2fb",
            "//a/b",
            "/a//b",
            "/a/b/",
            "/a/b//",
            "/a/./b",
            "/x/../a/b",
            "/x/%2e%2e/a/b",
            "/a/x%2f..%2fb",
            "/a/b;jsessionid=1",
            "/a;x=/b",
            "/x/..;/a/b",
            "/x/..;a=b/a/b",
            "/.;/a/b",
            "/a\\b",
            "/x\\..\\a/b",
            "/a%5cb",
            "/a/b.json",
            "/a/b.",
            "/a/b%20",
            "/a/b%0a",
            "/a%09/b",
            "/a/b#x",
            "//host/a/b",
            "http://host/a/b",
            "http://a/b",
            "ws://a/b?x",
            "https:/a/b",
            "foo:/a/b",
            "http:///a/b",
            "a/b",
            "%2fa/b",
            "/a/b/x/..",
            "/a/b/.",
            "/a/%u0062",
            "/a%c0%afb",
            "/a%ef%bc%8fb",
            "/\u{ff41}/b",
            "/a/b.json/",
            "/a/b.json;x=1",
            "/a/b%3fx",
            "/a/b%23x",
            "/a/b%0d%0aX: y",
            "/x/%2e%2e/a/b%3bc%3f",
            "/a/b.php/x",
            "/a/b.php5/x/y.z",
            "/index.php/a/b",
            "/x/app_dev.php/a/b/",
            "/index%2ephp/a/b",
            "/index.php/x.php/a/b",
            "/?/a/b",
            "/?a/b",
            "/?/a/b&page=1",
            "/?/a/b=",
            "/?x=1&route=/a/b",
            "/?r=a/b",
            "/?r=a%2Fb",
            "/?r=%2fa%5cx%252f..%252fb",
            "/index.php?/a/b",
            "/index.php?s=/a/b.html",
            "/x/index.php?q=a/b",
            "/a/?x=/b",
            "/x/..?/a/b",
            "http://host?/a/b",
            "http://host/index.php?/a/b",
            "/(S(x))/a/b",
            "/a/(A(x)F(y)S(z))/b",
            "/a/(s(x))/b",
            "/a/%28S%28x%29%29/b",
            "/a/b/index",
            "/a/b/Index/",
            "/a/b//%69ndex.html",
            "/a/b/@@",
            "/a/b/@@/x/../y",
            "/a/b//%40@x",
            "/a/b/++view++x",
            "/a/b%C2%A0",
            "/a/%E2%80%83b",
            "/x?rest_route=/a/b",
            "/x/y?page=1&rest.route=%2Fa%2Fb",
            "/x?%72est_route=/a/b",
            "/x?rest_route%00=/a/b",
            "/?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&r=/a/b",
            "/x?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&rest_route=/a/b",
            "/x/..?rest_route=x&r=/a/b",
            "/a/index.php/x/?r=/b",
            "/?r=%252525252fa%252525252fb",
        ] {
            assert!(readings(target).iter().any(|reading| reading == "/a/b"), "{target}: {:?}", readings(target));
        }
    }

    #[test]
    fn a_query_is_a_path_only_where_the_path_is_a_script_or_a_folder() {
        for target in ["/x?/a/b", "/x?r=/a/b", "/x.json?/a/b", "/x/y?next=%2fa%2fb"] {
            assert!(!readings(target).iter().any(|reading| reading == "/a/b"), "{target}: {:?}", readings(target));
        }
        assert_eq!(readings("/?page=1&sort=name&q=100%"), ["/"]);
        let wordpress = readings("/?rest_route=/wp/v2/users");
        assert!(wordpress.iter().any(|reading| reading == "/wp-json/wp/v2/users"), "{wordpress:?}");
    }

    #[test]
    fn a_path_in_a_query_does_not_lead_to_the_query_again() {
        let count = readings("/?next=/a/b/&back=/c/d/").len();
        assert!(count < 24, "{count}");
    }

    #[test]
    fn a_query_that_is_a_path_and_cannot_be_bounded_is_refused() {
        let deep = format!("/?r=%{}2fa", "25".repeat(40));
        let many = format!("/?{}", (0..200).map(|number| format!("x=/{number}/y&")).collect::<String>());
        for target in [deep, many] {
            assert_eq!(CanonicalPath::new(target.as_bytes()), Err(AmbiguousPath::TooManyReadings), "{target}");
        }
        assert!(
            CanonicalPath::new(format!("/x?r=%{}2fa", "25".repeat(40)).as_bytes()).is_ok(),
            "no query leads anywhere"
        );
    }

    #[test]
    fn an_ordinary_query_at_a_script_has_few_readings() {
        let oauth = "/index.php?response_type=code&client_id=a.b%20c&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1%26y%3D%252F\
            &scope=openid%20profile&state=eyJhIjoiL2IvYy4uIn0%3D&next=%2Fa%2F..%2Fb.html%3Bv%3D1%3Ffoo%3Dbar%23top&code=%zz";
        let count = readings(oauth).len();
        assert!(count < MAX_READINGS / 2, "{count}");
    }

    #[test]
    fn letters_are_folded_by_the_rules_of_unicode() {
        for (target, folded) in [
            ("/api-%E2%84%AAeys", "/api-keys"),
            ("/%ff/%e2%84%aaey%C5%BF", "/\u{fffd}/keyS"),
            ("/ap%C4%B0-keys", "/api-keys"),
            ("/ap%C4%B1-keys", "/apI-keys"),
            ("/li%EF%AC%86", "/liST"),
            ("/apps/%D9%A7", "/apps/7"),
            ("/apps/%F0%9D%9F%97/%E0%A5%A8", "/apps/9/2"),
        ] {
            assert!(readings(target).iter().any(|reading| reading == folded), "{target}: {:?}", readings(target));
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (target, why) in [
            (&b"/a/%00"[..], AmbiguousPath::Nul),
            (b"/a/%2500", AmbiguousPath::Nul),
            (b"/a/\0", AmbiguousPath::Nul),
            (b"/a/%2", AmbiguousPath::Undecodable),
            (b"/a/%zz", AmbiguousPath::Undecodable),
            (b"/a/%u00", AmbiguousPath::Undecodable),
            ("/a;".repeat(3000).as_bytes(), AmbiguousPath::TooLong),
            (b"/a;b/%3b/x\\y/..%5c%2f../;/%252e/c.d/ ", AmbiguousPath::TooManyReadings),
        ] {
            assert_eq!(CanonicalPath::new(target).unwrap_err(), why);
        }
    }
}
