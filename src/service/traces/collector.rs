//! How spans leave the process: posted in batches by a thread of their own. What a collector does not take is lost and counted.

use std::future::{Future, ready};
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanExporter, SpanProcessor};
use secrecy::ExposeSecret;
use tracing::{info, warn};

use crate::config::tracing::Tracing;
use crate::service::fault::ServiceFault;
use crate::service::outgoing::configured;
use crate::service::telemetry::spans::SpanMetrics;

/// Most spans that wait to be posted.
pub(crate) const QUEUE: usize = 4_096;
/// Longest wait for the collector, further tries included.
const ANSWER: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const MOST_ANSWER: u64 = 64 * 1024;
/// How long the last spans may take at the end of the process.
const FLUSH: Duration = Duration::from_secs(1);

/// Where spans are handed over to.
#[derive(Debug)]
pub(crate) struct Collector {
    processor: BatchSpanProcessor,
    /// Spans handed over that were not yet posted.
    waiting: Arc<AtomicUsize>,
    metrics: SpanMetrics,
}

impl Collector {
    /// Starts the thread that posts.
    pub(crate) fn start(tracing: &Tracing, instance: Option<&str>, metrics: SpanMetrics) -> Result<Self, ServiceFault> {
        let headers = tracing.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let built = Otlp::builder()
            .with_http()
            .with_http_client(Posting::new(tracing.authority.clone()))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&tracing.url)
            .with_timeout(ANSWER)
            .with_headers(headers.collect())
            .build();
        let exporter = built.map_err(|fault| ServiceFault::Setup(format!("[tracing]: {fault}")))?;
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted =
            Counted { exporter, waiting: waiting.clone(), metrics: metrics.clone(), is_lost: AtomicBool::default() };
        // It never drops a span itself, since fewer are handed over than it holds.
        let config = BatchConfigBuilder::default().with_max_queue_size(QUEUE).build();
        let mut processor = BatchSpanProcessor::new(counted, config);
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let instance = instance.map(|instance| KeyValue::new("service.instance.id", instance.to_owned()));
        let resource = Resource::builder()
            .with_service_name(tracing.service_name.clone())
            .with_attributes([version].into_iter().chain(instance));
        processor.set_resource(&resource.build());
        Ok(Self { processor, waiting, metrics })
    }

    /// Hands a span over, or drops it where too many wait.
    pub(crate) fn take(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE {
            self.processor.on_end(span);
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.dropped(1);
        }
    }

    /// So many spans were not even handed over.
    pub(crate) fn dropped(&self, spans: usize) {
        self.metrics.dropped(spans);
    }

    /// Posts what waits, bounded.
    pub(crate) fn end(&self) {
        if let Err(fault) = self.processor.shutdown_with_timeout(FLUSH) {
            warn!(%fault, "the last spans may be lost");
        }
    }
}

/// The exporter, with what became of each batch counted.
#[derive(Debug)]
struct Counted {
    exporter: Otlp,
    waiting: Arc<AtomicUsize>,
    metrics: SpanMetrics,
    /// Whether the last batch was lost.
    is_lost: AtomicBool,
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let posted = self.exporter.export(batch).await;
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let was_lost = self.is_lost.swap(posted.is_err(), Ordering::Relaxed);
        match &posted {
            Ok(()) => {
                self.metrics.exported(spans);
                if was_lost {
                    info!("the collector takes spans again");
                }
            }
            Err(fault) => {
                self.metrics.failed(spans);
                if !was_lost {
                    warn!(
                        %fault,
                        "the collector of tracing.endpoint takes no spans; they are lost and counted until it does, and nothing else waits for it"
                    );
                }
            }
        }
        posted
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Posts by the client that everything else here posts by.
#[derive(Debug)]
struct Posting(ureq::Agent);

impl Posting {
    fn new(authority: Option<Vec<u8>>) -> Self {
        Self(configured(authority, ANSWER).build().new_agent())
    }

    fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.0.run(request.map(|body| body.to_vec()))?;
        let (parts, body) = answered.into_parts();
        let mut bytes = Vec::new();
        body.into_reader().take(MOST_ANSWER).read_to_end(&mut bytes)?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}

impl HttpClient for Posting {
    /// What waits here is the thread that posts.
    fn send_bytes<'c, 'f>(
        &'c self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'c: 'f,
        Self: 'f,
    {
        Box::pin(ready(self.post(request)))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

    use super::{Collector, QUEUE};
    use crate::config::tracing::Tracing;
    use crate::service::telemetry::rekey::RekeyMetrics;

    fn span() -> SpanData {
        let (trace, span) = (TraceId::from(7), SpanId::from(7));
        let now = std::time::SystemTime::now();
        SpanData {
            span_context: SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "any".into(),
            start_time: now,
            end_time: now,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    /// It accepts connections and answers nothing.
    #[test]
    fn a_collector_that_does_not_answer_holds_nobody() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", silent.local_addr().unwrap());
        let tracing =
            Tracing { url, headers: Vec::new(), authority: None, sample_ratio: 1.0, service_name: "shop".into() };
        let metrics = RekeyMetrics::new().unwrap();
        let collector = Collector::start(&tracing, Some("one"), metrics.spans()).unwrap();
        let begun = Instant::now();
        (0..QUEUE + 10).for_each(|_| collector.take(span()));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        let text = metrics.text(true);
        for counted in ["dropped\"} 10", "exported\"} 0", "failed\"} 0"] {
            assert!(
                text.contains(&format!("churnwatch_trace_spans_total{{outcome=\"{counted}\n")),
                "{counted}: {text}"
            );
        }
        let begun = Instant::now();
        collector.end();
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}
