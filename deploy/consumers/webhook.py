#!/usr/bin/env python3
"""Posts each alert to an address, with its id as Idempotency-Key. An example of few lines: no dead letters of its own.

    webhook.py --brokers HOST:PORT --group webhook --url https://crm.example/alerts [--token-file FILE]

429, 5xx and connections that fail are tried again, each time after twice as long; what is refused otherwise ends it, and so
does a receiver that is away for longer than four minutes. Nothing is lost then: the alert was not committed, and comes again
at the next start. The receiver sees an alert twice at times and must go by the key."""

import json
import random
import sys
import time
import urllib.error
import urllib.request

from reader import arguments, read

TIMEOUT_SECONDS = 10
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 30
# Kafka takes the partitions away from whoever does not poll for five minutes.
GIVE_UP_SECONDS = 240


def post(url: str, token: str | None, value: bytes) -> None:
    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "Idempotency-Key": json.loads(value)["id"],
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=value, headers=headers, method="POST")
    begun, wait = time.monotonic(), FIRST_WAIT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
                return
        except urllib.error.HTTPError as fault:
            if fault.code != 429 and fault.code < 500:
                sys.exit(f"webhook: {url} refuses alert {headers['Idempotency-Key']} by {fault.code}: mend it there, then start again")
            said = str(fault.code)
        except OSError as fault:
            said = str(fault)
        if time.monotonic() - begun > GIVE_UP_SECONDS:
            sys.exit(f"webhook: {url} does not answer ({said}): mend it, then start again")
        # Not all at the same moment, or they come back all at the same moment.
        time.sleep(wait * random.uniform(0.5, 1.0))
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def main() -> None:
    parser = arguments("Posts each alert to an address.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--token-file", help="file with the token that the receiver wants")
    chosen = parser.parse_args()
    token = None
    if chosen.token_file:
        with open(chosen.token_file, encoding="utf-8") as file:
            token = file.read().strip()
    read(chosen, lambda value: post(chosen.url, token, value))


if __name__ == "__main__":
    main()
