//! Tiny models of how servers read a request target, each a few habits in a row. They share no code with `src/route`.
//!
//! What they do was measured with real servers or is in their documentation. They say which targets reach the list; that a
//! server answers some of them only where an identifier has its usual form is left out, which makes the models stricter.

#![allow(clippy::needless_pass_by_value, reason = "all habits have one type")]

/// One transformation that a server applies to a target before it routes; `None` if it refuses the request.
type Habit = fn(Vec<u8>) -> Option<Vec<u8>>;

pub(crate) struct Server {
    pub(crate) name: &'static str,
    habits: &'static [Habit],
    routes: fn(&[u8]) -> bool,
}

impl Server {
    /// Whether the server answers this target with a list of keys.
    pub(crate) fn lists(&self, target: &[u8]) -> bool {
        read(self.habits, target).is_some_and(|path| (self.routes)(&path))
    }
}

/// A proxy between last4 and the server, which may pass on another target than it was sent.
pub(crate) struct Front {
    pub(crate) name: &'static str,
    habits: &'static [Habit],
}

impl Front {
    /// The target that the server behind it sees.
    pub(crate) fn pass_on(&self, target: &[u8]) -> Option<Vec<u8>> {
        read(self.habits, target)
    }
}

fn read(habits: &[Habit], target: &[u8]) -> Option<Vec<u8>> {
    habits.iter().try_fold(target.to_vec(), |path, habit| habit(path))
}

pub(crate) const FRONTS: &[Front] = &[
    Front { name: "nothing", habits: &[] },
    Front {
        name: "nginx that rewrites",
        habits: &[query, hash, absolute, rooted, decoded, no_nul, merged, dots_within_root, escaped],
    },
    Front {
        name: "nginx that rewrites and merges no slashes",
        habits: &[query, hash, absolute, rooted, decoded, no_nul, dots_within_root, escaped],
    },
    Front {
        name: "Apache mod_proxy",
        habits: &[no_hash, query, absolute, rooted, unreserved_decoded, merged, dots_within_root],
    },
    Front {
        name: "Envoy that normalises",
        habits: &[no_hash, query, absolute, rooted, backslashes, dots_browser, merged],
    },
    Front {
        name: "Envoy that unescapes slashes",
        habits: &[no_hash, query, absolute, rooted, slashes_decoded, backslashes, dots_browser, merged],
    },
    Front { name: "IIS", habits: &[query, hash, absolute, iis_decoded, backslashes, merged, dots, escaped] },
];

pub(crate) const SERVERS: &[Server] = &[
    Server { name: "raw", habits: &[query], routes: exactly },
    Server { name: "raw without fragment", habits: &[query, hash, absolute], routes: exactly },
    Server { name: "Flask", habits: &[urlsplit, decoded, rooted, leading_merged], routes: exactly },
    Server { name: "Django REST framework", habits: &[urlsplit, decoded, rooted, leading_merged], routes: with_suffix },
    Server { name: "Starlette on h11", habits: &[query, absolute, decoded], routes: before_newline },
    Server { name: "Starlette on httptools", habits: &[query, hash, absolute, decoded], routes: before_newline },
    Server { name: "aiohttp", habits: &[query, hash, absolute, decoded_but_slashes], routes: exactly },
    Server { name: "Express", habits: &[url_parse], routes: any_case },
    Server { name: "Fastify 5", habits: &[query, hash, decoded_but_slashes], routes: exactly },
    Server { name: "Fastify 4", habits: &[query, hash, semicolon, decoded_but_slashes], routes: exactly },
    Server {
        name: "Fastify with every leniency",
        habits: &[query, hash, semicolon, decoded_but_slashes, merged],
        routes: any_case,
    },
    Server { name: "new URL(target, base)", habits: &[query, hash, url_authority, dots_browser], routes: exactly },
    Server {
        name: "new URL(target, base), decoded",
        habits: &[query, hash, url_authority, dots_browser, decoded],
        routes: any_case,
    },
    Server {
        name: "new URL(base + target)",
        habits: &[query, hash, absolute, backslashes, dots_browser, decoded],
        routes: exactly,
    },
    Server {
        name: "Tomcat",
        habits: &[
            no_hash, query, absolute, parameters, no_escaped_slash, decoded, no_nul, no_backslash, rooted, merged,
            dots_within_root,
        ],
        routes: exactly,
    },
    Server {
        name: "Tomcat that decodes slashes",
        habits: &[
            no_hash, query, absolute, parameters, decoded, no_nul, no_backslash, rooted, merged, dots_within_root,
        ],
        routes: exactly,
    },
    Server {
        name: "Tomcat that allows backslashes",
        habits: &[no_hash, query, absolute, parameters, decoded, no_nul, backslashes, rooted, merged, dots_within_root],
        routes: exactly,
    },
    Server {
        name: "Spring 4 on Tomcat",
        habits: &[no_hash, query, absolute, parameters, decoded, no_nul, backslashes, rooted, merged, dots_within_root],
        routes: by_ant_pattern,
    },
    Server {
        name: "Spring that reads the raw target",
        habits: &[query, absolute, parameters, decoded, merged],
        routes: by_ant_pattern,
    },
    Server { name: "JDK", habits: &[query, hash, absolute, authority, strictly_decoded], routes: exactly },
    Server { name: "PHP parse_url", habits: &[query, hash, absolute, authority, decoded], routes: trailing_slashes },
    Server { name: "PHP -S", habits: &[query, hash, absolute, decoded, merged, dots], routes: trailing_slashes },
    Server { name: "PHP expression with $", habits: &[query, absolute, decoded], routes: before_newline },
    Server { name: "Laravel", habits: &[query, hash, absolute, decoded, leading_merged], routes: trailing_slashes },
    Server {
        name: "Sinatra",
        habits: &[query, hash, absolute, separators_decoded, backslashes, merged, dots, decoded],
        routes: exactly,
    },
    Server { name: "Rails", habits: &[query, hash, absolute, merged, decoded], routes: with_suffix },
    Server { name: "ASP.NET Core", habits: &[query, absolute, decoded_but_slashes, dots], routes: any_case },
    Server {
        name: "IIS",
        habits: &[query, absolute, iis_decoded, backslashes, merged, dots, overlong],
        routes: any_case,
    },
    Server {
        name: "IIS of old",
        habits: &[query, absolute, iis_decoded, iis_decoded, overlong, backslashes, merged, dots],
        routes: any_case,
    },
    Server {
        name: "mod_wsgi",
        habits: &[no_hash, query, absolute, rooted, decoded, no_nul, merged, dots],
        routes: exactly,
    },
    Server { name: "Go", habits: &[query, absolute, strictly_decoded], routes: exactly },
    Server {
        name: "Go that cleans",
        habits: &[query, absolute, strictly_decoded, merged, dots],
        routes: trailing_slashes,
    },
    Server { name: "decodes twice", habits: &[query, hash, absolute, decoded, decoded], routes: exactly },
    Server {
        name: "decodes thrice",
        habits: &[query, hash, absolute, decoded, decoded, decoded],
        routes: trailing_slashes,
    },
    Server {
        name: "dots, then decodes twice",
        habits: &[query, hash, absolute, merged, dots, decoded, decoded],
        routes: exactly,
    },
    Server {
        name: "decodes twice, then dots",
        habits: &[query, hash, absolute, decoded, decoded, merged, dots],
        routes: exactly,
    },
    Server {
        name: "decodes, then drops parameters",
        habits: &[query, hash, absolute, decoded, parameters, merged, dots],
        routes: exactly,
    },
    Server {
        name: "parses again once decoded",
        habits: &[query, hash, absolute, decoded, query, hash, decoded],
        routes: exactly,
    },
    Server { name: "C strings", habits: &[query, hash, absolute, decoded, control], routes: exactly },
    Server { name: "CherryPy", habits: &[query, absolute, decoded], routes: punctuation_is_underscore },
    Server { name: "Zend Framework 1", habits: &[query, absolute, decoded], routes: letters_and_digits },
    Server { name: "PHP script", habits: &[query, hash, absolute, decoded, merged, dots, path_info], routes: exactly },
    Server {
        name: "PHP front controller",
        habits: &[query, hash, absolute, decoded, merged, dots, front_controller],
        routes: trailing_slashes,
    },
    Server { name: "PHP that routes by its query", habits: &[query_of_script, decoded], routes: trailing_slashes },
    Server { name: "ASP.NET without cookies", habits: &[query, absolute, decoded, session], routes: any_case },
];

// What is a list of keys.

fn exactly(path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    match segments.as_slice() {
        [b"", b"console", b"api", b"apps" | b"datasets", id, b"api-keys"] => !id.is_empty(),
        [b"", b"console", b"api", b"datasets", b"api-keys"] => true,
        _ => false,
    }
}

fn before_newline(path: &[u8]) -> bool {
    exactly(path.strip_suffix(b"\n").unwrap_or(path))
}

fn any_case(path: &[u8]) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    exactly(&path.to_ascii_lowercase())
}

fn trailing_slashes(path: &[u8]) -> bool {
    exactly(path.trim_ascii_end().strip_suffix(b"/").unwrap_or(path)) || exactly(&ended(path, b"/"))
}

/// A suffix that names a format, and slashes behind it.
fn with_suffix(path: &[u8]) -> bool {
    let path = ended(path, b"/");
    let slash = path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    let dot = path[slash..].iter().rposition(|&byte| byte == b'.').map_or(path.len(), |dot| slash + dot);
    exactly(&path) || exactly(&path[..dot])
}

/// Tokens between slashes, empty ones left out and the others trimmed; any suffix.
fn by_ant_pattern(path: &[u8]) -> bool {
    let tokens = path.split(|&byte| byte == b'/').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty());
    with_suffix(&tokens.flat_map(|token| [b"/", token].concat()).collect::<Vec<u8>>())
}

/// `string.punctuation` of Python becomes `_`, and so it is in the handlers' names.
fn punctuation_is_underscore(path: &[u8]) -> bool {
    let translated = |byte: &u8| if *byte != b'/' && byte.is_ascii_punctuation() { b'_' } else { *byte };
    by_name(path, |segment| segment.iter().map(translated).collect::<Vec<_>>() == b"api_keys")
}

/// Reduces names to lower-case letters and digits, as some servers do. An identifier stays as it is.
fn letters_and_digits(path: &[u8]) -> bool {
    let name = |segment: &[u8]| {
        let kept = segment.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let kept: Vec<u8> = kept.map(u8::to_ascii_lowercase).collect();
        match &*kept {
            b"apikeys" => b"api-keys".to_vec(),
            b"" => segment.to_vec(),
            _ => kept,
        }
    };
    let segments: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    let with = |identifier: Option<usize>| {
        let named = segments
            .iter()
            .enumerate()
            .map(|(place, segment)| if identifier == Some(place) { segment.to_vec() } else { name(segment) });
        exactly(&named.collect::<Vec<_>>().join(&b'/'))
    };
    with(None) || with(Some(4))
}

/// With the last segment compared in another way, the others exactly.
fn by_name(path: &[u8], is_keys: impl Fn(&[u8]) -> bool) -> bool {
    let Some(slash) = path.iter().rposition(|&byte| byte == b'/') else { return false };
    is_keys(&path[slash + 1..]) && exactly(&[&path[..slash], b"/api-keys"].concat())
}

fn ended(path: &[u8], without: &[u8]) -> Vec<u8> {
    let mut path = path.to_vec();
    while path.ends_with(without) {
        path.truncate(path.len() - without.len());
    }
    path
}

// Habits: where the path begins and ends.

fn before(path: Vec<u8>, ends: fn(u8) -> bool) -> Option<Vec<u8>> {
    Some(path.into_iter().take_while(|&byte| !ends(byte)).collect())
}

fn query(path: Vec<u8>) -> Option<Vec<u8>> {
    before(path, |byte| byte == b'?')
}

fn hash(path: Vec<u8>) -> Option<Vec<u8>> {
    before(path, |byte| byte == b'#')
}

fn semicolon(path: Vec<u8>) -> Option<Vec<u8>> {
    before(path, |byte| byte == b';')
}

fn control(path: Vec<u8>) -> Option<Vec<u8>> {
    before(path, |byte| byte < b' ')
}

fn no_hash(path: Vec<u8>) -> Option<Vec<u8>> {
    (!path.contains(&b'#')).then_some(path)
}

fn no_nul(path: Vec<u8>) -> Option<Vec<u8>> {
    (!path.contains(&0)).then_some(path)
}

fn no_backslash(path: Vec<u8>) -> Option<Vec<u8>> {
    (!path.contains(&b'\\')).then_some(path)
}

fn no_escaped_slash(path: Vec<u8>) -> Option<Vec<u8>> {
    let lower = path.to_ascii_lowercase();
    (!lower.windows(3).any(|escape| escape == b"%2f")).then_some(path)
}

/// `scheme://host/path`, and `scheme:/path` for those who do not insist on a host.
fn absolute(path: Vec<u8>) -> Option<Vec<u8>> {
    let scheme = path.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
    if scheme == 0 || path.get(scheme) != Some(&b':') {
        return Some(path);
    }
    let rest = path[scheme + 1..].to_vec();
    if rest.starts_with(b"//") { authority(rest) } else { Some(rest) }
}

/// `//host/path`.
fn authority(path: Vec<u8>) -> Option<Vec<u8>> {
    let Some(rest) = path.strip_prefix(b"//") else { return Some(path) };
    Some(rest.iter().copied().skip_while(|&byte| byte != b'/').collect())
}

/// Python's, which takes an authority only behind a scheme here, for gunicorn shields `//` from it.
fn urlsplit(path: Vec<u8>) -> Option<Vec<u8>> {
    absolute(hash(query(path)?)?)
}

/// Node's of old: only a target that looks unusual is parsed, and then a backslash is a slash.
fn url_parse(path: Vec<u8>) -> Option<Vec<u8>> {
    let unusual = !path.starts_with(b"/") || path.contains(&b'#');
    let path = query(path)?;
    if unusual { absolute(backslashes(hash(path)?)?) } else { Some(path) }
}

/// The URL standard with a base that is http: any slashes, either way round, introduce a host.
fn url_authority(path: Vec<u8>) -> Option<Vec<u8>> {
    let path = backslashes(path)?;
    let lower = path.to_ascii_lowercase();
    let rest = match (lower.starts_with(b"http:"), lower.starts_with(b"https:")) {
        (true, _) => &path[5..],
        (_, true) => &path[6..],
        _ => &path[..],
    };
    let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
    match slashes {
        0 => rooted(rest.to_vec()),
        1 => Some(rest.to_vec()),
        _ => rooted(rest[slashes..].iter().copied().skip_while(|&byte| byte != b'/').collect()),
    }
}

fn rooted(path: Vec<u8>) -> Option<Vec<u8>> {
    Some(if path.starts_with(b"/") { path } else { [b"/", &path[..]].concat() })
}

fn leading_merged(path: Vec<u8>) -> Option<Vec<u8>> {
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    Some(path[slashes.saturating_sub(1)..].to_vec())
}

// Habits: scripts.

/// What stands behind a script goes, and its extension.
fn path_info(path: Vec<u8>) -> Option<Vec<u8>> {
    Some(match behind_script(&path) {
        Some(rest) => path[..rest - b".php".len()].to_vec(),
        None => path,
    })
}

/// What stands behind a script is the path.
fn front_controller(path: Vec<u8>) -> Option<Vec<u8>> {
    Some(match behind_script(&path) {
        Some(rest) => path[rest..].to_vec(),
        None => path,
    })
}

/// Where the first script ends that has something behind it.
fn behind_script(path: &[u8]) -> Option<usize> {
    path.windows(5).position(|window| window == b".php/").map(|at| at + b".php".len())
}

/// At `/` and `/index.php` the value of `r`, or else all of the query, is the path.
fn query_of_script(target: Vec<u8>) -> Option<Vec<u8>> {
    let mut parts = target.splitn(2, |&byte| byte == b'?');
    let path = parts.next()?;
    if !matches!(path, b"/" | b"/index.php") {
        return Some(path.to_vec());
    }
    let query = parts.next()?;
    let value = query.split(|&byte| byte == b'&').find_map(|parameter| parameter.strip_prefix(b"r="));
    Some(value.unwrap_or(query).to_vec())
}

/// `(S(...))` and the like go.
fn session(path: Vec<u8>) -> Option<Vec<u8>> {
    let is_session = |segment: &&[u8]| segment.len() > 4 && segment.starts_with(b"(S(") && segment.ends_with(b"))");
    let kept: Vec<&[u8]> = path.split(|&byte| byte == b'/').filter(|segment| !is_session(segment)).collect();
    Some(kept.join(&b'/'))
}

// Habits: segments.

fn merged(mut path: Vec<u8>) -> Option<Vec<u8>> {
    path.dedup_by(|one, two| (*one, *two) == (b'/', b'/'));
    Some(path)
}

fn backslashes(path: Vec<u8>) -> Option<Vec<u8>> {
    Some(path.into_iter().map(|byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

fn parameters(path: Vec<u8>) -> Option<Vec<u8>> {
    let mut inside = false;
    Some(
        path.into_iter()
            .filter(|&byte| {
                inside = byte == b';' || inside && byte != b'/';
                !inside
            })
            .collect(),
    )
}

fn dots(path: Vec<u8>) -> Option<Vec<u8>> {
    let path = rooted(path)?;
    Some(without_dots(&path, <[u8]>::to_vec).0)
}

/// Refuses what would climb out of the root.
fn dots_within_root(path: Vec<u8>) -> Option<Vec<u8>> {
    let path = rooted(path)?;
    let (path, climbed) = without_dots(&path, <[u8]>::to_vec);
    (!climbed).then_some(path)
}

/// `%2e` is a dot, and nothing else is decoded.
fn dots_browser(path: Vec<u8>) -> Option<Vec<u8>> {
    let path = rooted(path)?;
    let read = |segment: &[u8]| decode(segment, |byte| byte == b'.').unwrap_or_else(|| segment.to_vec());
    Some(without_dots(&path, read).0)
}

fn without_dots(path: &[u8], read: impl Fn(&[u8]) -> Vec<u8>) -> (Vec<u8>, bool) {
    let (mut kept, mut climbed): (Vec<&[u8]>, _) = (Vec::new(), false);
    let mut ends_in_dots = false;
    for segment in path.split(|&byte| byte == b'/').skip(1) {
        let seen = read(segment);
        ends_in_dots = seen == b"." || seen == b"..";
        match &*seen {
            b"." => {}
            b".." => climbed |= kept.pop().is_none(),
            _ => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push(b"");
    }
    ([b"/", &kept.join(&b'/')[..]].concat(), climbed)
}

// Habits: escapes.

/// Decodes the bytes that `takes` accepts, once; `None` if an escape is malformed.
fn decode(path: &[u8], takes: fn(u8) -> bool) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut rest = path.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (high, low) = (rest.next()?, rest.next()?);
        let hex = |digit: u8| char::from(digit).to_digit(16);
        let value = u8::try_from(hex(high)? * 16 + hex(low)?).ok()?;
        if takes(value) { decoded.push(value) } else { decoded.extend([b'%', high, low]) }
    }
    Some(decoded)
}

/// Leaves malformed escapes, as most do.
fn decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = &path[..];
    while let Some(&byte) = rest.first() {
        match rest.get(..3).filter(|_| byte == b'%').and_then(|escape| decode(escape, |_| true)) {
            Some(value) => {
                out.extend(value);
                rest = &rest[3..];
            }
            None => {
                out.push(byte);
                rest = &rest[1..];
            }
        }
    }
    Some(out)
}

fn strictly_decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    decode(&path, |_| true)
}

fn decoded_but_slashes(path: Vec<u8>) -> Option<Vec<u8>> {
    decode(&path, |byte| !b"/%".contains(&byte))
}

fn slashes_decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    decode(&path, |byte| b"/\\".contains(&byte))
}

fn separators_decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    decode(&path, |byte| b"/\\.".contains(&byte))
}

fn unreserved_decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    decode(&path, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// `%uXXXX` beside the usual, once.
fn iis_decoded(path: Vec<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = &path[..];
    while let Some(&byte) = rest.first() {
        let long = rest.get(..6).filter(|escape| matches!(escape, [b'%', b'u' | b'U', ..])).and_then(|escape| {
            let digits = std::str::from_utf8(&escape[2..]).ok()?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        });
        if let Some(character) = long {
            out.extend(character.to_string().bytes());
            rest = &rest[6..];
            continue;
        }
        let short = rest.get(..3).filter(|_| byte == b'%').and_then(|escape| decode(escape, |_| true));
        let length = if short.is_some() { 3 } else { 1 };
        out.extend(short.unwrap_or_else(|| vec![byte]));
        rest = &rest[length..];
    }
    Some(out)
}

/// ASCII in two or three bytes of UTF-8.
fn overlong(path: Vec<u8>) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    for byte in path {
        out.push(byte);
        let (length, value) = match *out.as_slice() {
            [.., lead @ 0xc0..=0xc1, tail @ 0x80..=0xbf] => (2, (lead & 1) << 6 | tail & 0x3f),
            [.., 0xe0, middle @ 0x80..=0x81, tail @ 0x80..=0xbf] => (3, (middle & 1) << 6 | tail & 0x3f),
            _ => continue,
        };
        out.truncate(out.len() - length);
        out.push(value);
    }
    Some(out)
}

/// What nginx escapes in a path that it decoded and passes on.
fn escaped(path: Vec<u8>) -> Option<Vec<u8>> {
    let kept = |byte: u8| (0x21..0x7f).contains(&byte) && !b"#%?".contains(&byte);
    Some(
        path.into_iter()
            .flat_map(|byte| if kept(byte) { vec![byte] } else { format!("%{byte:02X}").into_bytes() })
            .collect(),
    )
}
