"""What the answers were, of two records of a run (HAR): with the token and without."""

import collections
import json
import sys
from urllib.parse import urlsplit


def statuses(path):
    """How often each status was answered, and which paths were answered with 200."""
    with open(path) as file:
        entries = json.load(file)["log"]["entries"]
    found = [urlsplit(entry["request"]["url"]).path for entry in entries if entry["response"]["status"] == 200]
    return collections.Counter(entry["response"]["status"] for entry in entries), found


given, found = statuses(sys.argv[1])
none, leaked = statuses(sys.argv[2])
print(f"with the token {dict(sorted(given.items()))}, without {dict(sorted(none.items()))}")
# What can be asked for with success was: else nothing was tried.
for path in ["/livez", "/readyz", "/startupz", "/metrics", "/v1/customers/", "/v1/forecast", "/v1/model", "/v1/report", "/v1/summary", "/openapi.json"]:
    assert any(one.startswith(path) for one in found), f"{path} was never answered"
assert not [status for status in given + none if status >= 500], "the service failed"
# 400 and 431: the head can't be read; 413: it has a body.
assert none[401] > 50 and set(none) <= {400, 401, 413, 431}, f"answered without a token: {leaked}"
