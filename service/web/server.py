"""The page's server: HTTP on this machine only, in front of the API and the page's own files."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from road_clarity.models.errors import BadInput
from road_clarity.service.errors import Refusal, invalid
from road_clarity.service.places import Places
from road_clarity.service.web.api import Api, guarded, nothing_at
from road_clarity.service.web.gatekeeper import TOKEN, Gatekeeper
from road_clarity.service.web.reply import Reply, refused
from road_clarity.service.web.static_files import static_files

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
MAX_BODY = 64 << 10  # of a request [bytes]
MAX_FIELDS = 30  # of a query
CONNECTIONS = 24  # at a time; browsers open six and keep some in reserve
SILENCE_S = 15.0  # how long a connection may say nothing [s]
API = "/api/"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",  # another run may take this one's place
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class PageServer:
    """Answers from start() to stop()."""

    def __init__(self, port: int) -> None:
        """Listens on 127.0.0.1.  Raises BadInput when the port is taken."""
        try:
            self._http = BoundedServer((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise BadInput(
                "page's port", port, f"cannot be listened on ({error}); give another --web-port"
            ) from error
        self._thread = threading.Thread(target=self._http.serve_forever, name="page", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._http.server_port}/"

    def start(self, api: Api) -> None:
        """api: what answers"""
        self._http.api = api
        self._thread.start()

    def stop(self) -> None:
        """Takes no new questions; those that are being answered end with the process."""
        if self._thread.is_alive():
            self._http.shutdown()
        self._http.server_close()


class BoundedServer(ThreadingHTTPServer):
    """One thread per connection, and only so many connections."""

    daemon_threads = True
    request_queue_size = 64
    api: Api

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        self.files, self.gatekeeper = static_files(), Gatekeeper()
        self._places = Places(CONNECTIONS, f"{CONNECTIONS} connections are open", retry_s=1.0)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        try:
            self._places.take()
        except Refusal:
            turn_away(request)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.give_back()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a connection broke off", exc_info=True)


def turn_away(connection: socket.socket) -> None:
    """Without reading what is asked."""
    try:
        connection.settimeout(1.0)
        connection.sendall(
            b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    except OSError:
        log.debug("a connection was gone before it was turned away")


class Handler(BaseHTTPRequestHandler):
    """One request per connection.  What is at a path: service.web.api and the static files."""

    server_version, sys_version = "road-clarity", ""
    timeout = SILENCE_S

    @property
    def _here(self) -> BoundedServer:
        return cast(BoundedServer, self.server)

    def do_GET(self) -> None:
        self._send(guarded(self.path, self._got))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._send(guarded(self.path, self._posted))

    def _got(self) -> Reply:
        self._here.gatekeeper.admit(self._headers())
        address = address_of(self.path)
        if address.path in self._here.files:
            return self._here.files[address.path]
        if address.path == f"{API}token":
            return Reply(200, "text/plain", self._here.gatekeeper.token.encode())
        if not address.path.startswith(API):
            return nothing_at(address.path)
        return self._here.api.get(unquote(address.path[len(API) :]), query_of(address.query))

    def _posted(self) -> Reply:
        """The body is read first: a connection closed before that looks like a failure."""
        body, headers = self._body(), self._headers()
        self._here.gatekeeper.admit(headers)
        self._here.gatekeeper.admit_change(headers)
        if not self.path.startswith(API):
            return nothing_at(self.path)
        return self._here.api.post(self.path[len(API) :], parsed(body))

    def _headers(self) -> Mapping[str, str]:
        return {name: self.headers.get(name, "") for name in ("Host", TOKEN)} | (
            {"Origin": self.headers["Origin"]} if "Origin" in self.headers else {}
        )

    def _body(self) -> bytes:
        """Raises Refusal."""
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            raise invalid("Content-Type", "must be application/json")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            raise invalid("Content-Length", f"must be given, at most {MAX_BODY}")
        try:
            return self.rfile.read(int(length))
        except OSError as error:
            raise invalid("body", "did not arrive in time") from error

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.content)))
        if reply.retry_s is not None:
            self.send_header("Retry-After", str(reply.retry_s))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, such as a method or a line that is too long."""
        reply = refused(invalid("request", message or f"cannot be understood ({code})"))
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self._send(Reply(code, reply.media_type, reply.content))

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


def address_of(path: str) -> SplitResult:
    """Raises Refusal."""
    try:
        return urlsplit(path)
    except ValueError as error:
        raise invalid("path", "cannot be read") from error


def query_of(text: str) -> dict[str, str]:
    """The last of two values counts.  Raises Refusal."""
    try:
        return dict(parse_qsl(text, max_num_fields=MAX_FIELDS, keep_blank_values=True))
    except ValueError as error:
        raise invalid("query", f"holds more than {MAX_FIELDS} fields") from error


def parsed(body: bytes) -> Any:
    """Raises Refusal."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid("body", "is no JSON") from error
