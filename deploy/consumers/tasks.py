#!/usr/bin/env python3
"""Makes a task of each warning, once, in an SQLite file: a table `tasks` of who is to be called, until when, and why.

    tasks.py --brokers HOST:PORT --group sales --store tasks.sqlite

An alert's id and its work go into the file in one transaction, so an alert that comes again, after a crash or from a replay,
finds its id there and is left out. Put your CRM's own database in place of the file; where the work is not in a database, do
it by the id, as webhook.py does."""

import contextlib
import json
import sqlite3

from reader import arguments, read

TABLES = """
create table if not exists handled (id text primary key);
create table if not exists tasks (
    episode text primary key, customer text, band text, tier text, value_at_risk text, action text, until text, why text,
    state text);
"""


def handle(store: sqlite3.Connection, value: bytes) -> None:
    alert = json.loads(value)
    data, kind = alert["data"], alert["type"].rsplit(".", 1)[-1]
    with store:
        if store.execute("insert or ignore into handled values (?)", (alert["id"],)).rowcount == 0:
            return
        if kind in ("opened", "escalated"):
            action = data["action"] or {}
            why = data["reasons"][0]["en"] if data["reasons"] else ""
            row = (data["episode_id"], alert["subject"], data["band"], data["tier"], data["value_at_risk"],
                   action.get("name"), action.get("deadline_day"), why, "open")
            store.execute("insert or replace into tasks values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        elif data["cause"] == "erasure":
            # The customer asked to be forgotten: nothing of the task may stay.
            store.execute("delete from tasks where episode = ?", (data["episode_id"],))
        else:
            # Resolved, lapsed or withdrawn: nobody need call any more.
            store.execute("update tasks set state = ? where episode = ?", (kind, data["episode_id"]))


def main() -> None:
    parser = arguments("Makes a task of each warning, once.")
    parser.add_argument("--store", required=True, help="SQLite file")
    chosen = parser.parse_args()
    with contextlib.closing(sqlite3.connect(chosen.store)) as store:
        store.executescript(TABLES)
        read(chosen, lambda value: handle(store, value))


if __name__ == "__main__":
    main()
