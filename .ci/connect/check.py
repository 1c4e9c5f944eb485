"""Each configuration of deploy/connect in the real runtime of Kafka Connect, on records that the program wrote: its converters,
transformations, isolation and dead letters as they stand. Only the sink itself is another, the one that writes a file, since the
connectors' own jars are in no package registry."""

import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BROKERS, CONNECT, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
ROOT = pathlib.Path(__file__).parents[2]
PATIENCE_SECONDS = 60
# What a sink's own keys begin with: they are left out, as is its class.
OWN = ("http.", "batching.", "max.retries", "retry.", "kafka.retry.", "connection.", "table.", "auto.", "insert.", "pk.",
       "key.ignore", "schema.ignore", "write.", "behavior.", "aws.", "file.", "format.")


def until(what, is_so):
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < PATIENCE_SECONDS, f"waited in vain until {what}"
        time.sleep(0.1)


def ask(path, body=None, method="GET"):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(CONNECT + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def is_up():
    try:
        return ask("/")["version"]
    except OSError:
        return False


def golden(name):
    return [json.loads(line) for line in (ROOT / "tests/golden" / name).read_text().splitlines()]


def lines(name):
    path = FOLDER / name
    return path.read_text().splitlines() if path.exists() else []


until("Connect is up", is_up)
admin = AdminClient({"bootstrap.servers": BROKERS})
topics = ["churn.alerts", "churn.risk", "churn.outcomes"]
for future in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
    future.result()

alerts, outcomes = golden("alerts.jsonl"), golden("outcomes.jsonl")
# A golden line is the record alone; a tombstone is told by words.
risk = [json.loads(line) for line in (ROOT / "tests/golden/risk.jsonl").read_text().splitlines() if line.startswith("{")]
text = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
producer = Producer({"bootstrap.servers": BROKERS, "transactional.id": "check"})
producer.init_transactions()
producer.begin_transaction()
producer.produce("churn.alerts", text(alerts[0] | {"id": "aborted"}), "bob")
producer.flush()
producer.abort_transaction()
producer.begin_transaction()
for alert in alerts:
    producer.produce("churn.alerts", text(alert), alert["subject"])
for outcome in outcomes:
    producer.produce("churn.outcomes", text(outcome), outcome["subject"])
for record in risk:
    producer.produce("churn.risk", text(record), record["customer_id"])
producer.produce("churn.risk", None, "erased")
producer.commit_transaction()

for path in sorted((ROOT / "deploy/connect").glob("*.json")):
    config = json.loads(path.read_text())
    config = {key: value for key, value in config.items() if not key.startswith(OWN)}
    config["connector.class"] = "org.apache.kafka.connect.file.FileStreamSinkConnector"
    config["file"] = str(FOLDER / path.stem)
    if "errors.deadletterqueue.topic.name" in config:
        config["errors.deadletterqueue.topic.replication.factor"] = "1"
    found = ask(f"/connector-plugins/{config['connector.class']}/config/validate", config | {"name": path.stem}, "PUT")
    wrong = [one["value"]["name"] for one in found["configs"] if one["value"]["errors"]]
    assert found["error_count"] == 0, f"{path.name}: {wrong}"
    ask(f"/connectors/{path.stem}/config", config, "PUT")

wanted = {"http-sink": len(alerts), "jdbc-sink": len(alerts), "elasticsearch-alerts-sink": len(alerts),
          "elasticsearch-risk-sink": len(risk) + 1, "s3-sink": len(alerts) + len(outcomes)}
for name, count in wanted.items():
    until(f"{name} has {count} records", lambda: len(lines(name)) >= count)
assert [json.loads(line) for line in lines("http-sink")] == alerts, "http-sink: the record was changed"
# A structure of one field, which is what a table with a column needs.
assert all(line.startswith("Struct{alert={") for line in lines("jdbc-sink")), lines("jdbc-sink")[0]
assert [json.loads(line[len("Struct{alert="):-1]) for line in lines("jdbc-sink")] == alerts
assert lines("elasticsearch-risk-sink")[-1] == "null", "a tombstone reaches the sink as one"
assert not any("aborted" in line for name in wanted for line in lines(name)), "what was aborted came through"
for name in wanted:
    status = ask(f"/connectors/{name}/status")
    assert [task["state"] for task in status["tasks"]] == ["RUNNING"], status

# What is no JSON goes aside where the configuration says so, and what comes behind it is not held up.
producer.begin_transaction()
producer.produce("churn.alerts", b"no json", "bob")
producer.produce("churn.alerts", text(alerts[0]), "bob")
producer.commit_transaction()
until("the alert behind it", lambda: len(lines("elasticsearch-alerts-sink")) == len(alerts) + 1)
letters = Consumer({"bootstrap.servers": BROKERS, "group.id": "check"})
letters.assign([TopicPartition("churn.connect-dead-letters", 0, 0)])
letter = letters.poll(20)
headers = dict(letter.headers())
assert letter.value() == b"no json" and headers["__connect.errors.topic"] == b"churn.alerts", headers
letters.close()
until("the one that tolerates nothing stops", lambda: ask("/connectors/s3-sink/status")["tasks"][0]["state"] == "FAILED")
print(f"{len(wanted)} sinks' configurations in Kafka Connect {is_up()}: {sum(wanted.values())} records as they should be, "
      "nothing of an aborted transaction, a tombstone, a dead letter")
