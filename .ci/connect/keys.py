"""Holds the configurations of deploy/connect to the keys that each connector's document lists, and to Kafka Connect's own. The
connectors' jars are in no package registry, so they cannot be asked themselves."""

import json
import pathlib
import sys

words = lambda text: set(text.split())
# Class: its keys, and where they stand.
DOCUMENTED = {
    # https://github.com/Aiven-Open/http-connector-for-apache-kafka, docs/sink-connector-config-options.rst
    "io.aiven.kafka.connect.http.HttpSinkConnector": words("""
        http.url http.authorization.type http.headers.authorization http.headers.content.type http.headers.additional
        oauth2.access.token.url oauth2.client.id oauth2.client.secret oauth2.client.authorization.mode oauth2.client.scope
        oauth2.response.token.property batching.enabled batch.max.size batch.prefix batch.suffix batch.separator
        kafka.retry.backoff.ms max.retries retry.backoff.ms http.timeout"""),
    # https://github.com/Aiven-Open/jdbc-connector-for-apache-kafka, docs/sink-connector-config-options.rst
    "io.aiven.connect.jdbc.JdbcSinkConnector": words("""
        connection.url connection.user connection.password db.timezone dialect.name sql.quote.identifiers insert.mode
        batch.size delete.enabled table.name.format table.name.normalize topics.to.tables.mapping pk.mode pk.fields
        fields.whitelist auto.create auto.evolve max.retries retry.backoff.ms"""),
    # https://docs.confluent.io/kafka-connectors/elasticsearch/current/configuration_options.html
    "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector": words("""
        connection.url connection.username connection.password batch.size max.in.flight.requests max.buffered.records
        linger.ms flush.timeout.ms max.retries retry.backoff.ms connection.compression max.connection.idle.time.ms
        connection.timeout.ms read.timeout.ms key.ignore schema.ignore compact.map.entries topic.key.ignore
        topic.schema.ignore drop.invalid.message behavior.on.null.values behavior.on.malformed.documents
        external.version.header write.method"""),
    # https://github.com/Aiven-Open/cloud-storage-connectors-for-apache-kafka, s3-sink-connector/README.md
    "io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector": words("""
        aws.access.key.id aws.secret.access.key aws.credentials.provider aws.s3.bucket.name aws.s3.region aws.s3.endpoint
        aws.s3.prefix file.name.prefix file.name.template file.compression.type file.max.records format.output.type
        format.output.fields format.output.fields.value.encoding format.output.envelope timestamp.timezone
        timestamp.source"""),
}
# https://kafka.apache.org/documentation/#sinkconnectconfigs
OF_CONNECT = words("""
    connector.class tasks.max topics key.converter value.converter value.converter.schemas.enable errors.tolerance
    errors.log.enable errors.deadletterqueue.topic.name errors.deadletterqueue.topic.replication.factor
    errors.deadletterqueue.context.headers.enable transforms consumer.override.isolation.level""")

count, paths = 0, sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
for path in paths:
    config = json.loads(path.read_text(encoding="utf-8"))
    known = DOCUMENTED[config["connector.class"]] | OF_CONNECT
    unknown = [key for key in config if key not in known and not key.startswith("transforms.")]
    assert not unknown, f"{path.name}: keys that no document lists: {unknown}"
    wrong = [key for key, value in config.items() if not isinstance(value, str)]
    assert not wrong, f"{path.name}: Kafka Connect takes texts alone: {wrong}"
    assert config["consumer.override.isolation.level"] == "read_committed", path.name
    secret = [key for key in config if "password" in key or "secret" in key or key.endswith(("authorization", "key.id"))]
    assert secret and all(config[key].startswith("${file:") for key in secret), f"{path.name}: {secret}"
    count += len(config)
assert len(paths) == 5, paths
print(f"{count} keys of {len(paths)} sinks' configurations are documented ones")
