//! Content-Security-Policy (CSP3): whether a page's own policy would block an inline style, and the
//! smallest change that admits it.
//!
//! The changes are made to the bytes of the policy, so that all else stays as it was written.

use std::ops::Range;

/// Changes each policy in a header field's value that would block one style, so that it admits the
/// style. Returns `None` if no policy would block it.
///
/// `source` is the style's hash as a source expression, `'sha256-…'`.
pub(crate) fn admit_in_field(value: &[u8], source: &str) -> Option<Vec<u8>> {
    // This does not use `list_items`, because the bytes between the policies must stay.
    let policies: Vec<&[u8]> = value.split(|&byte| byte == b',').collect();
    let admitted: Vec<_> = policies.iter().map(|policy| admit(policy, source)).collect();
    if admitted.iter().all(Option::is_none) {
        return None;
    }
    let all = policies.into_iter().zip(admitted);
    Some(all.map(|(policy, admitted)| admitted.unwrap_or_else(|| policy.to_owned())).collect::<Vec<_>>().join(&b','))
}

/// Changes a single policy so that it admits one style. Returns `None` if the policy would not
/// block the style.
///
/// The first of `style-src-elem`, `style-src` and `default-src` that a policy has governs inline
/// styles. The hash is added to either of the first two. If `default-src` governs, a `style-src`
/// with its sources and the hash is added, because a hash in `default-src` would also admit a
/// script of that hash. If the policy has none of them, or if `'unsafe-inline'` applies, the style
/// is not blocked. A hash added there would switch `'unsafe-inline'` off for all other styles.
pub(crate) fn admit(policy: &[u8], source: &str) -> Option<Vec<u8>> {
    let directives = directives(policy);
    let named = |name: &str| directives.iter().find(|directive| directive.is(policy, name));
    let governing = ["style-src-elem", "style-src", "default-src"].into_iter().find_map(named)?;
    let sources = policy.get(governing.sources.clone()).unwrap_or_default();
    if admits(sources, source) {
        return None;
    }
    let kept = sources.trim_ascii();
    let kept = if kept.eq_ignore_ascii_case(b"'none'") { b"" } else { kept };
    let space = if kept.is_empty() { "" } else { " " };
    let widened = [kept, space.as_bytes(), source.as_bytes()].concat();
    Some(if governing.is(policy, "default-src") {
        let end = policy.trim_ascii_end().len();
        let (before, after) = policy.split_at_checked(end)?;
        let separator: &[u8] = if before.ends_with(b";") { b" " } else { b"; " };
        [before, separator, b"style-src ", &widened, after].concat()
    } else {
        let before = policy.get(..governing.name.end)?;
        let after = policy.get(governing.sources.end..)?;
        // The white space between the sources and the next `;`.
        let blank = sources.get(sources.trim_ascii_end().len()..).filter(|_| !sources.trim_ascii().is_empty());
        [before, b" ", &widened, blank.unwrap_or_default(), after].concat()
    })
}

/// A directive of a policy, as the ranges of its name and its source list.
struct Directive {
    name: Range<usize>,
    sources: Range<usize>,
}

impl Directive {
    fn is(&self, policy: &[u8], name: &str) -> bool {
        policy.get(self.name.clone()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
    }
}

fn directives(policy: &[u8]) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut at = 0;
    for text in policy.split(|&byte| byte == b';') {
        let name = at + text.len() - text.trim_ascii_start().len();
        let len = text.trim_ascii_start().iter().position(u8::is_ascii_whitespace);
        let end = len.map_or(at + text.len(), |len| name + len);
        if name < end {
            directives.push(Directive { name: name..end, sources: end..at + text.len() });
        }
        at += text.len() + 1;
    }
    directives
}

/// Returns whether a source list admits the style, either by this hash or with all inline styles.
fn admits(sources: &[u8], source: &str) -> bool {
    let mut unsafe_inline = false;
    let mut narrowed = false;
    for expression in sources.split(u8::is_ascii_whitespace) {
        // Hashes are case-sensitive. All other expressions are not.
        if expression == source.as_bytes() {
            return true;
        }
        let is = |prefix: &[u8]| expression.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
        unsafe_inline |= expression.eq_ignore_ascii_case(b"'unsafe-inline'");
        narrowed |= is(b"'nonce-") || is(b"'sha256-") || is(b"'sha384-") || is(b"'sha512-");
    }
    unsafe_inline && !narrowed
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "'sha256-x'";

    fn field(value: &str) -> Option<String> {
        admit_in_field(value.as_bytes(), HASH).map(|admitted| String::from_utf8(admitted).unwrap())
    }

    #[test]
    fn a_policy_that_would_not_block_the_style_stays_as_it_is() {
        for value in [
            "",
            ";;",
            "script-src 'self'",
            "default-src 'self' 'unsafe-inline'",
            "default-src 'self'; style-src 'self' 'UNSAFE-inline'",
            "style-src 'none'; style-src-elem 'unsafe-inline'",
            "default-src 'none'; style-src 'sha256-x'",
            "img-src *; frame-ancestors 'none', upgrade-insecure-requests",
            "STYLE-SRC 'unsafe-inline'; style-src 'none'",
            "style-src-attr 'none'",
        ] {
            assert_eq!(field(value), None, "{value}");
        }
    }

    #[test]
    fn the_hash_goes_where_the_style_is_judged() {
        for (value, expected) in [
            ("style-src 'self'", "style-src 'self' 'sha256-x'"),
            (
                "default-src 'none'; style-src 'self' ; img-src *",
                "default-src 'none'; style-src 'self' 'sha256-x' ; img-src *",
            ),
            ("style-src", "style-src 'sha256-x'"),
            ("style-src  ;a", "style-src 'sha256-x';a"),
            ("Style-Src 'NONE';", "Style-Src 'sha256-x';"),
            ("style-src 'self'; style-src-elem a.example", "style-src 'self'; style-src-elem a.example 'sha256-x'"),
            (
                "style-src 'unsafe-inline'; style-src-elem 'self'",
                "style-src 'unsafe-inline'; style-src-elem 'self' 'sha256-x'",
            ),
            ("style-src 'unsafe-inline' 'nonce-abc'", "style-src 'unsafe-inline' 'nonce-abc' 'sha256-x'"),
            ("style-src 'unsafe-inline' 'sha384-abc'", "style-src 'unsafe-inline' 'sha384-abc' 'sha256-x'"),
            ("default-src 'self'", "default-src 'self'; style-src 'self' 'sha256-x'"),
            ("default-src 'none';", "default-src 'none'; style-src 'sha256-x'"),
            (
                "default-src 'self' https: ; script-src a ",
                "default-src 'self' https: ; script-src a; style-src 'self' https: 'sha256-x' ",
            ),
            ("default-src\t'self'\t", "default-src\t'self'; style-src 'self' 'sha256-x'\t"),
        ] {
            assert_eq!(field(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn of_several_policies_only_those_that_block_are_changed() {
        assert_eq!(
            field("script-src 'self', default-src 'none',style-src 'unsafe-inline'").as_deref(),
            Some("script-src 'self', default-src 'none'; style-src 'sha256-x',style-src 'unsafe-inline'")
        );
    }

    #[test]
    fn what_was_admitted_once_is_not_admitted_again() {
        for value in
            ["style-src 'self'", "default-src 'none'", "a b, style-src-elem x; default-src y , default-src 'self'"]
        {
            assert_eq!(field(&field(value).unwrap()), None, "{value}");
        }
    }

    #[test]
    fn the_first_of_two_directives_of_one_name_counts() {
        assert_eq!(
            field("style-src a; style-src 'unsafe-inline'").as_deref(),
            Some("style-src a 'sha256-x'; style-src 'unsafe-inline'")
        );
    }

    mod properties {
        use super::*;
        use proptest::prelude::*;
        use std::collections::BTreeSet;

        const PIECES: [&str; 22] = [
            "default-src", "style-src", "style-src-elem", "Style-Src", "style-src-attr", "script-src", "img-src", " ",
            " ", ";", "; ", "\t", "'self'", "'none'", "'unsafe-inline'", "'nonce-a'", "'sha384-b'", "'sha256-x'",
            "https:", "*", "\u{c}", "a.example",
        ];

        /// The sources of the directive that governs: the first directive with the first of these
        /// names that the policy has.
        fn sources(policy: &str, names: &[&str]) -> Option<BTreeSet<String>> {
            let written = |name: &&str| {
                policy.split(';').find_map(|directive| {
                    let mut words = directive.split_ascii_whitespace();
                    words.next()?.eq_ignore_ascii_case(name).then(|| words.map(str::to_owned).collect::<BTreeSet<_>>())
                })
            };
            // `'none'` has no meaning beside another source.
            names.iter().find_map(written).map(|mut sources| {
                sources.remove("'none'");
                sources
            })
        }

        proptest! {
            #[test]
            fn the_hash_is_all_that_a_policy_gains(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..16)) {
                let before = pieces.concat();
                let after = admit(before.as_bytes(), HASH).map_or(before.clone(), |after| String::from_utf8(after).unwrap());
                // The directives that govern each kind of fetch.
                for names in [&["script-src", "default-src"][..], &["img-src", "default-src"], &["font-src", "default-src"]] {
                    prop_assert_eq!(sources(&after, names), sources(&before, names), "{}", after);
                }
                for names in [
                    &["style-src-elem", "style-src", "default-src"][..],
                    &["style-src-attr", "style-src", "default-src"],
                ] {
                    let without = |policy: &str| {
                        sources(policy, names).map(|mut sources| {
                            sources.remove(HASH);
                            sources
                        })
                    };
                    prop_assert_eq!(without(&after), without(&before), "{}", after);
                }
                // The style is admitted now, and a policy that admitted it was not changed.
                let elements = sources(&after, &["style-src-elem", "style-src", "default-src"]);
                prop_assert!(elements.is_none_or(|sources| admits(Vec::from_iter(sources).join(" ").as_bytes(), HASH)), "{}", after);
                prop_assert_eq!(admit(after.as_bytes(), HASH), None);
            }

            #[test]
            fn any_bytes_are_a_policy(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
                let admitted = admit_in_field(&bytes, HASH);
                prop_assert!(admitted.is_none_or(|admitted| admitted.len() > HASH.len()));
            }
        }
    }
}
