//! OpenTelemetry: sends one span per request to a collector, over OTLP (HTTP, protobuf).
//!
//! A span is made only from the request's line in the access log, so it has no data that the log
//! may not have. The span's parent is the client's span, which the `traceparent` header names. The
//! header is forwarded unchanged.
//!
//! Tracing is configured by OpenTelemetry's environment variables, which clusters set for every
//! program:
//! `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_TRACES_SAMPLER` and others.

mod line;

use super::{CliError, http_client};
use crate::excerpt::Excerpt;
use crate::proxy::ACCESS_LOG;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use line::Line;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use std::{env, io};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The variables that name a collector. The first takes precedence.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The variables that name a protocol. The first takes precedence.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// How long the program waits at exit for the last spans to be sent.
const LAST_SPANS: Duration = Duration::from_secs(1);

/// Time limit for sending one batch. Meanwhile new spans are queued. If the queue is full, they are
/// dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes spans from lines of the access log. The exporter sends the spans on its own thread.
#[derive(Clone, Debug)]
pub(super) struct Spans {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Spans {
    /// Starts the exporter. Returns `None` if the environment variables name no collector, or
    /// disable traces.
    pub(super) fn start() -> Result<Option<Self>, CliError> {
        let Some((variable, endpoint)) = first_of(ENDPOINTS) else { return Ok(None) };
        let is = |variable, value: &str| env::var(variable).is_ok_and(|set| set.eq_ignore_ascii_case(value));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let wrong = |flag, message: String| CliError::Flag { flag, message };
        if !endpoint.starts_with("http://") {
            return Err(wrong(
                variable,
                "must begin with http://: for TLS, run a collector beside last4 that forwards spans".to_owned(),
            ));
        }
        if let Some((variable, protocol)) = first_of(PROTOCOLS)
            && protocol != "http/protobuf"
        {
            return Err(wrong(variable, "must be \"http/protobuf\", at the collector's port 4318".to_owned()));
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Collector::default())
            .build()
            .map_err(|error| wrong(variable, error.to_string()))?;
        let provider = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
        let tracer = provider.tracer(env!("CARGO_CRATE_NAME"));
        Ok(Some(Self { provider, tracer }))
    }

    /// Returns the layer that makes spans. It gets the lines of the access log even if `log.access`
    /// is false.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let lines = Targets::new().with_target(ACCESS_LOG, LevelFilter::INFO);
        MakesSpans(self.tracer.clone()).with_filter(lines)
    }

    /// Sends the last spans. Gives up if the collector is too slow.
    pub(super) fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(error = %Excerpt(&error), "the last spans could not be sent");
        }
    }
}

fn first_of(variables: [&'static str; 2]) -> Option<(&'static str, String)> {
    variables.into_iter().find_map(|variable| Some((variable, env::var(variable).ok().filter(|set| !set.is_empty())?)))
}

/// Returns the resource that the environment variables describe. Its service name defaults to
/// `last4`.
fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let attributes = env::var("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let named = env::var_os("OTEL_SERVICE_NAME").is_some() || attributes.contains("service.name=");
    let resource = Resource::builder().with_attribute(version);
    if named { resource } else { resource.with_service_name(env!("CARGO_CRATE_NAME")) }.build()
}

struct MakesSpans(SdkTracer);

impl<S: Subscriber> Layer<S> for MakesSpans {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let ended = SystemTime::now();
        let line = Line::of(event);
        let mut span = self.0.build_with_context(line.span(ended), &line.parent());
        span.set_status(line.outcome());
        span.end_with_timestamp(ended);
    }
}

/// The HTTP client of the exporter.
#[derive(Debug, Default)]
struct Collector {
    /// Whether sending the last batch failed. Only the first of several failures in a row is
    /// logged.
    is_lost: AtomicBool,
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        // Blocking is fine: the exporter's thread does nothing else.
        Box::pin(async move { Ok(self.send(&request)?) })
    }
}

impl Collector {
    fn send(&self, request: &Request<Bytes>) -> io::Result<Response<Bytes>> {
        let sent = http_client::send(request, SEND_TIMEOUT).and_then(|status| match status {
            200..300 => Ok(status),
            status => Err(io::Error::other(format!("the collector answered {status}"))),
        });
        match &sent {
            Ok(_) if self.is_lost.swap(false, Ordering::Relaxed) => tracing::info!("the collector accepts spans again"),
            Err(error) if !self.is_lost.swap(true, Ordering::Relaxed) => {
                tracing::warn!(error = %Excerpt(error), "spans could not be sent to the collector");
            }
            _ => {}
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::from_u16(sent?).map_err(io::Error::other)?;
        Ok(response)
    }
}
