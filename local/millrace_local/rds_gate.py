"""Stands in front of a PostgreSQL server and lets clients in as RDS does: by TLS and IAM token.

A client of RDS proves who it is by a presigned request in place of a password: SigV4 for the
action ``rds-db:connect``, with the server's host, port and the database user in what is signed.
RDS recomputes the signature; here the gate does it, then logs in to the real server with that
user's own password and passes bytes both ways. So a client that signs for the wrong host, keeps a
token for too long or talks in plain text fails here as it would there. A user who is none of IAM's
logs in by his password, which the real server checks.

What it does not do: direct TLS without a request (``sslnegotiation=direct``).

Sources: "IAM database authentication" in the RDS user guide, "Signature Version 4" in the IAM user
guide, PostgreSQL's documentation, chapter "Frontend/Backend Protocol", and RFC 5802 (SCRAM).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import secrets
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from . import rds_certificate
from .ports import LOOPBACK

log = logging.getLogger("rds_gate")

TOKEN_LIFETIME = timedelta(minutes=15)
"""The longest that RDS takes a token, whatever it says itself."""

# How far the client's clock may be ahead, as SigV4 allows it.
_CLOCK_SKEW = timedelta(minutes=5)
_LOGIN_SECONDS = 30.0
# A token with a session token in it is about 2 KiB.
_MAX_MESSAGE = 64 * 1024
_PIECE = 64 * 1024

_PROTOCOL = 3
_CANCEL_REQUEST = 80877102
_SSL_REQUEST = 80877103
_GSS_ENCRYPTION_REQUEST = 80877104

_AUTHENTICATION_OK = 0
_AUTHENTICATION_CLEARTEXT = 3
_AUTHENTICATION_SASL = 10
_AUTHENTICATION_SASL_CONTINUE = 11
_AUTHENTICATION_SASL_FINAL = 12


class TokenError(Exception):
    """A token that lets nobody in; the text says why."""


class _RefusedError(Exception):
    """What the client is told before the connection ends. SQLSTATE 28000, as RDS answers."""

    def message(self) -> bytes:
        fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": str(self)}
        body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items())
        return _message(b"E", body + b"\0")


@dataclass(frozen=True)
class Secret:
    """What belongs to an access key id."""

    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Server:
    """The real server, and the passwords of those of its users who have to prove to be IAM's."""

    port: int
    passwords: Mapping[str, str]
    host: str = LOOPBACK


def check_token(
    token: str,
    *,
    endpoint: str,
    user: str,
    region: str,
    secret_of: Callable[[str], Secret | None],
    now: datetime,
) -> str:
    """The access key id whose token lets ``user`` in at ``endpoint`` (``host:port``) at this time.

    Raises:
        TokenError: it does not.
    """
    signed_for, _, query = token.partition("/?")
    if signed_for != endpoint:
        raise TokenError("signed for another host or port")
    pairs = parse_qsl(query, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise TokenError("a parameter comes twice")
    expected = {
        "Action": "connect",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-SignedHeaders": "host",
    }
    if any(fields.get(name) != value for name, value in expected.items()):
        raise TokenError("not a presigned request to connect")
    if fields.get("DBUser") != user:
        raise TokenError("signed for another user")
    _check_time(fields, now)
    key_id, _, scope = fields.get("X-Amz-Credential", "").partition("/")
    if scope != f"{fields['X-Amz-Date'][:8]}/{region}/rds-db/aws4_request":
        raise TokenError("signed for another day, region or service")
    secret = secret_of(key_id)
    if secret is None or fields.get("X-Amz-Security-Token") != secret.session_token:
        raise TokenError("unknown credentials")
    wanted = _signature(pairs, endpoint, scope, secret.secret_access_key)
    if not hmac.compare_digest(wanted, fields.get("X-Amz-Signature", "")):
        raise TokenError("the signature does not match")
    return key_id


def _check_time(fields: Mapping[str, str], now: datetime) -> None:
    try:
        signed = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        lifetime = timedelta(seconds=int(fields["X-Amz-Expires"]))
    except (KeyError, ValueError, OverflowError) as error:
        raise TokenError("no usable date or lifetime") from error
    signed = signed.replace(tzinfo=timezone.utc)
    if now < signed - _CLOCK_SKEW:
        raise TokenError("signed in the future")
    if now >= signed + min(lifetime, TOKEN_LIFETIME):
        raise TokenError("expired")


def _signature(pairs: list[tuple[str, str]], host: str, scope: str, secret: str) -> str:
    """The signature of the request that these parameters make."""
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(pairs)
        if name != "X-Amz-Signature"
    )
    no_body = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{no_body}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{dict(pairs)['X-Amz-Date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, text).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class RdsGate:
    """The gate, on loopback; ends with its process."""

    def __init__(
        self,
        server: Callable[[], Server],
        folder: Path,
        *,
        region: str,
        secret_of: Callable[[str], Secret | None],
        may_connect: Callable[[str, str], bool] = lambda key_id, user: True,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        listener: socket.socket | None = None,
    ) -> None:
        """Writes its certificates into ``folder``, which has to be there and private.

        ``server()`` is asked at each login. ``may_connect(key_id, user)`` is what IAM says of the
        owner of a key. Without a ``listener`` it takes a free port.
        """
        self.ca = folder / "ca.pem"
        self._server = server
        self._region = region
        self._secret_of = secret_of
        self._may_connect = may_connect
        self._now = now
        self._tls = rds_certificate.server_context(self.ca, folder / "server.pem")
        self._listener = listener or socket.create_server((LOOPBACK, 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        # The loop itself keeps only weak references to its tasks.
        clients: set[asyncio.Task[None]] = set()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            task = loop.create_task(self._client(client))
            clients.add(task)
            task.add_done_callback(clients.discard)

    async def _client(self, client: socket.socket) -> None:
        """One connection, from its first byte to its last."""
        opened: list[_Stream] = []
        try:
            if await asyncio.wait_for(_agree_on_encryption(client), _LOGIN_SECONDS):
                # The stream owns the socket from here on, also where the handshake fails.
                opened.append(await _encrypted(client, self._tls))
                back = await asyncio.wait_for(self._admit(opened[0]), _LOGIN_SECONDS)
                if back is not None:
                    opened.append(back)
                    await _pass_bytes(*opened)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            log.info("a connection ended: %r", error)
        finally:
            for stream in opened:
                stream.writer.close()

    async def _admit(self, front: _Stream) -> _Stream | None:
        """The session of the real server for this client; None where the client was refused, which
        it then has been told, or wanted none.
        """
        try:
            startup = await _read_startup(front)
            server = self._server()
            if startup.code == _CANCEL_REQUEST:
                await _send_cancel(server, startup)
                return None
            if startup.user not in server.passwords:
                return await _open(server, startup)
            await self._authenticate(front, startup.user)
            back = await _connect(server, startup)
        except _RefusedError as refused:
            log.warning("refused: %s", refused)
            front.writer.write(refused.message())
            await front.writer.drain()
            return None
        log.info("let in %s", startup.user)
        front.writer.write(_authentication(_AUTHENTICATION_OK))
        return back

    async def _authenticate(self, front: _Stream, user: str) -> None:
        front.writer.write(_authentication(_AUTHENTICATION_CLEARTEXT))
        await front.writer.drain()
        kind, body = await _read_message(front)
        if kind != b"p":
            raise _RefusedError("expected a password")
        try:
            key_id = check_token(
                body.rstrip(b"\0").decode(errors="replace"),
                endpoint=f"{LOOPBACK}:{self.port}",
                user=user,
                region=self._region,
                secret_of=self._secret_of,
                now=self._now(),
            )
            if not self._may_connect(key_id, user):
                raise TokenError("its signer's policies do not allow rds-db:connect")
        except TokenError as error:
            # RDS does not give the reason; whoever develops against the gate is glad of it.
            text = f'PAM authentication failed for user "{user}" ({error})'
            raise _RefusedError(text) from error


class _Stream(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Startup(NamedTuple):
    """The first packet: a request for a session, or to cancel what another session does."""

    code: int
    packet: bytes
    user: str


async def _agree_on_encryption(client: socket.socket) -> bool:
    """Whether the client wants TLS. One that does not is told off, and its connection closed.

    Reads from the socket itself, and not a byte more than the request: what follows belongs to the
    TLS handshake, and must not be taken for anything else.
    """
    client.setblocking(False)
    try:
        await _read_encryption_request(client)
        return True
    except _RefusedError as refused:
        log.warning("refused: %s", refused)
        await asyncio.get_running_loop().sock_sendall(client, refused.message())
        client.close()
        return False
    except BaseException:
        client.close()
        raise


async def _read_encryption_request(client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        length, code = struct.unpack("!II", await _receive(client, 8))
        if code == _SSL_REQUEST:
            await loop.sock_sendall(client, b"S")
            return
        if code != _GSS_ENCRYPTION_REQUEST:
            # Closing a socket with unread bytes would take our answer away from the client.
            await _receive(client, min(max(length, 8), _MAX_MESSAGE) - 8)
            raise _RefusedError("no pg_hba.conf entry for this client, no encryption")
        await loop.sock_sendall(client, b"N")


async def _receive(client: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = await asyncio.get_running_loop().sock_recv(client, count - len(received))
        if not piece:
            raise EOFError("the client has gone")
        received += piece
    return received


async def _encrypted(client: socket.socket, tls: ssl.SSLContext) -> _Stream:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, client, ssl=tls)
    return _Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def _read_startup(front: _Stream) -> _Startup:
    head = await front.reader.readexactly(8)
    length, code = struct.unpack("!II", head)
    if not 8 <= length <= _MAX_MESSAGE:
        raise _RefusedError("a startup packet of no reasonable length")
    body = await front.reader.readexactly(length - 8)
    if code == _CANCEL_REQUEST:
        return _Startup(code, head + body, user="")
    if code >> 16 != _PROTOCOL:
        raise _RefusedError("unsupported frontend protocol")
    words = body.decode(errors="replace").split("\0")
    user = dict(zip(words[::2], words[1::2], strict=False)).get("user")
    if not user:
        raise _RefusedError("no PostgreSQL user name specified in startup packet")
    return _Startup(code, head + body, user)


async def _send_cancel(server: Server, startup: _Startup) -> None:
    """Hands the request on. It has the session's secret key in it, which is all that PostgreSQL
    asks for, too.
    """
    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(startup.packet)
    await writer.drain()
    writer.close()


async def _connect(server: Server, startup: _Startup) -> _Stream:
    """A session of the real server, just authenticated, with the client's own parameters."""
    back = await _open(server, startup)
    try:
        await _log_in(back, server.passwords[startup.user])
    except BaseException:
        back.writer.close()
        raise
    return back


async def _open(server: Server, startup: _Startup) -> _Stream:
    """A connection to the real server, which is asked for a session and has not answered yet."""
    back = _Stream(*await asyncio.open_connection(server.host, server.port))
    back.writer.write(startup.packet)
    return back


async def _log_in(back: _Stream, password: str) -> None:
    """Proves to know the password by SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.

    The server's own proof is not checked: it is a process of this machine, which we started.
    """
    await _expect(back, _AUTHENTICATION_SASL)
    nonce = secrets.token_urlsafe(18)
    first = f"n=,r={nonce}"
    initial = f"n,,{first}".encode()
    mechanism = b"SCRAM-SHA-256\0" + struct.pack("!I", len(initial))
    back.writer.write(_message(b"p", mechanism + initial))
    challenge = (await _expect(back, _AUTHENTICATION_SASL_CONTINUE)).decode()
    fields = dict(part.split("=", 1) for part in challenge.split(","))
    salt, rounds = base64.b64decode(fields["s"]), int(fields["i"])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    # "biws" is the header `n,,` again.
    final = f"c=biws,r={fields['r']}"
    key = _hmac(salted, "Client Key")
    signature = _hmac(hashlib.sha256(key).digest(), f"{first},{challenge},{final}")
    proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
    text = f"{final},p={base64.b64encode(proof).decode()}"
    back.writer.write(_message(b"p", text.encode()))
    await _expect(back, _AUTHENTICATION_SASL_FINAL)
    await _expect(back, _AUTHENTICATION_OK)


async def _expect(back: _Stream, wanted: int) -> bytes:
    """The content of the server's next message, which has to be this step of the login."""
    kind, body = await _read_message(back)
    if kind != b"R" or body[:4] != struct.pack("!I", wanted):
        raise _RefusedError("the server behind the gate refuses the gate's login")
    return body[4:]


async def _read_message(stream: _Stream) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!cI", await stream.reader.readexactly(5))
    if not 4 <= length <= _MAX_MESSAGE:
        raise _RefusedError("a message of no reasonable length")
    return kind, await stream.reader.readexactly(length - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _authentication(step: int) -> bytes:
    return _message(b"R", struct.pack("!I", step))


async def _pass_bytes(front: _Stream, back: _Stream) -> None:
    """Both ways, until one side ends; the session is over then for the other one, too."""

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()

    ways = [
        asyncio.ensure_future(one_way(front.reader, back.writer)),
        asyncio.ensure_future(one_way(back.reader, front.writer)),
    ]
    done, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in pending:
        way.cancel()
    for way in done:
        way.result()


def main() -> None:
    """Runs a gate by itself, for tests that are not written in Python.

    Each line of standard input is a JSON object, answered by one on standard output. The first one
    has ``port``, ``passwords``, ``region``, ``folder`` and ``secrets`` (access key id to
    ``secret_access_key`` and ``session_token``) and is answered with ``port`` and ``ca``. Every
    later one has ``ahead_seconds``, by which the gate's clock is ahead from then on. The gate ends
    with its standard input.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    settings = json.loads(sys.stdin.readline())
    known = {name: Secret(**secret) for name, secret in settings["secrets"].items()}
    ahead = timedelta()
    server = Server(settings["port"], settings["passwords"])
    gate = RdsGate(
        lambda: server,
        Path(settings["folder"]),
        region=settings["region"],
        secret_of=known.get,
        now=lambda: datetime.now(timezone.utc) + ahead,
    )
    _answer(port=gate.port, ca=str(gate.ca))
    for line in sys.stdin:
        ahead = timedelta(seconds=json.loads(line)["ahead_seconds"])
        _answer(ahead_seconds=ahead.total_seconds())
    # Without waiting for clients that are still connected.
    os._exit(0)


def _answer(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
