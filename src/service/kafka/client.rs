//! librdkafka's settings. Values were measured on a real broker; those of the configuration's `kafka.client` win.

use rdkafka::ClientConfig;
use secrecy::ExposeSecret;

use crate::config::settings::Settings;

/// What the client id of a worker begins with.
pub const NAME: &str = "churnwatch@";
/// How long Kafka may take for one administrative answer.
pub const ADMIN_SECONDS: u64 = 10;
/// Transaction and delivery timeouts, milliseconds.
const TRANSACTION_MILLIS: &str = "10000";
const DELIVERY_MILLIS: &str = "9000";
/// Records of a partition that a transactional producer puts into one request, and their bytes.
pub const REQUEST_RECORDS: usize = 2_000;
/// See [`REQUEST_RECORDS`].
pub const REQUEST_BYTES: usize = 1_000_000;
/// A reply that never comes keeps a partition waiting for so long, by default a minute.
const REPLY_MILLIS: &str = "15000";
/// The longest pause before a lost connection is tried again.
const RECONNECT: &str = "reconnect.backoff.max.ms";

/// What every client needs.
pub fn base(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.file.kafka.brokers);
    // As Java clients have it. With librdkafka's 10 s a service whose broker had stood still was back 7 to 20 s after it.
    config.set(RECONNECT, "1000");
    for (name, value) in &settings.security {
        config.set(*name, value.expose_secret());
    }
    config
}

/// Lays the configuration's own properties over a client's.
fn finish(mut config: ClientConfig, settings: &Settings) -> ClientConfig {
    let own = &settings.file.kafka.client;
    for (name, value) in own {
        config.set(name, value);
    }
    // It may be above our longest.
    if own.contains_key("reconnect.backoff.ms") && !own.contains_key(RECONNECT) {
        config.remove(RECONNECT);
    }
    config
}

/// A client that only asks. It names no group: one that does takes a tenth of a second to end.
pub fn asking(settings: &Settings, isolation: &str) -> ClientConfig {
    let mut config = base(settings);
    config.set("isolation.level", isolation);
    finish(config, settings)
}

/// A client that reads partitions from where it is told to, each to its end; a member of no group.
pub fn reading(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    config
        // It joins none; another name would need an ACL of its own.
        .set("group.id", &settings.file.kafka.group_id)
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("socket.timeout.ms", REPLY_MILLIS)
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.wait.max.ms", "10")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "16384");
    finish(config, settings)
}

/// Ends a client behind its user's back: rdkafka takes up to a tenth of a second for it.
pub fn end(client: impl Send + 'static) {
    // Where there is no thread to be had it ends here.
    let _ = std::thread::Builder::new().name("end".into()).spawn(move || drop(client));
}

/// The client id of a worker: the others learn from it where the worker's customers are asked for.
fn client_id(settings: &Settings, worker: usize) -> String {
    let address = settings.advertised().unwrap_or_else(|| settings.file.http.listen.clone());
    format!("{NAME}{address}#{worker}")
}

/// The consumer of a worker.
pub fn consumer(settings: &Settings, worker: usize) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("group.id", &settings.file.kafka.group_id)
        .set("client.id", client_id(settings, worker))
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "range")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("socket.timeout.ms", REPLY_MILLIS)
        .set("session.timeout.ms", "10000")
        // At a change each member stands from its own heartbeat to the last member's.
        .set("heartbeat.interval.ms", "250")
        .set("max.poll.interval.ms", "300000")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.min.bytes", "65536")
        .set("fetch.message.max.bytes", "262144")
        .set("queued.max.messages.kbytes", "8192");
    if let Some(instance) = &settings.file.service.instance {
        config.set("group.instance.id", format!("{instance}-{worker}"));
    }
    finish(config, settings)
}

/// What the consumers of the commands beside the service have in common.
fn beside(settings: &Settings, group: &str) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("group.id", group)
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "range")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        // Where its position is gone, retention took what was before.
        .set("auto.offset.reset", "earliest")
        .set("socket.timeout.ms", REPLY_MILLIS)
        .set("session.timeout.ms", "10000")
        .set("max.poll.interval.ms", "300000")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.message.max.bytes", "262144");
    if let Some(instance) = &settings.file.service.instance {
        config.set("group.instance.id", instance);
    }
    config
}

/// The consumer of the step that keys events anew.
pub fn rekeying(settings: &Settings, group: &str) -> ClientConfig {
    let mut config = beside(settings, group);
    config
        .set("client.id", "churnwatch-rekey")
        .set("heartbeat.interval.ms", "250")
        .set("fetch.wait.max.ms", "10")
        .set("queued.max.messages.kbytes", "16384");
    finish(config, settings)
}

/// The consumer of an endpoint of webhooks: a few alerts at a time, since posting takes longer than reading.
pub fn alert_reader(settings: &Settings, group: &str) -> ClientConfig {
    let mut config = beside(settings, group);
    config
        .set("client.id", "churnwatch-webhooks")
        .set("heartbeat.interval.ms", "1000")
        .set("fetch.wait.max.ms", "100")
        .set("queued.min.messages", "100")
        .set("queued.max.messages.kbytes", "1024");
    finish(config, settings)
}

/// The producer of the alerts that an endpoint of webhooks did not take.
pub fn letter_writer(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .set("message.timeout.ms", DELIVERY_MILLIS)
        .set("partitioner", "murmur2_random");
    finish(config, settings)
}

/// The transactional producer of a worker. It lingers until a transaction's records of a partition are all there: while a
/// part of them is in flight and the rest is due, librdkafka's thread spins.
pub fn producer(settings: &Settings, transactional_id: &str) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", TRANSACTION_MILLIS)
        .set("message.timeout.ms", DELIVERY_MILLIS)
        .set("linger.ms", "5")
        .set("batch.num.messages", REQUEST_RECORDS.to_string())
        .set("batch.size", REQUEST_BYTES.to_string())
        .set("queue.buffering.max.messages", "500000")
        .set("queue.buffering.max.kbytes", "65536")
        .set("compression.type", "lz4")
        .set("retry.backoff.ms", "5")
        .set("delivery.report.only.error", "true")
        .set("partitioner", "murmur2_random");
    finish(config, settings)
}

/// A producer whose records no broker takes: it asks for two acknowledgements, and Kafka knows none, one and all. That is
/// looked at after the permission to write, so the refusal tells whether there is one, and nothing is written.
pub fn refused(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    config.set("acks", "2").set("retries", "0").set("linger.ms", "0").set("message.timeout.ms", "4000");
    finish(config, settings)
}

/// The producer of `publish`: idempotent, keyed as Java clients key.
pub fn publisher(settings: &Settings) -> ClientConfig {
    let mut config = base(settings);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "20")
        .set("batch.size", "500000")
        .set("compression.type", "zstd")
        .set("queue.buffering.max.messages", "200000")
        .set("partitioner", "murmur2_random");
    finish(config, settings)
}
