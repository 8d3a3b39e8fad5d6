"""The server: which path is whose."""

from __future__ import annotations

import http.client
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ..ports import LOOPBACK
from .media import Media
from .page import Page
from .passing import passed_on
from .signed_access import Claim, Gate, Refused, access_denied

log = logging.getLogger("edge")

_DISCOVERY = "/.well-known/openid-configuration"
# The paths of the emulator's own sign-in.
_SIGN_IN = ("/oauth2/", "/login", "/logout")
# CloudFront takes these out of a URL before it compares it.
_SIGNED = {"Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}


@dataclass(frozen=True)
class Backend:
    """What is behind the edge once the template is deployed."""

    endpoint: str
    """The emulator."""
    api: str
    """The host of the HTTP API, by its name on AWS."""
    user_pool: str
    media: Media
    gate: Gate
    page: Page
    page_headers: dict[str, str]


class Edge:
    """The server; ends with its process. It has its port at once, since the template names it."""

    def __init__(self) -> None:
        self._server = _Server((LOOPBACK, 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The origin, without a slash at the end."""
        return self._server.url

    def lead_to(self, backend: Backend) -> None:
        """Until then every request is answered with 503."""
        self._server.backend = backend

    def close(self) -> None:
        """Ends it before its process."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    backend: Backend | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        """Passes the request to whoever has its path."""
        backend = self.server.backend
        path = urlsplit(self.path).path
        if backend is None:
            self._decline(HTTPStatus.SERVICE_UNAVAILABLE)
        elif path.startswith("/api/"):
            # By the API's own name, as on AWS: functions read it, and a name that ends in the
            # emulator's address would be no host to them. The emulator takes the id from the path.
            api = backend.api.partition(".")[0]
            self._pass_on(backend, backend.api, f"/_aws/execute-api/{api}{self.path}")
        elif path == _DISCOVERY:
            # The one that the template names before the pool is there.
            self._pass_on(backend, self._host, f"/{backend.user_pool}{_DISCOVERY}")
        elif path.startswith((*_SIGN_IN, f"/{backend.user_pool}/.well-known/")):
            # By our name, which it puts into the addresses in its answers.
            self._pass_on(backend, self._host, self.path)
        elif self.command not in ("GET", "HEAD"):
            self._decline(HTTPStatus.METHOD_NOT_ALLOWED)
        elif path.startswith("/assets/"):
            self._media(backend)
        else:
            self._page(backend, path)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    @property
    def _host(self) -> str:
        return urlsplit(self.server.url).netloc

    def _pass_on(self, backend: Backend, host: str, target: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = list(self.headers.items())
        try:
            answer = passed_on(backend.endpoint, host, self.command, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            log.warning("%s %s: %s", self.command, urlsplit(target).path, error)
            self._send(HTTPStatus.BAD_GATEWAY, [], b"")
            return
        self._send(answer.status, answer.headers, answer.body)

    def _media(self, backend: Backend) -> None:
        try:
            key = self._signed_for(backend.gate)
        except Refused as refused:
            self._refuse(refused)
            return
        found = backend.media.get(key, self.headers.get("Range"))
        if isinstance(found, HTTPStatus):
            # The distribution may not list: to it, what is not there is forbidden.
            gone = found in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
            self._refuse(access_denied()) if gone else self._send(found, [], b"")
            return
        self._begin(found.status, found.headers.items())
        if self.command == "GET":
            for piece in found.pieces():
                self.wfile.write(piece)

    def _signed_for(self, gate: Gate) -> str:
        """The key of the object at this path, if the viewer may have it."""
        parts = urlsplit(self.path)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        rest = urlencode([(name, value) for name, value in pairs if name not in _SIGNED])
        url = f"{self.server.url}{parts.path}{f'?{rest}' if rest else ''}"
        gate.check(Claim.of(dict(pairs), self._cookies()), url, time.time())
        key = unquote(parts.path).lstrip("/")
        if {".", ".."} & set(key.split("/")):
            # Such an object can't be had by its URL; what stands for it is not what was signed.
            raise access_denied()
        return key

    def _cookies(self) -> dict[str, str]:
        cookies: dict[str, str] = {}
        for pair in self.headers.get("Cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            # Of several of one name, the one with the longest path comes first (RFC 6265, 5.4).
            cookies.setdefault(name, value)
        return cookies

    def _page(self, backend: Backend, path: str) -> None:
        file = backend.page.file(unquote(path))
        if file is None:
            self._refuse(access_denied())
            return
        kind, body = file
        headers = [("Content-Type", kind), ("Cache-Control", "no-cache")]
        self._send(HTTPStatus.OK, [*headers, *backend.page_headers.items()], body)

    def _refuse(self, refused: Refused) -> None:
        self._send(HTTPStatus.FORBIDDEN, [("Content-Type", "text/xml")], refused.body())

    def _decline(self, status: HTTPStatus) -> None:
        # What the client goes on to send is not read, so there is no next request.
        self.close_connection = True
        self._send(status, [("Connection", "close")], b"")

    def _send(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self._begin(status, [*headers, ("Content-Length", str(len(body)))])
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        # Without its query, which may be a signature.
        log.debug("%s %s", self.command, urlsplit(self.path).path)
