//! Rewrites the bytes of one page, once its codings are undone. Sans-IO.

use super::charset::Charset;
use super::policy::admit;
use super::rule::PageRule;
use super::style::Style;
use crate::reason::Reason;
use bytes::BytesMut;
use lol_html::html_content::ContentType;
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, HtmlRewriter, Settings};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, OutputSink, Selector};
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most memory that one page may take: a tag is held until it is whole.
const MAX_MEMORY: usize = 1 << 20;

/// Rewrites one page, piece by piece. From a fault on, the rest passes as it came.
pub(super) struct Rewriter {
    rule: Arc<PageRule>,
    charset: Charset,
    state: State,
    output: Output,
    placed: Placed,
    fault: Option<Reason>,
}

enum State {
    /// The first bytes, of which some may be a byte order mark.
    Beginning { bytes: Vec<u8> },
    /// The page is read. The lock is never waited for: it is there so that the body may be shared, as other bodies may.
    Reading(Box<Mutex<HtmlRewriter<'static, Output>>>),
    /// What is left passes.
    Passing,
}

/// Whether the style is in the page.
type Placed = Arc<AtomicBool>;

impl Rewriter {
    pub(super) fn new(rule: Arc<PageRule>, charset: Charset) -> Self {
        let state = State::Beginning { bytes: Vec::new() };
        Self { rule, charset, state, output: Output::default(), placed: Placed::default(), fault: None }
    }

    /// Takes the next piece of the page, and gives out what can be given so far.
    pub(super) fn write(&mut self, piece: &[u8], out: &mut BytesMut) {
        match &mut self.state {
            State::Beginning { bytes } => {
                bytes.extend_from_slice(piece);
                if bytes.len() >= MARK {
                    self.begin(out);
                }
            }
            State::Reading(rewriter) => {
                let written = rewriter.get_mut().unwrap_or_else(PoisonError::into_inner).write(piece);
                self.read(written.is_ok(), out);
            }
            State::Passing => out.extend_from_slice(piece),
        }
    }

    /// The page is over.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        if matches!(self.state, State::Beginning { .. }) {
            self.begin(out);
        }
        self.end(out);
    }

    /// Why the page, or the rest of it, passes as it came.
    pub(super) fn fault(&self) -> Option<Reason> {
        self.fault
    }

    /// Begins to read, once it is known whether there is a byte order mark. It outweighs the header field (Encoding, 6).
    fn begin(&mut self, out: &mut BytesMut) {
        let State::Beginning { bytes } = std::mem::replace(&mut self.state, State::Passing) else { return };
        let said = match (&*bytes, self.charset) {
            ([0xfe, 0xff, ..] | [0xff, 0xfe, ..], _) => {
                self.fault = Some(Reason::Charset);
                out.extend_from_slice(&bytes);
                return;
            }
            ([0xef, 0xbb, 0xbf, ..], _) => Some(AsciiCompatibleEncoding::utf_8()),
            (_, Charset::Said(encoding)) => Some(encoding),
            (_, Charset::Unsaid) => None,
        };
        let settings = settings(&self.rule, &self.placed, said);
        self.state = State::Reading(Box::new(Mutex::new(HtmlRewriter::new(settings, self.output.clone()))));
        self.write(&bytes, out);
    }

    /// Takes what was read. After a fault the library has given out all that it was given, and must not be asked again.
    fn read(&mut self, well: bool, out: &mut BytesMut) {
        self.output.take(out);
        if !well {
            self.state = State::Passing;
            self.fault = Some(Reason::TooLarge);
        } else if self.rule.remove.is_empty() && self.placed.load(Ordering::Relaxed) {
            // Nothing is left to be done. What is not read cannot be misread.
            self.end(out);
        }
    }

    /// Ends the reading; what was held back comes out.
    fn end(&mut self, out: &mut BytesMut) {
        if let State::Reading(rewriter) = std::mem::replace(&mut self.state, State::Passing) {
            if rewriter.into_inner().unwrap_or_else(PoisonError::into_inner).end().is_err() {
                self.fault = Some(Reason::TooLarge);
            }
            self.output.take(out);
        }
    }
}

/// Bytes of the longest byte order mark.
const MARK: usize = 3;

fn settings(rule: &PageRule, placed: &Placed, said: Option<AsciiCompatibleEncoding>) -> Settings<'static, 'static> {
    // Where nobody says, what is read as UTF-8 passes as it came just the same: only tags are looked at.
    let encoding = said.unwrap_or_else(AsciiCompatibleEncoding::utf_8);
    let memory = MemorySettings::new()
        .with_preallocated_parsing_buffer_size(1024)
        .with_max_allowed_memory_usage(MAX_MEMORY)
        .with_graceful_bail_out_on_memory_limit_exceeded(true);
    let mut settings = Settings::new_send()
        .with_encoding(encoding)
        .with_adjust_charset_on_meta_tag(said.is_none())
        .with_memory_settings(memory)
        // Where nesting leaves open how a text is read, a guess will do: a page that is not rewritten is no better.
        .with_strict(false)
        .with_graceful_bail_out_on_content_handler_error(true);
    for selector in &rule.remove {
        let remove = |element: &mut Element<'_, '_>| {
            element.remove();
            Ok(())
        };
        settings = settings.append_element_content_handler(on(selector.clone(), remove));
    }
    let Some(style) = &rule.style else { return settings };
    let handlers = [on_any(admitting(style, placed)), on_any(placing(style, placed))];
    for handler in handlers.into_iter().flatten() {
        settings = settings.append_element_content_handler(handler);
    }
    let (element, placed) = (style.element().to_owned(), Arc::clone(placed));
    settings.append_document_content_handler(DocumentContentHandlers::default().end(
        move |end: &mut lol_html::html_content::DocumentEnd<'_>| {
            if !placed.swap(true, Ordering::Relaxed) {
                end.append(&element, ContentType::Html);
            }
            Ok(())
        },
    ))
}

type Handler = (Cow<'static, Selector>, ElementContentHandlers<'static>);

fn on(selector: Selector, handler: impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static) -> Handler {
    (Cow::Owned(selector), ElementContentHandlers::default().element(handler))
}

fn on_any(handler: impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static) -> Option<Handler> {
    Some(on("*".parse().ok()?, handler))
}

/// Has the page's own `<meta>` policies admit the style. Those behind it do not concern it.
fn admitting(style: &Style, placed: &Placed) -> impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static {
    let (source, placed) = (style.source().to_owned(), Arc::clone(placed));
    move |element| {
        if placed.load(Ordering::Relaxed) || element.tag_name() != "meta" {
            return Ok(());
        }
        let says_policy = element
            .get_attribute("http-equiv")
            .is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case("content-security-policy"));
        let Some(written) = element.get_attribute("content").filter(|_| says_policy) else { return Ok(()) };
        let has_references = written.contains('&');
        let policy = if has_references { Cow::Owned(unescaped(&written)) } else { Cow::Borrowed(&*written) };
        let admitted = admit(policy.as_bytes(), &source).and_then(|admitted| String::from_utf8(admitted).ok());
        if let Some(admitted) = admitted {
            let admitted = if has_references { admitted.replace('&', "&amp;") } else { admitted };
            element.set_attribute("content", &admitted)?;
        }
        Ok(())
    }
}

/// Puts the style at the end of the head, or before the first element that ends a head which has no end tag.
fn placing(style: &Style, placed: &Placed) -> impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static {
    let (style, placed) = (style.element().to_owned(), Arc::clone(placed));
    // A template's content is no part of the page.
    let templates = Arc::new(AtomicUsize::new(0));
    move |element| {
        if placed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = element.tag_name();
        match &*name {
            "head" => {
                let (style, placed) = (style.clone(), Arc::clone(&placed));
                element.on_end_tag(Box::new(move |tag| {
                    if !placed.swap(true, Ordering::Relaxed) {
                        tag.before(&style, ContentType::Html);
                    }
                    Ok(())
                }))
            }
            "template" => {
                templates.fetch_add(1, Ordering::Relaxed);
                let templates = Arc::clone(&templates);
                element.on_end_tag(Box::new(move |_| {
                    templates.fetch_sub(1, Ordering::Relaxed);
                    Ok(())
                }))
            }
            "base" | "basefont" | "bgsound" | "html" | "link" | "meta" | "noframes" | "noscript" | "script"
            | "style" | "title" => Ok(()),
            _ if templates.load(Ordering::Relaxed) > 0 => Ok(()),
            _ => {
                placed.store(true, Ordering::Relaxed);
                element.before(&style, ContentType::Html);
                Ok(())
            }
        }
    }
}

/// Undoes the character references by which a policy may be written: `&#39;self&#39;`.
fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once('&') {
        unescaped.push_str(before);
        let read = reference.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        rest = match read {
            Some((character, after)) => {
                unescaped.push(character);
                after
            }
            None => {
                unescaped.push('&');
                reference
            }
        };
    }
    unescaped.push_str(rest);
    unescaped
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        "semi" => Some(';'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

/// Where the library's output gathers until it is taken.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<BytesMut>>);

impl Output {
    fn take(&self, out: &mut BytesMut) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.unsplit(gathered.split());
    }
}

impl OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests;
