//! The handlers that lol_html calls for the elements of a page.

use super::csp::admit;
use super::references::unescaped;
use super::rule::PageRule;
use super::style::Style;
use lol_html::html_content::{ContentType, DocumentEnd};
use lol_html::send::{DocumentContentHandlers, Element, ElementContentHandlers, Settings};
use lol_html::{AsciiCompatibleEncoding, HandlerResult, MemorySettings, Selector};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The most memory for one page, in bytes. A tag is held until it is complete.
pub(super) const MAX_MEMORY: usize = 1 << 20;

/// Whether the style is already in the page.
pub(super) type Placed = Arc<AtomicBool>;

/// Returns the library's settings for a rule, in the page's charset if it is known.
pub(super) fn settings(
    rule: &PageRule,
    placed: &Placed,
    charset: Option<AsciiCompatibleEncoding>,
) -> Settings<'static, 'static> {
    // If the charset is unknown, UTF-8 is safe: only tags are read, and all other bytes pass as
    // they came.
    let encoding = charset.unwrap_or_else(AsciiCompatibleEncoding::utf_8);
    let memory = MemorySettings::new()
        .with_preallocated_parsing_buffer_size(1024)
        .with_max_allowed_memory_usage(MAX_MEMORY)
        .with_graceful_bail_out_on_memory_limit_exceeded(true);
    let mut settings = Settings::new_send()
        .with_encoding(encoding)
        .with_adjust_charset_on_meta_tag(charset.is_none())
        .with_memory_settings(memory)
        // Let the library guess where nesting makes the parsing of text ambiguous. A wrong guess is
        // no worse than a page that is not rewritten.
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
        move |end: &mut DocumentEnd<'_>| {
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

/// Changes the page's own `<meta>` policies so that they admit the style. Policies after the style
/// do not apply to it.
fn admitting(style: &Style, placed: &Placed) -> impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static {
    let (source, placed) = (style.source().to_owned(), Arc::clone(placed));
    move |element| {
        if placed.load(Ordering::Relaxed) || element.tag_name() != "meta" {
            return Ok(());
        }
        let is_policy = element
            .get_attribute("http-equiv")
            .and_then(|name| unescaped(&name))
            .is_some_and(|name| name.eq_ignore_ascii_case("content-security-policy"));
        let Some(written) = element.get_attribute("content").filter(|_| is_policy) else { return Ok(()) };
        let has_references = written.contains('&');
        // A policy that cannot be decoded stays as it is, even if it blocks the style, so that no
        // directive of the page is lost.
        let Some(policy) = unescaped(&written) else { return Ok(()) };
        let admitted = admit(policy.as_bytes(), &source).and_then(|admitted| String::from_utf8(admitted).ok());
        if let Some(admitted) = admitted {
            let admitted = if has_references { admitted.replace('&', "&amp;") } else { admitted };
            element.set_attribute("content", &admitted)?;
        }
        Ok(())
    }
}

/// Inserts the style at the end of the head. If the head has no end tag, inserts it before the
/// first element that implicitly ends the head.
fn placing(style: &Style, placed: &Placed) -> impl FnMut(&mut Element<'_, '_>) -> HandlerResult + Send + 'static {
    let (style, placed) = (style.element().to_owned(), Arc::clone(placed));
    // How many `<template>` elements are open. Their content is not a part of the page and does not
    // end the head.
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
