//! Traces by OTLP over HTTP.
//!
//! *What a collector that is away costs.* Nothing but the spans: they wait in a queue that is
//! bounded, a thread of its own sends them, and what has no room is dropped.

mod collector;
mod trace_ids;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::level_filters::LevelFilter;
use tracing::warn;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use crate::trace;

use super::subscriber::Sink;
use super::traces::{Sampling, TraceSettings};
use collector::Collector;

pub(super) use trace_ids::TraceIds;

/// How long the collector may take for a batch, second tries included.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a span waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// The most spans that wait; of a few hundred bytes each, and less than 2 KB whatever callers send.
const MOST_WAITING: usize = 2_048;

/// The most spans of a batch.
const MOST_AT_ONCE: usize = 512;

/// Sends spans away, as they end.
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// Begins to; asks nobody yet.
    pub(super) fn start(settings: &TraceSettings) -> Result<Self, ExporterBuildError> {
        let collector = Collector::new(settings.headers.clone(), DEADLINE);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(settings.endpoint.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(DEADLINE)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_max_export_batch_size(MOST_AT_ONCE)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor.build())
            .with_sampler(sampler(settings.sampling))
            .with_resource(resource(settings))
            .build();
        Ok(Self(provider))
    }

    /// Takes the spans of [`trace`], and nothing that is logged within them.
    pub(super) fn layer(&self) -> Sink {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("remint"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let spans = Targets::new().with_target(trace::TARGET, LevelFilter::INFO);
        layer.with_filter(spans).boxed()
    }

    /// Sends what still waits, for so long at most; what ends later is not sent.
    pub(super) async fn finish(&self, within: Duration) {
        let provider = self.0.clone();
        let finish = move || provider.shutdown_with_timeout(within);
        let finished = tokio::task::spawn_blocking(finish).await;
        if !matches!(finished, Ok(Ok(()))) {
            warn!("the last traces could not be exported in time");
        }
    }
}

fn sampler(sampling: Sampling) -> Sampler {
    let own = Sampler::TraceIdRatioBased(sampling.ratio);
    if sampling.parent_based {
        return Sampler::ParentBased(Box::new(own));
    }
    own
}

fn resource(settings: &TraceSettings) -> Resource {
    let own = settings.resource.iter();
    let own = own.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    // The library's other detectors read the environment.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(own)
        .with_service_name(settings.service_name.clone())
        .build()
}
