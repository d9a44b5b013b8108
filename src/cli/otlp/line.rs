//! Converts a line of the access log to a span. The span's attributes follow OpenTelemetry's
//! semantic conventions for HTTP servers.

use crate::metrics::OFF_ROUTES;
use http::Method;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};
use tracing::Event;
use tracing::field::{Field, Visit};

/// Fields of the line, and their attributes. A field that is neither here nor in [`OTHERS`] becomes
/// the attribute `last4.<field>`.
const NAMES: [(&str, &str); 5] = [
    ("status", "http.response.status_code"),
    ("bytes", "http.response.body.size"),
    ("version", "network.protocol.version"),
    ("client", "network.peer.address"),
    ("upstream_secs", "last4.upstream.duration"),
];

/// Fields that are not copied to an attribute. Most are used elsewhere in the span.
const OTHERS: [&str; 7] = ["message", "method", "path", "duration_secs", "trace_id", "parent_id", "sampled"];

/// The fields of a line of the access log.
#[derive(Default)]
pub(super) struct Line(BTreeMap<&'static str, Value>);

impl Line {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut line = Self::default();
        event.record(&mut line);
        line
    }

    fn text(&self, field: &str) -> &str {
        match self.0.get(field) {
            Some(Value::String(text)) => text.as_str(),
            _ => "",
        }
    }

    fn status(&self) -> i64 {
        match self.0.get("status") {
            Some(Value::I64(status)) => *status,
            _ => 0,
        }
    }

    /// Returns the method if it is a standard one, otherwise `_OTHER`, as the conventions require.
    fn method(&self) -> &str {
        let known = [
            Method::CONNECT,
            Method::DELETE,
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
            Method::POST,
            Method::PUT,
            Method::TRACE,
        ];
        let method = self.text("method");
        if known.iter().any(|known| known.as_str() == method) { method } else { "_OTHER" }
    }

    /// Returns the path template of the request's route. `None` if the request is on no route.
    fn template(&self) -> Option<&str> {
        Some(self.text("path")).filter(|path| !path.is_empty() && self.text("route") != OFF_ROUTES)
    }

    /// Returns the span of the request, except for its end time.
    pub(super) fn span(&self, ended: SystemTime) -> SpanBuilder {
        let method = match self.method() {
            "_OTHER" => "HTTP",
            method => method,
        };
        let name = self.template().map_or_else(|| method.to_owned(), |template| format!("{method} {template}"));
        let took = match self.0.get("duration_secs") {
            Some(Value::F64(secs)) => Duration::try_from_secs_f64(*secs).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_start_time(ended.checked_sub(took).unwrap_or(ended))
            .with_attributes(self.attributes())
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method().to_owned()),
            KeyValue::new("network.protocol.name", "http"),
        ];
        match (self.template(), self.text("path")) {
            (Some(template), _) => attributes.push(KeyValue::new("http.route", template.to_owned())),
            (None, "") => {}
            // The path of a request on no route is only in the line if `log.paths` is true.
            (None, path) => attributes.push(KeyValue::new("url.path", path.to_owned())),
        }
        if let Status::Error { .. } = self.outcome() {
            attributes.push(KeyValue::new("error.type", self.fault()));
        }
        let plain = self.0.iter().filter(|(field, _)| !OTHERS.contains(field));
        attributes.extend(plain.map(|(field, value)| {
            let name = NAMES.iter().find(|(known, _)| known == field).map(|(_, name)| (*name).to_owned());
            KeyValue::new(name.unwrap_or_else(|| format!("last4.{field}")), value.clone())
        }));
        attributes
    }

    /// Returns the span's status: an error if the answer has a 5xx status or was cut, else unset.
    pub(super) fn outcome(&self) -> Status {
        if self.status() >= 500 || self.0.contains_key("cut") { Status::error("") } else { Status::Unset }
    }

    fn fault(&self) -> String {
        match (self.text("reason"), self.status()) {
            ("", status @ 500..) => status.to_string(),
            ("", _) => "cut".to_owned(),
            (reason, _) => reason.to_owned(),
        }
    }

    /// Returns a context with the client's span as the parent. The context is empty if the request
    /// had no valid `traceparent`.
    pub(super) fn parent(&self) -> Context {
        let trace = TraceId::from_hex(self.text("trace_id")).unwrap_or(TraceId::INVALID);
        let span = SpanId::from_hex(self.text("parent_id")).unwrap_or(SpanId::INVALID);
        let sampled = self.0.get("sampled") == Some(&Value::Bool(true));
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        let parent = SpanContext::new(trace, span, flags, true, TraceState::NONE);
        if parent.is_valid() { Context::new().with_remote_span_context(parent) } else { Context::new() }
    }
}

impl Visit for Line {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), i64::try_from(value).unwrap_or(i64::MAX).into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned().into());
    }

    /// Ignores the value: only the event's message has this type.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
