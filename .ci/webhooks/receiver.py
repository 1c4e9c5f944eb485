"""Receivers of every kind behind one address, each with its own temper. Signatures are verified by the package that the makers
of Standard Webhooks publish, so not by anything written here."""

import base64
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import threading
import time
import urllib.parse

from standardwebhooks import Webhook, WebhookVerificationError


class Endpoint:
    """What one endpoint was sent, and what it says to it."""

    def __init__(self, answer):
        self.answer, self.lock = answer, threading.Lock()
        # Requests as they came: time, headers, body; and the ids that were taken.
        self.requests, self.taken = [], []

    def handle(self, request):
        with self.lock:
            number = len(self.requests)
            self.requests.append(request)
        status, headers, body = self.answer(number, request)
        with self.lock:
            if 200 <= status < 300:
                self.taken.append(request["id"])
        return status, headers, body


def signed(secrets, then=lambda number, request: (204, {}, b"")):
    """Takes what is signed with one of the secrets, which may change with each request."""

    def answer(number, request):
        try:
            Webhook(secrets[number % len(secrets)]).verify(request["body"], request["headers"])
        except WebhookVerificationError as fault:
            return 401, {}, str(fault).encode()
        return then(number, request)

    return answer


def dingtalk(secret):
    """A robot whose security is a signature, as its document has it."""

    def answer(_, request):
        query = dict(urllib.parse.parse_qsl(request["query"]))
        wanted = hmac.new(secret.encode(), f"{query['timestamp']}\n{secret}".encode(), hashlib.sha256).digest()
        fresh = abs(time.time() * 1000 - int(query["timestamp"])) < 3_600_000
        right = fresh and query["sign"] == base64.b64encode(wanted).decode() and query["access_token"] == "word"
        request["id"] = request["json"]["markdown"]["title"]
        return 200, {}, json.dumps({"errcode": 0 if right else 310000, "errmsg": ""}).encode()

    return answer


def bearer(token, body):
    def answer(_, request):
        return (200 if request["headers"].get("authorization") == f"Bearer {token}" else 401), {}, body

    return answer


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, *_):
        pass


def serve(endpoints, certificate=None):
    """Starts a server; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            parsed = json.loads(body)
            request = {"at": time.monotonic(), "headers": headers, "body": body, "json": parsed, "query": query,
                       "method": self.command, "id": headers.get("webhook-id") or parsed.get("id")}
            status, more, said = endpoints[path.split("/")[1]].handle(request)
            if status == 0:
                # No answer at all: the connection breaks.
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_PATCH = handle_one

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
