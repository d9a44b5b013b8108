//! Expressions for paths, judged by what they can match rather than by how they are written.

use super::path::format_extension;
use crate::route::Pattern;
use regex_syntax::ParserBuilder;
use regex_syntax::ast::{self, Ast, Span};
use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of bytes.
type Bytes = [bool; 256];

/// An expression for a path, or what is wrong with it and what to write instead.
pub(super) fn expression(text: &str) -> Result<Pattern, String> {
    let Some(parsed) = parse(text) else {
        return match Pattern::regex(text) {
            Err(error) if Pattern::template(text).is_ok() && text.contains('{') => {
                Err(format!("{error}; a template is written path = {text:?}"))
            }
            Err(error) => Err(error.to_string()),
            Ok(pattern) => Ok(pattern),
        };
    };
    match fault(text, &parsed) {
        Some(fault) => Err(fault),
        None => Pattern::regex(text).map_err(|error| error.to_string()),
    }
}

/// What is suspicious in an expression that is none of the above, and what to write instead.
pub(super) fn suspicion(text: &str) -> Option<String> {
    let parsed = parse(text)?;
    if repeats_slash(&parsed) {
        let message = "`/*` and `/+` repeat the slash, of which a path has one: for one segment write `/[^/]+`, for any \
                       number `(/[^/]+)*`";
        return Some(message.to_owned());
    }
    if is_narrow(&parsed) {
        let message = "is narrower than what servers take for the same, such as `+7` or `7.0` for a number: write `[^/]+` for \
                       a segment";
        return Some(message.to_owned());
    }
    if !can_match(&parsed, |byte| byte != b';') {
        let message = "parameters behind `;` are dropped before paths are compared: leave them out";
        return Some(message.to_owned());
    }
    let segment = text.trim_end_matches(['$', ')']).rsplit('/').next()?.replace(r"\.", ".");
    let (_, extension) = format_extension(&segment)?;
    Some(format!(
        "matches requests with the extension .{extension} alone: leave it out, and those with any and with none match"
    ))
}

/// A path that the expression matches, for comparing it with other routes.
pub(super) fn sample(text: &str) -> Option<String> {
    let mut path = Vec::new();
    write_sample(&parse(text)?, &mut path);
    String::from_utf8(path).ok()
}

/// Parses an expression as the matcher reads it.
fn parse(text: &str) -> Option<Hir> {
    ParserBuilder::new().utf8(false).unicode(false).case_insensitive(true).build().parse(text).ok()
}

fn fault(text: &str, parsed: &Hir) -> Option<String> {
    if text.is_empty() {
        return Some("an empty expression matches no path: write one such as \"/apps/[^/]+/keys\"".to_owned());
    }
    let alternatives = alternatives(text, parsed);
    let any = |is_wrong: &dyn Fn(&Hir) -> bool| alternatives.iter().any(is_wrong);
    let refused = |byte: u8| any(&|one| !can_match(one, |other| other != byte));
    let fault = if any(&|one| !can_match(one, |_| true)) {
        "matches nothing: a class in it has no character"
    } else if any(&|one| !first(one).0[usize::from(b'/')]) {
        return Some(no_slash(text, alternatives.len()));
    } else if refused(b'?') || refused(b'#') {
        "the query is no part of the path: leave out what begins with `\\?` or `#`"
    } else if refused(b'%') {
        "a path is written decoded: write the character that the `%` escape stands for"
    } else if refused(b'\\') {
        "a backslash is read as `/`: write that"
    } else if any(&|one| !can_match(one, |byte| byte >= b' ' && byte != 0x7f)) {
        "control characters are dropped before paths are compared: leave them out"
    } else if required_literals(parsed).iter().any(|literal| has(literal, b"//")) {
        "an empty segment never matches: write single slashes"
    } else if required_literals(parsed).iter().any(|literal| has(literal, b"/./") || has(literal, b"/../")) {
        "`.` and `..` are resolved before paths are compared: write the path without them"
    } else if required_literals(parsed).iter().any(|literal| has(literal, b"/:") || has(literal, b"/<")) {
        "a placeholder is written `[^/]+` in an expression: taken literally, this would match nothing"
    } else if any(&ends_in_what_is_dropped) {
        "slashes, dots and spaces at the end of a path are dropped before paths are compared: leave them out"
    } else if is_case_sensitive(parsed) {
        "paths are compared without regard to letter case, for many servers do so: leave out `(?-i)`"
    } else {
        return None;
    };
    Some(fault.to_owned())
}

fn no_slash(text: &str, alternatives: usize) -> String {
    let message = "a path begins with `/`";
    if alternatives > 1 {
        return format!("{message}, in every alternative: group what differs, such as \"/(apps|datasets)/keys\"");
    }
    let cure = format!("/{}", text.trim_start_matches('^'));
    match parse(&cure).map(|parsed| fault(&cure, &parsed)) {
        Some(None) => format!("{message}: write {cure:?}"),
        _ => format!("{message}: write one such as \"/apps/[^/]+/keys\""),
    }
}

/// What stands between the bars of an expression, each of which matches whole paths.
///
/// Taken from how it is written: in its parsed form what alternatives have in common stands before them.
fn alternatives(text: &str, parsed: &Hir) -> Vec<Hir> {
    let tree = ast::parse::Parser::new().parse(text).ok();
    let spans = tree.iter().flat_map(written_alternatives);
    let each = spans.map(|span| parse(text.get(span.start.offset..span.end.offset)?));
    each.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()).unwrap_or_else(|| vec![parsed.clone()])
}

fn written_alternatives(tree: &Ast) -> Vec<&Span> {
    match tree {
        Ast::Alternation(all) => all.asts.iter().flat_map(written_alternatives).collect(),
        Ast::Group(group) => written_alternatives(&group.ast),
        other => vec![other.span()],
    }
}

/// Whether any text of these bytes alone may match.
fn can_match(hir: &Hir, allowed: impl Fn(u8) -> bool + Copy) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&byte| allowed(byte)),
        HirKind::Class(class) => (0..=u8::MAX).any(|byte| bytes_of(class)[usize::from(byte)] && allowed(byte)),
        HirKind::Repetition(repetition) => repetition.min == 0 || can_match(&repetition.sub, allowed),
        HirKind::Capture(group) => can_match(&group.sub, allowed),
        HirKind::Concat(all) => all.iter().all(|one| can_match(one, allowed)),
        HirKind::Alternation(all) => all.iter().any(|one| can_match(one, allowed)),
    }
}

/// The bytes that what matches may begin with, and whether it may be empty.
fn first(hir: &Hir) -> (Bytes, bool) {
    edge(hir, false)
}

/// The bytes at one end of what matches, and whether that may be empty.
fn edge(hir: &Hir, at_end: bool) -> (Bytes, bool) {
    let mut bytes = [false; 256];
    let add = |bytes: &mut Bytes, other: Bytes| bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte |= other);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (bytes, true),
        HirKind::Literal(literal) => {
            let byte = if at_end { literal.0.last() } else { literal.0.first() };
            byte.into_iter().for_each(|&byte| bytes[usize::from(byte)] = true);
            (bytes, false)
        }
        HirKind::Class(class) => (bytes_of(class), false),
        HirKind::Repetition(repetition) => {
            let (bytes, empty) = edge(&repetition.sub, at_end);
            (bytes, empty || repetition.min == 0)
        }
        HirKind::Capture(group) => edge(&group.sub, at_end),
        HirKind::Concat(all) => {
            let mut ordered: Vec<_> = all.iter().collect();
            if at_end {
                ordered.reverse();
            }
            for one in ordered {
                let (more, empty) = edge(one, at_end);
                add(&mut bytes, more);
                if !empty {
                    return (bytes, false);
                }
            }
            (bytes, true)
        }
        HirKind::Alternation(all) => {
            let mut any_empty = false;
            for (more, empty) in all.iter().map(|one| edge(one, at_end)) {
                add(&mut bytes, more);
                any_empty |= empty;
            }
            (bytes, any_empty)
        }
    }
}

fn ends_in_what_is_dropped(hir: &Hir) -> bool {
    let (last, empty) = edge(hir, true);
    let dropped = (0..=u8::MAX).all(|byte| !last[usize::from(byte)] || matches!(byte, b'/' | b'.' | b' '));
    // `/` alone is the path of the root.
    dropped && !empty && hir.properties().maximum_len() != Some(1)
}

/// The literals that every match has. Letters are none: they match in either case.
fn required_literals(hir: &Hir) -> Vec<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => vec![&literal.0],
        HirKind::Capture(group) => required_literals(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_literals(&repetition.sub),
        HirKind::Concat(all) => all.iter().flat_map(required_literals).collect(),
        _ => Vec::new(),
    }
}

fn has(literal: &[u8], part: &[u8]) -> bool {
    literal.windows(part.len()).any(|window| window == part)
}

/// Whether a letter in it matches in one case alone.
fn is_case_sensitive(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(u8::is_ascii_alphabetic),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            (b'a'..=b'z').any(|byte| bytes[usize::from(byte)] != bytes[usize::from(byte.to_ascii_uppercase())])
        }
        _ => hir.kind().subs().iter().any(is_case_sensitive),
    }
}

fn repeats_slash(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.max != Some(1) => {
            let is_slash = matches!(repetition.sub.kind(), HirKind::Literal(literal) if *literal.0 == *b"/");
            is_slash || repeats_slash(&repetition.sub)
        }
        kind => kind.subs().iter().any(repeats_slash),
    }
}

/// Whether a class that leaves out what a segment may have is repeated: `[0-9]+`, `[a-f0-9]{32}`.
fn is_narrow(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.max != Some(1) => has_narrow_class(&repetition.sub),
        HirKind::Concat(all) if all.windows(3).any(|three| three.iter().all(is_narrow_class)) => true,
        kind => kind.subs().iter().any(is_narrow),
    }
}

fn has_narrow_class(hir: &Hir) -> bool {
    is_narrow_class(hir) || hir.kind().subs().iter().any(has_narrow_class)
}

/// Whether it is a class of several characters, letter case aside, that leaves out some which a segment may have.
fn is_narrow_class(hir: &Hir) -> bool {
    let HirKind::Class(class) = hir.kind() else { return false };
    let bytes = bytes_of(class);
    let several = (0..=u8::MAX).filter(|byte| bytes[usize::from(*byte)] && !byte.is_ascii_uppercase()).count() > 1;
    let may_lack = |byte: u8| byte <= b' ' || matches!(byte, b'/' | b'?' | b'#' | b'%' | b';' | b'\\' | 0x7f);
    several && (0..=u8::MAX).any(|byte| !bytes[usize::from(byte)] && !may_lack(byte))
}

/// The bytes that a class has; all that are not ASCII where it has any character that is not.
fn bytes_of(class: &Class) -> Bytes {
    let mut bytes = [false; 256];
    match class {
        Class::Bytes(class) => {
            for range in class.iter() {
                (range.start()..=range.end()).for_each(|byte| bytes[usize::from(byte)] = true);
            }
        }
        Class::Unicode(class) => {
            for range in class.iter() {
                let end = u32::from(range.end()).min(0x7f) as u8;
                (0..=end)
                    .filter(|byte| u32::from(*byte) >= u32::from(range.start()))
                    .for_each(|byte| bytes[usize::from(byte)] = true);
                if !range.end().is_ascii() {
                    bytes.iter_mut().skip(0x80).for_each(|byte| *byte = true);
                }
            }
        }
    }
    bytes
}

fn write_sample(hir: &Hir, path: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => path.extend_from_slice(&literal.0),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            let plain = (b'a'..=b'z').chain(b'0'..=b'9').chain(0..=u8::MAX).find(|byte| bytes[usize::from(*byte)]);
            path.extend(plain);
        }
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| write_sample(&repetition.sub, path)),
        HirKind::Capture(group) => write_sample(&group.sub, path),
        HirKind::Concat(all) => all.iter().for_each(|one| write_sample(one, path)),
        HirKind::Alternation(all) => all.iter().take(1).for_each(|one| write_sample(one, path)),
    }
}
