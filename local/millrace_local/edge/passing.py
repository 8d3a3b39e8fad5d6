"""Requests passed on to the emulator, and its answers passed back."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

# They are between two neighbours on the way (RFC 9110, section 7.6.1), or set anew.
_NEIGHBOURS = {
    "connection",
    "content-length",
    "date",
    "host",
    "keep-alive",
    "proxy-authorization",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_SECONDS = 40.0

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What the emulator said."""

    status: int
    headers: Headers
    body: bytes


def passed_on(
    endpoint: str, host: str, method: str, target: str, headers: Headers, body: bytes
) -> Answer:
    """Asks ``endpoint`` by the name ``host``.

    Raises:
        OSError: it does not answer.
        http.client.HTTPException: what it says is no HTTP.
    """
    place = urlsplit(endpoint)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_SECONDS)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in _own(headers):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, _own(response.getheaders()), response.read())
    finally:
        connection.close()


def _own(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _NEIGHBOURS]
