"""One shop in three encodings through the service gives the alerts of its own JSON, though the registry shuts us out, is gone and
comes back, a schema grows a field, and records come that nobody can read."""

import collections
import datetime
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from confluent_kafka import Consumer, Producer, TopicPartition

import writers

PROGRAM, BROKERS, URL, FOLDER = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
PATIENCE_SECONDS = 60
PARTITIONS, PASSWORD = 2, "s3same"
RECORDS, WAITING = "churnwatch_records_total", "churnwatch_schema_registry_waiting_partitions"


def until(what, is_so):
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < PATIENCE_SECONDS, f"waited in vain until {what}"
        time.sleep(0.05)


def run(*arguments, code=0):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, f"{arguments} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def nginx(*arguments):
    subprocess.run(["nginx", "-c", FOLDER / "nginx.conf", *arguments], check=True)


class Service:
    """A service with topics of its own, all of whose events come in one encoding."""

    def __init__(self, name, writer):
        self.name, self.topic = name, f"{name}.events"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.listen = f"127.0.0.1:{free.getsockname()[1]}"
        self.password, self.config, self.log = (FOLDER / f"{name}.{end}" for end in ("password", "toml", "log"))
        self.password.write_text(PASSWORD)
        outputs = ("alerts", "risk", "outcomes", "profiles", "dead_letters", "models")
        names = "\n".join(f'{one} = "{name}.{one}"' for one in outputs)
        self.config.write_text(f"""
            [kafka]
            brokers = "{BROKERS}"
            group_id = "{name}"
            [topics]
            events = ["{self.topic}"]
            {names}
            [inputs."{self.topic}"]
            encoding = "schema_registry"
            [schema_registry]
            url = "{URL}"
            username = "shop"
            password_file = "{self.password}"
            ca_file = "{FOLDER / "ca.pem"}"
            [time]
            clock = "event"
            [http]
            listen = "{self.listen}"
            """)
        run("topics", "create", "--partitions", PARTITIONS, "--config", self.config)
        self.writer = writer(registry, self.topic)
        self.producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random", "linger.ms": 20})

    def start(self):
        command = [PROGRAM, "serve", "--log-level", "warn", "--config", self.config]
        self.process = subprocess.Popen(command, stderr=self.log.open("a"), stdout=subprocess.DEVNULL)
        (FOLDER / f"{self.name}.pid").write_text(f"{self.process.pid}\n")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0

    def send(self, key, value, millis):
        self.producer.produce(self.topic, value, key, timestamp=millis)
        self.producer.poll(0)

    def written(self, events, is_late):
        millis = lambda event: int(datetime.datetime.fromisoformat(event["time"]).timestamp() * 1000)
        return [(event["customer_id"], self.writer.write(event, is_late), millis(event)) for event in events]

    def publish(self, records):
        for record in records:
            self.send(*record)
        self.producer.flush()

    def figure(self, name):
        try:
            page = urllib.request.urlopen(f"http://{self.listen}/metrics", timeout=5).read().decode()
        except OSError:
            return None
        return sum(int(line.split()[-1]) for line in page.splitlines() if line.startswith((f"{name} ", f"{name}{{")))

    def stands(self, records, waiting):
        until(f"{self.name} has {records} records and {waiting} partitions wait",
              lambda: (self.figure(RECORDS), self.figure(WAITING)) == (records, waiting))

    def says(self, words):
        until(f"{self.name} says {words}", lambda: words in self.log.read_text())

    def committed(self, topic):
        consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "check", "enable.partition.eof": True})
        consumer.assign([TopicPartition(f"{self.name}.{topic}", number, 0) for number in range(PARTITIONS)])
        records, ended = [], 0
        while ended < PARTITIONS:
            message = consumer.poll(20)
            if message.error():
                ended += 1
            else:
                records.append((message.value(), dict(message.headers() or [])))
        consumer.close()
        return records


def answers():
    try:
        return registry.get_subjects() is not None
    except Exception:
        return False


registry = writers.client(URL, f"shop:{PASSWORD}", FOLDER / "ca.pem")
until("the registry answers", answers)
run("generate", "--customers", 120, "--days", 300, "--end", "2026-01-01", "--seed", 3, "--output", FOLDER / "shop.jsonl")
events = [json.loads(line) for line in (FOLDER / "shop.jsonl").read_text().splitlines()]
half = len(events) // 2
services = [Service("avro", writers.Avro), Service("protobuf", writers.Protobuf), Service("json", writers.Json)]
avro = services[0]
for service in services:
    service.publish(service.written(events[:half], False))
    # A writer asks the registry too.
    service.later = service.written(events[half:], True)

# With a wrong password nothing is read, and the log says what to look at. It is mended while the service runs.
avro.password.write_text("wrong")
for service in services:
    service.start()
avro.stands(0, PARTITIONS)
avro.says("does not let us in (401): look at schema_registry.username and password_file")
avro.password.write_text(PASSWORD)
for service in services:
    service.stands(half, 0)

# Ids that nobody registered, and what no serializer framed.
_, _, millis = avro.later[0]
bad = {b"\x00\x7f\xff\xff\xffnobody": b"unknown schema", b'{"id": "plain"}': b"bad encoding"}
for service in services:
    for value in bad:
        service.send("stranger", value, millis)
    service.producer.flush()
    service.stands(half + len(bad), 0)

# The registry is gone. What names a schema that is known goes on; what names a new one waits.
nginx("-s", "stop")
for service in services:
    service.publish(service.later)
for service in services[1:]:
    service.stands(len(events) + len(bad), 0)
avro.stands(half + len(bad), PARTITIONS)
avro.says("look at schema_registry.url and whether the registry runs")
nginx()
avro.stands(len(events) + len(bad), 0)

for service in services:
    alerts, letters = FOLDER / f"{service.name}.alerts", FOLDER / f"{service.name}.letters"
    run("replay", FOLDER / "shop.jsonl", "--partitions", PARTITIONS, "--config", service.config, "--alerts", alerts,
        "--dead-letters", letters)
    wanted = collections.Counter(alerts.read_bytes().splitlines())
    until(f"{service.name} has all alerts", lambda: len(service.committed("alerts")) >= wanted.total())
    service.stop()
    told = collections.Counter(value for value, _ in service.committed("alerts"))
    assert told == wanted and wanted.total() > 50, f"{service.name}: {told.total()} alerts, {wanted.total()} wanted"
    kept = {value: headers["reason"] for value, headers in service.committed("dead_letters")}
    assert kept == bad and letters.read_text() == "", f"{service.name}: {kept}"
    log = service.log.read_text()
    assert PASSWORD not in log and "c00000" not in log, log
print(f"{len(events)} events as {', '.join(service.name for service in services)}: {wanted.total()} alerts each, as of our own JSON; "
      f"{len(bad)} dead letters each; waited for a password and for the registry, and lost nothing")
