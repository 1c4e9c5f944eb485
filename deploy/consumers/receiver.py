#!/usr/bin/env python3
"""Receives webhooks of `churnwatch webhooks`: takes only what is signed, and each alert once.

    receiver.py --port 8090 --secret-file crm.secret [--secret-file next.secret] --store alerts.sqlite

A secret that is to be changed is given beside the one before, until churnwatch signs with the new one alone."""

import argparse
import http.server
import pathlib
import sqlite3

from standardwebhooks import Webhook, WebhookVerificationError

MAX_BYTES = 1 << 20


def is_ours(secrets: list[Webhook], body: bytes, headers: dict[str, str]) -> bool:
    for secret in secrets:
        try:
            secret.verify(body, headers)
            return True
        except WebhookVerificationError:
            continue
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description="Receives webhooks of churnwatch.")
    parser.add_argument("--port", type=int, default=8090, help="0 takes any that is free; which one is printed")
    parser.add_argument("--secret-file", action="append", required=True)
    parser.add_argument("--store", required=True, help="SQLite file of the alerts that were taken")
    chosen = parser.parse_args()
    secrets = [Webhook(pathlib.Path(path).read_text(encoding="utf-8").strip()) for path in chosen.secret_file]
    store = sqlite3.connect(chosen.store)
    store.execute("create table if not exists alerts (id text primary key, alert text not null)")

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if length > MAX_BYTES:
                return self.answer(413)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            if not is_ours(secrets, body, headers):
                return self.answer(401)
            # One that came before is there already, and is answered as the first was.
            with store:
                store.execute("insert or ignore into alerts values (?, ?)", (headers["webhook-id"], body.decode()))
            self.answer(204)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.HTTPServer(("127.0.0.1", chosen.port), Receiver)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
