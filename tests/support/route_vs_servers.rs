//! Targets made of tricks, and the word of every model of a server on whether the matcher may miss them.

use super::fuzz_input::Choices;
use super::servers::{FRONTS, SERVERS};
use last4::route::{CanonicalPath, MAX_READINGS, Pattern, Route, RouteSet};
use std::sync::LazyLock;

const LISTS: [&str; 3] =
    ["/console/api/apps/{id}/api-keys", "/console/api/datasets/api-keys", "/console/api/datasets/{id}/api-keys"];

static ROUTES: LazyLock<RouteSet<()>> = LazyLock::new(|| {
    let route = |path: &&str| Route { name: (*path).to_owned(), pattern: Pattern::template(path).unwrap(), rule: () };
    RouteSet::compile(LISTS.iter().map(route).collect()).unwrap()
});

/// Paths to bend.
const BASES: [&str; 6] = [
    "/console/api/apps/7/api-keys",
    "/console/api/datasets/api-keys",
    "/console/api/datasets/7/api-keys",
    "/console/api/apps/7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f/api-keys",
    "/console/api/apps/7",
    "/health",
];

/// The first byte that makes the rest of the data the target itself.
pub(crate) const VERBATIM: u8 = 0xff;

/// What is put between two bytes, or in the place of a slash.
const TRICKS: [&str; 82] = [
    "/", "//", "///", "/./", "/../", "/x/../", "/x/y/../../", "/%2e/", "/%2e%2e/", "/.%2e/", "/x/%2e%2e/", "/x%2f../",
    "/x%2f..%2f", "%2f", "%2F", "%2f%2f", "%2f..%2f", "%252f", "%255c", "%252e%252e%252f", "\\", "\\\\", "\\..\\",
    "%5c", "%5C", "%5c..%5c", ";", ";x", ";x=y", ";x=/", ";a%2fb", ";a%252fb", "%3b", "%3Bx", "%253bx", "/;/", "/;x/",
    "/.;/", "/..;/", "/x/..;/", "/x/..;a=b/", "/..;%2f", ".", "..", "...", "%2e", "%252e", ".json", ".json/", ".a1",
    "%2ejson", "%", "%25", "%2525", "%20", "%09", "%0a", "%0d", "%7f", "#", "#x", "#/../x", "%23", "%23x", "?",
    "?x=/..", "%3f", "%3fx", "%u002f", "%u005c", "%c0%af", "%e0%80%af", ".php", ".php/", ".php/x", "/index.php/",
    "/index.php?", "/?/", "/?r=", "/(S(x))/", "_", "~",
];

/// What is put before all of it.
const BEGINNINGS: [&str; 23] = [
    "/", "//", "///host", "//host", "/\\host", "\\\\host", "/%2fhost", "http://host", "https://u:p@host:1", "http:",
    "http:/", "http://", "foo:", "foo://host", "/x/..", "/x/..;", "%2f", "/@x/..", "/index.php", "/?", "/index.php?r=",
    "/(S(x))", "/x/app.php",
];

/// No model of a server lists keys at a target that the matcher neither finds nor refuses.
pub(crate) fn matcher_misses_nothing(data: &[u8]) {
    check_target(&target_from(data));
}

/// What `data` stands for.
pub(crate) fn target_from(data: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(data);
    let base = choices.byte();
    if base == VERBATIM {
        return choices.rest().to_vec();
    }
    let mut target = BASES[usize::from(base) % BASES.len()].as_bytes().to_vec();
    for _ in 0..8 {
        if choices.is_spent() {
            break;
        }
        bend(&mut target, &mut choices);
    }
    target
}

fn bend(target: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let kind = choices.below(10);
    let at = choices.below(target.len().max(1)).min(target.len());
    match kind {
        0 => put(target, at..at, choices.one_of(&TRICKS).as_bytes()),
        1 | 2 => {
            let slashes: Vec<usize> = (0..target.len()).filter(|&at| target[at] == b'/').collect();
            let Some(&slash) = slashes.get(at % slashes.len().max(1)) else { return };
            // In its place, or before it: at the end of the segment.
            let range = if kind == 1 { slash..slash + 1 } else { slash..slash };
            put(target, range, choices.one_of(&TRICKS).as_bytes());
        }
        3 => put(target, target.len()..target.len(), choices.one_of(&TRICKS).as_bytes()),
        4 => put(target, 0..0, choices.one_of(&BEGINNINGS).as_bytes()),
        5 => target.truncate(at),
        _ => respell(target, at, choices.below(7)),
    }
}

/// Spells the byte at a place in another way.
fn respell(target: &mut Vec<u8>, at: usize, how: usize) {
    let Some(&byte) = target.get(at) else { return };
    let spelt = match how {
        0 => format!("%{byte:02x}"),
        1 => format!("%{byte:02X}"),
        2 => format!("%25{byte:02x}"),
        3 => format!("%u{byte:04x}"),
        4 => format!("%{:02x}%{:02x}", 0xc0 | byte >> 6, 0x80 | byte & 0x3f),
        5 => format!("%25{:02x}%25{:02x}", 0xc0 | byte >> 6, 0x80 | byte & 0x3f),
        _ => char::from(byte ^ 0x20).to_string(),
    };
    put(target, at..at + 1, spelt.as_bytes());
}

fn put(target: &mut Vec<u8>, range: std::ops::Range<usize>, with: &[u8]) {
    target.splice(range, with.iter().copied());
}

/// Whether the matcher finds a list at this target; `None` if it refuses the target.
pub(crate) fn found(target: &[u8]) -> Option<bool> {
    let path = CanonicalPath::new(target).ok()?;
    Some(ROUTES.find(&path).next().is_some())
}

pub(crate) fn check_target(target: &[u8]) {
    check_readings(target);
    // Refused before anything is matched (RFC 9112 3.2): no server ever sees it.
    if target.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return;
    }
    if found(target) != Some(false) {
        return;
    }
    for front in FRONTS {
        let Some(passed_on) = front.pass_on(target) else { continue };
        for server in SERVERS {
            assert!(
                !server.lists(&passed_on),
                "{} behind {} lists keys at b\"{}\", which is on no route: {:?}",
                server.name,
                front.name,
                target.escape_ascii(),
                CanonicalPath::new(target)
            );
        }
    }
}

fn check_readings(target: &[u8]) {
    let Ok(path) = CanonicalPath::new(target) else { return };
    let readings: Vec<&[u8]> = path.readings().collect();
    assert!(readings.len() <= MAX_READINGS, "{path:?}");
    let as_it_came = target.split(|&byte| byte == b'?').next().unwrap();
    // In an absolute-form target the scheme and host are not part of the path.
    assert!(readings[0] == as_it_came || !target.starts_with(b"/"), "{path:?}");
    let plain =
        |segment: &[u8]| !segment.is_empty() && segment.iter().all(|b| b.is_ascii_alphanumeric() || b"-_~".contains(b));
    let is_index = as_it_came.to_ascii_lowercase().ends_with(b"/index");
    let rest_route = target.windows(2).any(|pair| pair == b"re");
    if !is_index
        && !rest_route
        && as_it_came.strip_prefix(b"/").is_some_and(|segments| segments.split(|&byte| byte == b'/').all(plain))
    {
        assert_eq!(readings, [as_it_came]);
        // With an ordinary path only lists may be masked.
        let lists = SERVERS.iter().any(|server| server.lists(as_it_came));
        assert_eq!(found(target), Some(lists), "b\"{}\"", target.escape_ascii());
    }
}
