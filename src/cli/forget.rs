//! `forget`: asks the service to erase a customer, and gives a receipt of what was done.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::args::ForgetArgs;
use crate::cli::common::{now, own_topic, settings};
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::progress::during;
use crate::config::settings::Settings;
use crate::engine::customer::MAX_ID_BYTES;
use crate::engine::day::Millis;
use crate::service::kafka::erasure::{Lookout, Written};
use crate::service::kafka::publish::Publisher;
use crate::service::kafka::topics::{check, configs};
use crate::wire::calendar::instant_text;
use crate::wire::partitioner::partition;

/// What cannot be taken back. It names nobody: it may end in a log.
const LOSS: &str = "the customer's profile and risk are erased, an open warning is withdrawn, and events from before now are kept out for good";

/// Runs the command.
pub fn run(args: &ForgetArgs) -> Result<(), Failure> {
    if args.customer.is_empty() || args.customer.len() > MAX_ID_BYTES {
        return Err(Failure::usage(format!("a customer id has 1 to {MAX_ID_BYTES} bytes")));
    }
    let settings = settings(args.config.as_deref())?;
    let topic = own_topic(&settings)?;
    if !args.consent.given(LOSS)? {
        return Ok(());
    }
    let partitions = check(&settings)?;
    let number = partition(args.customer.as_bytes(), partitions);
    let lookout = Lookout::new(&settings, &args.customer, number)?;
    let publisher = Publisher::new(&settings, topic, partitions)?;
    // Where the inputs are read up to a day only, later events are refused.
    let asked = settings.rules.until.map_or(now(), |until| now().min(Millis(until.0 - 1)));
    let event = json!({
        "id": format!("forget-{}", Uuid::new_v4()),
        "type": "forget",
        "customer_id": args.customer,
        "time": instant_text(asked),
    });
    publisher.send(args.customer.as_bytes(), event.to_string().as_bytes(), asked)?;
    publisher.finish()?;
    let request = json!({
        "topic": topic,
        "partition": number,
        "offset": publisher.last_offset(),
    });
    let patience = Duration::from_secs(u64::from(args.wait_seconds));
    let written = during("waiting for the service", || lookout.wait(patience))?;
    let done = written.is_some();
    let receipt = receipt(&settings, &args.customer, asked, &request, &written.unwrap_or_default())?;
    if args.json {
        say(serde_json::to_string_pretty(&receipt).unwrap_or_default());
    } else {
        say(text(&receipt));
    }
    if done {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "asked for, but not carried out within {} s: the request stays in the input and is carried out as soon as `churnwatch serve` reads it",
        args.wait_seconds
    )))
}

/// What was asked for, what was done, and what ends by retention alone.
fn receipt(
    settings: &Settings,
    customer: &str,
    asked: Millis,
    request: &Value,
    written: &[Written],
) -> Result<Value, Failure> {
    let topics = &settings.file.topics;
    let records = written.iter().map(|one| {
        let Written { topic, partition, offset, time, what } = one;
        json!({"what": what, "topic": topic, "partition": partition, "offset": offset, "time": instant_text(*time)})
    });
    let records: Vec<Value> = records.collect();
    let mut kept = vec![&topics.alerts, &topics.outcomes, &topics.dead_letters];
    if !settings.webhooks.endpoints.is_empty() {
        kept.push(&topics.webhook_dead_letters);
    }
    if settings.file.identity.merge {
        kept.push(&topics.merges);
    }
    let known = configs(settings, &kept, |entry| entry.name == "retention.ms")?.unwrap_or_default();
    let until = |topic: &String| {
        let millis: i64 = known.get(topic)?.get("retention.ms")?.parse().ok()?;
        (millis >= 0).then(|| instant_text(Millis(asked.0.saturating_add(millis))))
    };
    let remaining: Vec<Value> = kept.iter().map(|topic| json!({"topic": topic, "until": until(topic)})).collect();
    Ok(json!({
        "customer_id": customer,
        "asked": instant_text(asked),
        "request": request,
        "erased": written.last().map(|last| instant_text(last.time)),
        "records": records,
        "remaining": remaining,
        "inputs": "events that the company keeps in its own topics are its own to delete; here they are kept out",
    }))
}

/// The receipt for people.
fn text(receipt: &Value) -> String {
    let word = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "—".to_owned(),
        Some(other) => other.to_string(),
    };
    let list = |name: &str| receipt.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let place = |value: &Value| {
        format!("{} partition {} offset {}", word(value, "topic"), word(value, "partition"), word(value, "offset"))
    };
    let mut lines = vec![
        format!("customer   {}", word(receipt, "customer_id")),
        format!("asked      {}  {}", word(receipt, "asked"), place(receipt.get("request").unwrap_or(&Value::Null))),
        format!("erased     {}", word(receipt, "erased")),
    ];
    lines.extend(list("records").iter().map(|one| format!("           {}: {}", place(one), word(one, "what"))));
    lines.push("remaining, until its topic forgets it".to_owned());
    lines.extend(list("remaining").iter().map(|one| match one.get("until") {
        Some(Value::String(until)) => format!("           {} by {until}", word(one, "topic")),
        _ => format!("           {}: its retention is not known", word(one, "topic")),
    }));
    lines.push(format!("note       {}", word(receipt, "inputs")));
    lines.join("\n")
}
