"""Holds a configuration of Aiven's HTTP sink to the keys that its document lists, and to Kafka Connect's own. The connector's
jar is in no package registry, so Connect cannot be asked itself."""

import json
import sys

# https://github.com/Aiven-Open/http-connector-for-apache-kafka, docs/sink-connector-config-options.rst
DOCUMENTED = set("""
    http.url http.authorization.type http.headers.authorization http.headers.content.type http.headers.additional
    oauth2.access.token.url oauth2.client.id oauth2.client.secret oauth2.client.authorization.mode oauth2.client.scope
    oauth2.response.token.property batching.enabled batch.max.size batch.prefix batch.suffix batch.separator
    kafka.retry.backoff.ms max.retries retry.backoff.ms http.timeout
""".split())
# https://kafka.apache.org/documentation/#sinkconnectconfigs
OF_CONNECT = set("connector.class tasks.max topics key.converter value.converter errors.tolerance".split())
OF_CONSUMER = {"consumer.override.isolation.level"}

with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)
unknown = set(config) - DOCUMENTED - OF_CONNECT - OF_CONSUMER
assert not unknown, f"keys that no document lists: {sorted(unknown)}"
wrong = [key for key, value in config.items() if not isinstance(value, str)]
assert not wrong, f"Kafka Connect takes texts alone: {wrong}"
assert config["consumer.override.isolation.level"] == "read_committed"
assert config["http.authorization.type"] in ("none", "oauth2", "static")
assert config["connector.class"] == "io.aiven.kafka.connect.http.HttpSinkConnector"
print(f"{len(config)} keys of the HTTP sink's configuration are documented ones")
