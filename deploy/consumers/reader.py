"""Reads alerts at least once, in order: an offset is committed when the work is done, never before. tasks.py and webhook.py
use it."""

import argparse
import signal
import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException

# Offsets are committed after so many alerts, and in every pause.
COMMIT_EVERY = 200
POLL_SECONDS = 1.0


def arguments(what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--brokers", required=True, help="HOST:PORT,...")
    parser.add_argument("--group", required=True, help="consumer group; each use of the alerts has its own")
    parser.add_argument("--instance", help="name of this process in its group: with it a restart moves no partition")
    parser.add_argument("--topic", default="churn.alerts")
    parser.add_argument("--idle", type=float, help="end after so many seconds without an alert")
    return parser


def read(chosen: argparse.Namespace, handle) -> None:
    """Hands the bytes of each alert to `handle`. What it raises ends the process; the alert comes again at the next start."""
    settings = {
        "bootstrap.servers": chosen.brokers,
        "group.id": chosen.group,
        # What an aborted transaction wrote was never said.
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 10_000,
    }
    if chosen.instance:
        settings["group.instance.id"] = chosen.instance
    # Ctrl-C and SIGTERM end it at once: what is half done comes again.
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: sys.exit(0))
    consumer = Consumer(settings)
    consumer.subscribe([chosen.topic])
    uncommitted, heard = 0, time.monotonic()
    try:
        while chosen.idle is None or time.monotonic() - heard < chosen.idle:
            message = consumer.poll(POLL_SECONDS)
            if message is not None and message.error():
                if message.error().fatal():
                    raise KafkaException(message.error())
                print(f"reader: {message.error().str()}", file=sys.stderr)
                continue
            if message is not None:
                handle(message.value())
                consumer.store_offsets(message)
                uncommitted, heard = uncommitted + 1, time.monotonic()
            if uncommitted and (message is None or uncommitted >= COMMIT_EVERY):
                commit(consumer)
                uncommitted = 0
    finally:
        commit(consumer)
        consumer.close()


def commit(consumer: Consumer) -> None:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as fault:
        # Where the partitions are another's by now, that one gets the alerts again.
        if fault.args[0].code() != KafkaError._NO_OFFSET:
            print(f"reader: not committed: {fault.args[0].str()}", file=sys.stderr)
