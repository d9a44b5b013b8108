//! Checks of regular expressions for paths: which paths can an expression match?

use super::language::{bytes_of, can_match, edge, required_literals, write_sample};
use super::path::format_extension;
use super::plain::matches_plain_path;
use crate::route::Pattern;
use regex_syntax::ParserBuilder;
use regex_syntax::ast::{self, Ast, Span};
use regex_syntax::hir::{Hir, HirKind};

/// Compiles an expression, or returns a message with the fault and what to write instead.
pub(in crate::config) fn expression(text: &str) -> Result<Pattern, String> {
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

/// Returns a message about a suspicious part of a valid expression, and what to write instead.
pub(in crate::config) fn suspicion(text: &str) -> Option<String> {
    let parsed = parse(text)?;
    let message = if repeats_slash(&parsed) {
        "`/*` and `/+` repeat the slash, but paths have single ones: for one segment write `/[^/]+`, for any number \
         `(/[^/]+)*`"
    } else if is_narrow(&parsed) {
        "is narrower than what servers accept, such as `+7` or `7.0` for the number 7: write `[^/]+` for a segment"
    } else if !can_match(&parsed, |byte| byte != b';') {
        "parameters after `;` are dropped before paths are compared: leave them out"
    } else {
        let segment = text.trim_end_matches(['$', ')']).rsplit('/').next()?.replace(r"\.", ".");
        let (_, extension) = format_extension(&segment)?;
        return Some(format!(
            "matches only requests with the extension .{extension}: leave it out to match any extension and none"
        ));
    };
    Some(message.to_owned())
}

/// Returns a sample path that the expression matches, or `None` if it has no UTF-8 sample.
pub(in crate::config) fn sample(text: &str) -> Option<String> {
    let mut path = Vec::new();
    write_sample(&parse(text)?, &mut path);
    String::from_utf8(path).ok()
}

/// Parses an expression with the flags of [`Pattern::regex`].
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
        "matches nothing: leave out the class that has no character"
    } else if any(&|one| !edge(one, false).0[usize::from(b'/')]) {
        return Some(no_slash(text, alternatives.len()));
    } else if refused(b'?') || refused(b'#') {
        "the query is not part of the path: leave out everything from `\\?` or `#` on"
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
    } else if any(&ends_in_dropped_bytes) {
        "slashes, dots and spaces at the end of a path are dropped before paths are compared: leave them out"
    } else if any(&|one| !matches_plain_path(one)) {
        "matches no normalized path, which has one `/` before each segment and none at the end: write one such as \
         \"/apps/[^/]+/keys\""
    } else if is_case_sensitive(parsed) {
        "paths are compared without regard to letter case, because many servers do so: leave out `(?-i)`"
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

/// Returns the top-level alternatives of an expression: for `/a|/b`, `/a` and `/b`.
///
/// They come from the syntax tree. The HIR cannot be used, because it moves common prefixes out of
/// alternations.
fn alternatives(text: &str, parsed: &Hir) -> Vec<Hir> {
    let tree = ast::parse::Parser::new().parse(text).ok();
    let spans = tree.iter().flat_map(alternative_spans);
    let each = spans.map(|span| parse(text.get(span.start.offset..span.end.offset)?));
    each.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()).unwrap_or_else(|| vec![parsed.clone()])
}

fn alternative_spans(tree: &Ast) -> Vec<&Span> {
    match tree {
        Ast::Alternation(all) => all.asts.iter().flat_map(alternative_spans).collect(),
        Ast::Group(group) => alternative_spans(&group.ast),
        other => vec![other.span()],
    }
}

fn ends_in_dropped_bytes(hir: &Hir) -> bool {
    let (last, empty) = edge(hir, true);
    let dropped = (0..=u8::MAX).all(|byte| !last[usize::from(byte)] || matches!(byte, b'/' | b'.' | b' '));
    // An expression that matches one byte may match `/`, which is the whole path of the root.
    dropped && !empty && hir.properties().maximum_len() != Some(1)
}

fn has(literal: &[u8], part: &[u8]) -> bool {
    literal.windows(part.len()).any(|window| window == part)
}

/// Returns whether the expression matches some letter in only one case.
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

/// Returns whether the expression repeats a narrow class, such as `[0-9]+` or `[a-f0-9]{32}`.
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

/// Returns whether a class is narrow: it has several characters, but lacks some that a segment may
/// contain. The two cases of a letter count as one character.
fn is_narrow_class(hir: &Hir) -> bool {
    let HirKind::Class(class) = hir.kind() else { return false };
    let bytes = bytes_of(class);
    let several = (0..=u8::MAX).filter(|byte| bytes[usize::from(*byte)] && !byte.is_ascii_uppercase()).count() > 1;
    let may_lack = |byte: u8| byte <= b' ' || matches!(byte, b'/' | b'?' | b'#' | b'%' | b';' | b'\\' | 0x7f);
    several && (0..=u8::MAX).any(|byte| !bytes[usize::from(byte)] && !may_lack(byte))
}
