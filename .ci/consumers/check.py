"""Every alert is handled, once and in order, by each of the two programs, though it is killed in the middle, the receiver
refuses one request in fifty, and alerts are written meanwhile."""

import collections
import http.server
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

from confluent_kafka import Consumer, TopicPartition

BROKERS, METRICS, SERVICE, FOLDER = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
PROGRAMS = pathlib.Path(__file__).parents[2] / "deploy/consumers"
# So many alerts are handled before a program is killed.
BEFORE_THE_KILL = 300
PATIENCE_SECONDS = 60


def until(what, is_so):
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < PATIENCE_SECONDS, f"waited in vain until {what}"
        time.sleep(0.02)


class Receiver(http.server.BaseHTTPRequestHandler):
    """What a CRM would be: it refuses every fiftieth request, and keeps what it takes."""

    protocol_version = "HTTP/1.1"
    taken, refused, asked = [], 0, 0
    # A CRM takes its time, so that there is a middle to kill in.
    pause_seconds = 0.005

    def do_POST(self):
        time.sleep(Receiver.pause_seconds)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.asked += 1
        refuse = Receiver.asked % 50 == 0
        if refuse:
            Receiver.refused += 1
        else:
            Receiver.taken.append((self.headers["Idempotency-Key"], json.loads(body)["id"]))
        self.send_response(503 if refuse else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def start(name, *more):
    log = open(FOLDER / f"{name}.out", "a")
    command = [sys.executable, PROGRAMS / f"{name}.py", "--brokers", BROKERS, "--group", name, "--instance", "one", *more]
    return subprocess.Popen(command, stdout=log, stderr=log)


def kill(process):
    assert process.poll() is None, "ended by itself"
    process.kill()
    process.wait()


def has_caught_up():
    try:
        text = urllib.request.urlopen(METRICS, timeout=5).read().decode()
    except OSError:
        return False
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    total = lambda name: sum(float(value) for key, value in lines if key.startswith(name))
    return total("churnwatch_closes_total") > 0 and total("churnwatch_lag_records") + total("churnwatch_closes_due") == 0


def alerts():
    """Of each partition the alerts, in order, as the topic has them."""
    settings = {"bootstrap.servers": BROKERS, "group.id": "check", "isolation.level": "read_committed",
                "enable.partition.eof": True, "enable.auto.commit": False}
    consumer, found = Consumer(settings), collections.defaultdict(list)
    numbers = consumer.list_topics("churn.alerts").topics["churn.alerts"].partitions
    consumer.assign([TopicPartition("churn.alerts", number, 0) for number in numbers])
    ended = set()
    while len(ended) < len(numbers):
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended.add(message.partition())
        else:
            found[message.partition()].append(json.loads(message.value()))
    consumer.close()
    return list(found.values())


def handled(store):
    # Who waits for the writer to pause comes when all is done.
    with sqlite3.connect(store, timeout=0.01) as base:
        try:
            return [row[0] for row in base.execute("select id from handled order by rowid")]
        except sqlite3.OperationalError:
            return []


def in_order(ids, wanted):
    place = {id: number for number, id in enumerate(ids)}
    return all([place[a["id"]] for a in part] == sorted(place[a["id"]] for a in part) for part in wanted)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
store = FOLDER / "tasks.sqlite"
tasks = ["tasks", "--store", store]
webhook = ["webhook", "--url", f"http://127.0.0.1:{server.server_port}/alerts"]

running = start(*tasks), start(*webhook)
done = {running[0]: lambda: len(handled(store)), running[1]: lambda: len(Receiver.taken)}


def each_is_killed():
    for process in [process for process, count in done.items() if count() >= BEFORE_THE_KILL]:
        kill(process)
        del done[process]
    return not done


until("each has handled some alerts", each_is_killed)
Receiver.pause_seconds = 0
before = len(handled(store)), len(Receiver.taken)

until("the service has read everything", has_caught_up)
os.kill(SERVICE, signal.SIGTERM)
wanted = alerts()
ids = {alert["id"] for part in wanted for alert in part}
assert all(count < len(ids) for count in before), "killed too late"

for process in start(*tasks, "--idle", "3"), start(*webhook, "--idle", "3"):
    assert process.wait(PATIENCE_SECONDS) == 0

made = handled(store)
assert set(made) == ids and len(made) == len(ids), f"{len(made)} of {len(ids)} alerts were handled"
assert in_order(made, wanted)
with sqlite3.connect(store) as base:
    states = dict(base.execute("select state, count(*) from tasks group by state"))
    kinds = collections.Counter(alert["type"].rsplit(".", 1)[-1] for part in wanted for alert in part)
    assert sum(states.values()) == kinds["opened"], (states, kinds)
    assert states.get("resolved", 0) == kinds["resolved"] and states.get("lapsed", 0) == kinds["lapsed"], (states, kinds)

assert all(key == id for key, id in Receiver.taken)
first = list(dict.fromkeys(key for key, _ in Receiver.taken))
assert set(first) == ids, f"{len(first)} of {len(ids)} alerts were posted"
assert in_order(first, wanted)
again = len(Receiver.taken) - len(ids)
print(f"{len(ids)} alerts; killed after {before[0]} tasks and {before[1]} posts; {sum(states.values())} tasks, each alert "
      f"handled once; {len(first)} posted, {again} of them again after the kill, {Receiver.refused} refused and tried again")
