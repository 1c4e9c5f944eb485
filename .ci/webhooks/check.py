"""The real `churnwatch webhooks` on a real broker against receivers that are slow, wrong, busy, gone or never content: what
each gets, in which order, and what becomes of the rest, though the program is killed in the middle."""

import atexit
import base64
import collections
import json
import os
import pathlib
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition

from receiver import Endpoint, bearer, dingtalk, serve, signed

PROGRAM, BROKERS, FOLDER, LISTEN = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
RECEIVER = pathlib.Path(__file__).parents[2] / "deploy/consumers/receiver.py"
GOLDEN = pathlib.Path(__file__).parents[2] / "tests/golden/alerts.jsonl"
PARTITIONS, CUSTOMERS, EACH = 4, 40, 8
PATIENCE_SECONDS = 40
TOPICS = ("churn.alerts", "churn.webhook-dead-letters")


def until(what, is_so):
    begun = time.monotonic()
    while not is_so():
        stand = {name: (len(one.requests), len(set(one.taken))) for name, one in endpoints.items()}
        assert time.monotonic() - begun < PATIENCE_SECONDS, f"waited in vain until {what}: {stand}"
        time.sleep(0.02)


def file(name, text):
    path = FOLDER / name
    path.write_text(text + "\n")
    return str(path)


def alerts():
    """Many alerts of the program's own making, about customers and with ids of their own."""
    golden = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    for number in range(CUSTOMERS * EACH):
        customer = f"c{number % CUSTOMERS:03}"
        alert = golden[number % len(golden)]
        yield alert | {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))), "subject": customer}


def write(producer, several, commit=True):
    producer.begin_transaction()
    for alert in several:
        producer.produce("churn.alerts", json.dumps(alert, ensure_ascii=False).encode(), alert["subject"])
    producer.flush()
    producer.commit_transaction() if commit else producer.abort_transaction()


def letters():
    settings = {"bootstrap.servers": BROKERS, "group.id": "check", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer, found, ended = Consumer(settings), [], 0
    consumer.assign([TopicPartition(TOPICS[1], number, 0) for number in range(PARTITIONS)])
    while ended < PARTITIONS:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        else:
            found.append((dict((name, value.decode()) for name, value in message.headers()), message.key(), message.value()))
    consumer.close()
    return found


def metric(name, **labels):
    text = urllib.request.urlopen(f"http://{LISTEN}/metrics", timeout=5).read().decode()
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name + "{")]
    return sum(float(value) for key, value in lines if all(one in key for one in wanted))


def run(*arguments):
    command = [PROGRAM, *arguments, "--config", CONFIG]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def start(name="one", listen=LISTEN):
    # With a name of its own the first comes back at once after it was killed.
    more = {"CHURNWATCH_SERVICE__INSTANCE": name} if name == "one" else {"CHURNWATCH_WEBHOOKS__LISTEN": listen}
    log = open(FOLDER / f"{name}.out", "a")
    return kept(subprocess.Popen([PROGRAM, "webhooks", "--config", CONFIG], stdout=log, stderr=log, env=os.environ | more))


def kept(process):
    """Ends with this, however this ends."""
    atexit.register(process.kill)
    return process


def log(name="one"):
    return (FOLDER / f"{name}.out").read_text()


def in_order(ids):
    """Whether each customer's alerts came in the order in which they were written; of one that came twice, the first."""
    place = {id: at for at, id in reversed(list(enumerate(ids)))}
    for number in range(CUSTOMERS):
        own = [place[alert["id"]] for alert in ALL[number::CUSTOMERS] if alert["id"] in place]
        if own != sorted(own):
            return False
    return True


ALL = list(alerts())
IDS = {alert["id"] for alert in ALL}
# Which alerts the receivers are difficult about; each is in the middle of its customer's.
LATE, NEVER, BROKEN = ALL[3 * CUSTOMERS + 5]["id"], ALL[2 * CUSTOMERS + 7]["id"], ALL[CUSTOMERS + 1]["id"]
OLD, NEW, OTHER = ("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(3))
# How long the CRM takes for an alert, so that there is a middle.
pace = {"seconds": 0.05}


def patience_tried(_, request):
    time.sleep(pace["seconds"])
    before = sum(one["id"] == request["id"] for one in endpoints["crm"].requests)
    return (500, {}, b"not yet") if request["id"] == LATE and before <= 3 else (204, {}, b"")


def never_content(_, request):
    if request["id"] == NEVER:
        return 400, {}, "I do not like this one".encode()
    return (0, {}, b"") if request["id"] == BROKEN and number_of("picky", BROKEN) == 1 else (200, {}, b"ok")


def number_of(name, id):
    return sum(one["id"] == id for one in endpoints[name].requests)


def busy(_, request):
    first = request["id"] == "fresh-0" and number_of("busy", "fresh-0") == 1
    return (429, {"Retry-After": "2"}, b"") if first else (204, {}, b"")


def slow(number, _):
    if number == 0:
        time.sleep(1)
    return 204, {}, b""


endpoints = {
    "crm": Endpoint(signed([NEW], patience_tried)),
    "rotating": Endpoint(signed([OLD, NEW])),
    "stranger": Endpoint(signed([OTHER])),
    "picky": Endpoint(signed([NEW], never_content)),
    "gone": Endpoint(signed([NEW], lambda number, _: (410 if number >= 20 else 204, {}, b""))),
    "busy": Endpoint(signed([NEW], busy)),
    "slow": Endpoint(signed([NEW], slow)),
    "late": Endpoint(signed([NEW])),
    "slack": Endpoint(lambda *_: (200, {}, b"ok")),
    "dingtalk": Endpoint(dingtalk("SECword")),
    "wecom": Endpoint(lambda *_: (200, {}, b'{"errcode":0,"errmsg":"ok"}')),
    "hubspot": Endpoint(bearer("token-of-hubspot", b"{}")),
    "salesforce": Endpoint(bearer("token-of-salesforce", b'[{"success":true}]')),
}
plain, https = serve(endpoints), serve(endpoints, FOLDER / "server.pem")
old, new = file("old", OLD), file("new", NEW)
fast = 'first_wait = "20ms"\nlongest_wait = "200ms"\nstart = "beginning"'
address = lambda name, more="": f'url = "http://127.0.0.1:{plain}/{name}{more}"'
signing = f'secret_files = ["{new}"]'
tables = [
    f'name = "crm"\nurl = "https://localhost:{https}/crm"\nca_file = "{FOLDER}/ca.pem"\n{signing}\n{fast}',
    f'name = "rotating"\n{address("rotating")}\nsecret_files = ["{old}", "{new}"]\n{fast}',
    f'name = "stranger"\n{address("stranger")}\n{signing}\ntries = 3\ntiers = ["mid"]\n{fast}',
    f'name = "picky"\n{address("picky")}\n{signing}\ntries = 4\n{fast}',
    f'name = "gone"\n{address("gone")}\n{signing}\nparallel = 1\n{fast}',
    f'name = "busy"\n{address("busy")}\n{signing}\nparallel = 1\n{fast}',
    f'name = "slow"\n{address("slow")}\n{signing}\nparallel = 1\ntimeout = "300ms"\n{fast}',
    f'name = "late"\n{address("late")}\n{signing}',
    f'name = "slack"\nformat = "slack"\nurl_file = "{file("slack", f"http://127.0.0.1:{plain}/slack/word")}"\nbands = ["critical"]\nper_minute = 60000\n{fast}',
    f'name = "dingtalk"\nformat = "dingtalk"\nlanguage = "zh"\n{address("dingtalk", "?access_token=word")}\nsecret_files = ["{file("robot", "SECword")}"]\nbands = ["critical"]\nper_minute = 60000\n{fast}',
    f'name = "wecom"\nformat = "wecom"\nlanguage = "zh"\n{address("wecom", "?key=word")}\nbands = ["critical"]\nper_minute = 60000\n{fast}',
    f'name = "hubspot"\nformat = "hubspot"\n{address("hubspot")}\ntoken_file = "{file("hubspot", "token-of-hubspot")}"\ntypes = ["opened"]\n{fast}',
    f'name = "salesforce"\nformat = "salesforce"\n{address("salesforce", "/services/data/v65.0/composite/sobjects/Contact/Number__c")}\ntoken_file = "{file("salesforce", "token-of-salesforce")}"\ntypes = ["opened"]\n{fast}',
]
CONFIG = file("churnwatch.toml", f'[kafka]\nbrokers = "{BROKERS}"\n[webhooks]\nlisten = "{LISTEN}"\n'
              + "".join(f"[[webhooks.endpoints]]\n{table}\n" for table in tables))

made = run("topics", "create", "--partitions", str(PARTITIONS))
assert made.returncode == 0 and "churn.webhook-dead-letters" in made.stdout + made.stderr, made
checked = run("config", "check")
assert checked.returncode == 0, checked

# One example, with and without sending it.
dry = run("webhooks", "test", "rotating", "--dry-run")
assert dry.returncode == 0 and dry.stdout.count("v1,") == 2 and not endpoints["rotating"].requests, dry
sent = run("webhooks", "test", "rotating")
assert sent.returncode == 0 and sent.stdout == "rotating: 204 delivered\n", sent
refused = run("webhooks", "test", "stranger")
assert refused.returncode == 1 and "stranger: 401 refused" in refused.stderr, refused
hidden = run("webhooks", "test", "slack", "--dry-run")
assert "word" not in hidden.stdout + run("config", "print").stdout and "[hidden]" in hidden.stdout, hidden
for endpoint in endpoints.values():
    endpoint.requests.clear(), endpoint.taken.clear()

# The receiver to copy takes what is signed, each alert once, and nothing else.
example = FOLDER.joinpath("example.toml")
command = [sys.executable, RECEIVER, "--port", "0", "--secret-file", new, "--store", FOLDER / "alerts.sqlite"]
receiver = kept(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(FOLDER / "receiver.out", "w"), text=True))
listening = receiver.stdout.readline().strip()
ours = f'name = "ours"\nurl = "{listening}"\n{signing}\n'
theirs = f'name = "theirs"\nurl = "{listening}"\nsecret_files = ["{old}"]\n'
untrusted = f'name = "untrusted"\nurl = "https://localhost:{https}/crm"\n{signing}\n'
example.write_text("".join(f"[[webhooks.endpoints]]\n{table}" for table in (ours, theirs, untrusted)))
trial = lambda name: subprocess.run([PROGRAM, "webhooks", "test", name, "--config", example], capture_output=True, text=True)
taken = trial("ours")
assert taken.returncode == 0, taken
assert "401 refused" in trial("theirs").stderr
assert "untrusted: tls: its certificate is not trusted" in trial("untrusted").stderr, trial("untrusted")
with sqlite3.connect(FOLDER / "alerts.sqlite") as base:
    assert base.execute("select count(*) from alerts").fetchone() == (1,)
receiver.kill()

producer = Producer({"bootstrap.servers": BROKERS, "transactional.id": "check", "partitioner": "murmur2_random"})
producer.init_transactions()
aborted = [alert | {"id": "aborted", "subject": alert["subject"]} for alert in ALL[:20]]
write(producer, aborted, commit=False)
write(producer, ALL[: len(ALL) // 2])
write(producer, aborted, commit=False)
write(producer, ALL[len(ALL) // 2 :])

begun = time.monotonic()
program = start()
until("a part is delivered", lambda: len(endpoints["crm"].taken) >= len(ALL) // 3)
assert program.poll() is None, "ended by itself"
program.send_signal(signal.SIGKILL)
program.wait()
in_the_middle = len(set(endpoints["crm"].taken))
assert in_the_middle < len(ALL), "killed too late"
pace["seconds"] = 0.1
# Two share the partitions while alerts are posted, and one leaves again.
program, other = start(), start("two", "127.0.0.1:0")
until("the other has partitions", lambda: 'assigned endpoint="crm"' in log("two"))
shared_at = len(set(endpoints["crm"].taken))
assert in_the_middle <= shared_at < len(ALL), "the other came too late"
time.sleep(0.3)
other.send_signal(signal.SIGTERM)
assert other.wait(15) == 0
pace["seconds"] = 0
fresh = [ALL[0] | {"id": f"fresh-{number}", "subject": f"fresh-{number}"} for number in range(5)]


def all_have(*names):
    return lambda: all(set(endpoints[name].taken) >= IDS for name in names)


until("all is delivered", all_have("crm", "rotating", "busy", "slow"))
until("all but one is delivered", lambda: set(endpoints["picky"].taken) == IDS - {NEVER})
mid = [alert for alert in ALL if alert["data"].get("tier") == "mid" or alert["data"].get("cause") == "erasure"]
buried = lambda name: [one for one in letters() if one[0]["endpoint"] == name]
until("a stranger's are put aside", lambda: len({one[0]["offset"] + "@" + one[0]["partition"] for one in buried("stranger")}) == len(mid))
seconds = time.monotonic() - begun

for name in ("crm", "rotating", "busy", "slow", "picky"):
    assert in_order(endpoints[name].taken), f"{name}: an alert overtook another of the same customer"
    assert "aborted" not in endpoints[name].taken, f"{name}: got what an aborted transaction wrote"
    once = collections.Counter(endpoints[name].taken)
    assert sum(once.values()) - len(once) <= len(ALL), name
assert not endpoints["stranger"].taken and number_of("crm", LATE) >= 4
record = {alert["id"]: json.dumps(alert, ensure_ascii=False).encode() for alert in ALL}
assert all(one["body"] == record[one["id"]] for one in endpoints["crm"].requests), "the record was changed on its way"
kinds = {one["headers"]["content-type"] for one in endpoints["crm"].requests}
assert kinds == {"application/cloudevents+json; charset=utf-8"}, kinds

# Dead letters: the record as it was, and why.
headers, key, value = buried("picky")[-1]
assert {one[0]["reason"] for one in buried("picky")} == {"refused"} and value == record[NEVER], headers
assert (headers["status"], headers["tries"], headers["said"]) == ("400", "4", "I do not like this one"), headers
assert key.decode() == json.loads(value)["subject"] and headers["topic"] == "churn.alerts"
assert all(one[0]["status"] == "401" for one in buried("stranger"))
assert {one[0]["endpoint"] for one in letters()} == {"picky", "stranger"}

# 410: nothing more from any of the three processes, each of which asked once.
until("the metrics tell of it", lambda: metric("churnwatch_webhook_endpoint_disabled", endpoint="gone") == 1)
assert 21 <= len(endpoints["gone"].requests) <= 23, f"410: {len(endpoints['gone'].requests)} requests"
assert set(endpoints["gone"].taken) <= IDS and len(endpoints["gone"].taken) == 20

# Rooms of people and CRMs.
critical = [alert for alert in ALL if alert["data"].get("band") == "critical" or alert["data"].get("cause") == "erasure"]
opened = [alert for alert in ALL if alert["type"].endswith(".opened") or alert["data"].get("cause") == "erasure"]
until("rooms are told", lambda: all(len(endpoints[name].requests) >= len(critical) for name in ("slack", "dingtalk", "wecom")))
until("CRMs are told", lambda: all(len(endpoints[name].requests) >= len(opened) for name in ("hubspot", "salesforce")))
room = endpoints["slack"].requests[0]["json"]
assert room["blocks"][0]["type"] == "header" and room["text"].startswith("Customer c"), room
markdown = endpoints["dingtalk"].requests[0]["json"]
assert markdown["msgtype"] == "markdown" and markdown["markdown"]["title"].startswith("客户 c"), markdown
assert len(endpoints["dingtalk"].taken) == len(endpoints["dingtalk"].requests) and not buried("dingtalk")
assert all(len(one["json"]["markdown"]["content"].encode()) <= 4096 for one in endpoints["wecom"].requests)
upsert = endpoints["hubspot"].requests[0]["json"]["inputs"][0]
assert upsert["idProperty"] == "churnwatch_customer_id" and upsert["id"].startswith("c"), upsert
patch = endpoints["salesforce"].requests[0]
assert patch["method"] == "PATCH" and patch["json"]["records"][0]["attributes"] == {"type": "Contact"}, patch["json"]
assert len(endpoints["hubspot"].taken) == len(endpoints["hubspot"].requests)

# What is new now, and nothing from before; then an orderly end, after which nothing comes again.
write(producer, fresh)
until("what is new is delivered", lambda: sorted(endpoints["late"].taken) == [one["id"] for one in fresh])
# 429: nothing for as long as was asked.
until("the busy one is told again", lambda: number_of("busy", "fresh-0") == 2)
told = endpoints["busy"].requests
asked = next(at for at, one in enumerate(told) if one["id"] == "fresh-0")
assert told[asked + 1]["at"] - told[asked]["at"] >= 1.9, "Retry-After was not heeded"
until("nothing is left", lambda: metric("churnwatch_webhook_lag_records", endpoint="crm") == 0
      and metric("churnwatch_webhook_attempts_total", endpoint="crm", outcome="delivered") > 0)
assert urllib.request.urlopen(f"http://{LISTEN}/readyz", timeout=5).read() == b"ready\n"
time.sleep(0.6)
program.send_signal(signal.SIGTERM)
ending = time.monotonic()
assert program.wait(15) == 0
ended = time.monotonic() - ending
gone = len(endpoints["gone"].requests)
counts = {name: len(endpoint.requests) for name, endpoint in endpoints.items() if name != "gone"}
program = start()
until("all have joined", lambda: log().split("draining")[-1].count("assigned") == len(endpoints))
time.sleep(1)
assert counts == {name: len(endpoint.requests) for name, endpoint in endpoints.items() if name != "gone"}, counts
assert len(endpoints["gone"].requests) == gone + 1, "a start asks again whether it is gone"
program.send_signal(signal.SIGTERM)
assert program.wait(15) == 0

told = log() + log("two")
assert "c001" not in told and "word" not in told and NEW[6:] not in told, "the log tells too much"
again = len(endpoints["crm"].taken) - len(set(endpoints["crm"].taken))
print(f"{len(ALL)} alerts to {len(endpoints)} endpoints; killed after {in_the_middle} at one of them, two at a time from {shared_at} on, {again} came again, "
      f"none was lost or overtaken; {len(buried('stranger'))} letters of a wrong secret, {len(buried('picky'))} of what is never "
      f"taken; all done after {seconds:.1f} s; SIGTERM to the end {ended:.1f} s")
