//! The shape of `[tracing]`: where the spans of sampled events go, and how many events are sampled.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spans of sampled events' ways, sent to a collector of OpenTelemetry.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tracing {
    /// Address of a collector that takes OTLP over HTTP, without `/v1/traces`; absent: nothing is traced.
    pub endpoint: Option<String>,
    /// Share of the records without a `traceparent` header that are sampled; those with one are where it says so.
    pub sample_ratio: f64,
    /// File with more headers for the collector, such as `Authorization: Bearer ...`, one a line.
    pub headers_file: Option<PathBuf>,
    /// PEM file of the authority that vouches for the collector; absent: those that browsers trust.
    pub ca_file: Option<PathBuf>,
    /// Whether the headers may leave this machine over `http://`, where they can be read on the way.
    pub allow_http: bool,
    /// Name of the service in its spans.
    pub service_name: String,
}

impl Default for Tracing {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_ratio: 0.001,
            headers_file: None,
            ca_file: None,
            allow_http: false,
            service_name: "churnwatch".into(),
        }
    }
}
