#!/usr/bin/env python3
"""What to order for a shop of a size, from the measured figures in docs/operations.md.

    deploy/capacity.py                        the table of sizes in the paper
    deploy/capacity.py CUSTOMERS EVENTS       one size: customers, and events a second at the busiest hour

Every constant is read from the table "Measured" of the paper, and the formulas are the paper's: replace a figure there
and run this again.
"""
import math
import pathlib
import re
import sys

PAPER = pathlib.Path(__file__).parent.parent / "docs/operations.md"
SIZES = [(1e5, 10), (1e6, 100), (1e7, 1e4), (1e8, 1e5), (1e9, 1e6)]
COLUMNS = ["customers", "events/s", "workers", "partitions", "GiB a worker", "close, s", "close of a promotion, s",
           "restore, s", "caught up, s", "transactions/s", "markers/s", "changelog GB on disk", "brokers write MB/s",
           "broker cores"]


def constants():
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAPER.read_text(), re.MULTILINE)
    return {name: float(value) for name, value in rows}


def order(customers, events, c):
    """Workers, partitions and loads, in the order of COLUMNS."""
    by_events = events * c["cpu_us"] / 1e6 / c["busy_share"]
    by_customers = customers / c["customers_a_worker"]
    workers = max(2, math.ceil(max(by_events, by_customers)))
    partitions = 12 * math.ceil(max(2 * workers, customers / c["customers_a_partition"]) / 12)
    mine = customers / workers

    def close(ns, records):
        each = ns / 1e9 + records * (c["record_us"] / 1e6 + c["commit_ms"] / 1e3 / c["close_budget"])
        return mine * each

    memory = mine * c["resident_bytes"] * c["memory_spare"] / 2**30 + c["process_mib"] / 1024
    restore = c["failover_s"] + mine * c["restore_us"] * c["dirty_factor"] / 1e6
    load = events * c["cpu_us"] / 1e6 / workers
    caught_up = restore * load / (1 - load)
    transactions = min(events, workers * 1e3 / max(c["commit_interval_ms"] / 2, c["commit_ms"]))
    # A transaction touches all its worker's partitions of four topics once it has many events.
    markers = transactions * min(4 * partitions / workers, 2 * events / transactions)
    changelog = customers * (c["value_bytes"] + c["overhead_bytes"])
    disk = changelog * c["dirty_factor"] * c["replication"] / 1e9
    written = events * (c["changelog_records"] * (c["value_bytes"] + c["overhead_bytes"]) + c["json_bytes"] * c["lz4"])
    cores = events * c["broker_us"] / 1e6 * c["replication"] / c["busy_share"]
    return [customers, events, workers, partitions, memory, close(c["close_ns"], c["close_records"]),
            close(c["first_close_ns"], 2), restore, caught_up, transactions, markers, disk,
            written * c["replication"] / 1e6, cores]


def text(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def main():
    sizes = [tuple(map(float, sys.argv[1:3]))] if len(sys.argv) == 3 else SIZES
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for customers, events in sizes:
        print("| " + " | ".join(map(text, order(customers, events, constants()))) + " |")


main()
