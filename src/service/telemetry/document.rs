//! Every metric as a document: docs/metrics.md.

use prometheus::proto::MetricFamily;

use crate::service::telemetry::metrics::Metrics;
use crate::service::telemetry::rekey::RekeyMetrics;
use crate::service::telemetry::webhooks::WebhookMetrics;

/// Name, kind and meaning of every metric as Markdown tables: docs/metrics.md.
pub fn document() -> Result<String, prometheus::Error> {
    let (service, webhooks) = (Metrics::new()?, WebhookMetrics::new()?);
    service.show();
    webhooks.of("");
    let service = rows(&service.gather());
    let own = |families: &[MetricFamily]| {
        let mut more = rows(families);
        more.retain(|row| !service.contains(row));
        table(&more)
    };
    Ok(format!(
        "# Metrics\nServed at `/metrics`. Written by the program; `CHURNWATCH_BLESS=1 cargo test --test documents` writes it anew.\n\n{}\n## Of `churnwatch webhooks`\nServed at `webhooks.listen`, beside `churnwatch_build_info`, `churnwatch_memory_limit_bytes` and `process_*`.\n\n{}\n## Of `churnwatch rekey`\nServed at `rekey.listen`, beside the same.\n\n{}",
        table(&service),
        own(&webhooks.gather()),
        own(&RekeyMetrics::new()?.gather())
    ))
}

fn table(rows: &[String]) -> String {
    format!("| name | kind | labels | meaning |\n|---|---|---|---|\n{}\n", rows.join("\n"))
}

fn rows(families: &[MetricFamily]) -> Vec<String> {
    let row = |family: &MetricFamily| {
        let labels = family.get_metric().first().map(|metric| {
            metric.get_label().iter().map(|label| format!("`{}`", label.name())).collect::<Vec<_>>().join(", ")
        });
        let kind = format!("{:?}", family.get_field_type()).to_lowercase();
        let help = family.help().trim_end_matches('.');
        format!("| `{}` | {kind} | {} | {help} |", family.name(), labels.unwrap_or_default())
    };
    let mut rows: Vec<String> = families.iter().map(row).collect();
    rows.sort();
    rows
}
