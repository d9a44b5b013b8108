//! OpenTelemetry: one span for each request, sent over OTLP (HTTP, protobuf) to a collector.
//!
//! A span is made of the request's line in the log and of nothing else, so that it says nothing that the log may not say. It is a
//! child of the client's, by `traceparent`, which goes upstream as it came.
//!
//! What to send, and where, is said by OpenTelemetry's own environment variables, which clusters hand to every program:
//! `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER` and their like.

mod collector;
mod line;

use super::CliError;
use crate::excerpt::Excerpt;
use crate::proxy::ACCESS_LOG;
use collector::Collector;
use line::Line;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::env;
use std::time::{Duration, SystemTime};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The variables that name a collector, of which the first goes before the second.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The variables that name a protocol, likewise.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// How long the end of the process waits for the collector.
const LAST_SPANS: Duration = Duration::from_secs(1);

/// What makes spans of access lines, and sends them from a thread of its own.
#[derive(Clone, Debug)]
pub(super) struct Spans {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Spans {
    /// `None` where the environment names no collector, or says that none is wanted.
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
                "must begin with http://: a collector beside last4 sends on over TLS".to_owned(),
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

    /// The layer that is shown access lines, and only those, whether or not the log says them.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let lines = Targets::new().with_target(ACCESS_LOG, LevelFilter::INFO);
        MakesSpans(self.tracer.clone()).with_filter(lines)
    }

    /// Sends what is left, if the collector takes it soon.
    pub(super) fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(error = %Excerpt(&error), "the last spans could not be sent");
        }
    }
}

fn first_of(variables: [&'static str; 2]) -> Option<(&'static str, String)> {
    variables.into_iter().find_map(|variable| Some((variable, env::var(variable).ok().filter(|set| !set.is_empty())?)))
}

/// What the environment says of this process, with a name where it says none.
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
