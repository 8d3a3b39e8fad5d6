"""The gate lets in whom RDS lets in. Tokens are botocore's own."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import struct
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from botocore.session import Session

from millrace_local import process
from millrace_local.ports import LOOPBACK
from millrace_local.postgres import Database
from millrace_local.rds_gate import RdsGate, Secret, Server, TokenError, check_token

REGION = "eu-central-1"
SECRETS = {
    "AKIDPERMANENT": Secret("wJalrXUtnFEMI/K7MDENG"),
    "ASIATEMPORARY": Secret("K7MDENG/bPxRfiCY", "session+token/with=signs"),
}


def token(
    host: str = LOOPBACK,
    port: int = 5432,
    user: str = "millrace",
    key: str = "AKIDPERMANENT",
    secret: Secret | None = None,
    region: str = REGION,
) -> str:
    """A token as botocore signs it, now."""
    secret = secret or SECRETS[key]
    client = Session().create_client(
        "rds",
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret.secret_access_key,
        aws_session_token=secret.session_token,
    )
    return str(client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user))


def check(signed: str, user: str = "millrace", later: timedelta = timedelta()) -> None:
    """Checks as a server on loopback's port 5432 would after this time."""
    check_token(
        signed,
        endpoint=f"{LOOPBACK}:5432",
        user=user,
        region=REGION,
        secret_of=SECRETS.get,
        now=datetime.now(timezone.utc) + later,
    )


class TokenTest(unittest.TestCase):
    def test_what_botocore_signs_is_good_for_fifteen_minutes(self) -> None:
        for key in SECRETS:
            with self.subTest(key):
                signed = token(key=key)
                check(signed)
                check(signed, later=timedelta(minutes=14, seconds=50))

    def test_a_name_is_encoded_as_the_signer_did(self) -> None:
        check(token(user="mill.race~+ä"), user="mill.race~+ä")

    def test_what_does_not_fit_is_refused_with_its_reason(self) -> None:
        other = Secret("another secret")
        wrong = {
            "another host or port": token(host="localhost"),
            "another host": token(port=5433),
            "another user": token(user="root"),
            "another day, region": token(region="us-east-1"),
            "unknown credentials": token(key="AKIDUNKNOWN", secret=other),
            "signature does not match": token(secret=other),
            "a parameter comes twice": token() + "&DBUser=millrace",
            "not a presigned request": token().replace("Action=connect", "Action=delete"),
            "no usable date": token().replace("X-Amz-Expires=900", "X-Amz-Expires=long"),
            "": "a password",
        }
        for reason, signed in wrong.items():
            with self.subTest(reason), self.assertRaisesRegex(TokenError, reason):
                check(signed)

    def test_temporary_credentials_need_their_session_token(self) -> None:
        for session_token in (None, "another"):
            secret = Secret(SECRETS["ASIATEMPORARY"].secret_access_key, session_token)
            with self.assertRaisesRegex(TokenError, "unknown credentials"):
                check(token(key="ASIATEMPORARY", secret=secret))

    def test_no_part_can_be_changed_after_signing(self) -> None:
        signed = token()
        for name in ("X-Amz-Date", "X-Amz-Expires", "X-Amz-Credential", "X-Amz-Signature"):
            start = signed.index(name) + len(name) + 1
            end = (signed + "&").index("&", start)
            old = signed[end - 2]
            changed = signed[: end - 2] + ("1" if old != "1" else "0") + signed[end - 1 :]
            with self.subTest(name), self.assertRaises(TokenError):
                check(changed)

    def test_it_runs_out_and_does_not_come_from_the_future(self) -> None:
        signed = token()
        for later, reason in (
            (timedelta(minutes=15, seconds=1), "expired"),
            (timedelta(minutes=-6), "in the future"),
        ):
            with self.subTest(reason), self.assertRaisesRegex(TokenError, reason):
                check(signed, later=later)

    def test_a_longer_lifetime_does_not_help(self) -> None:
        signed = token().replace("X-Amz-Expires=900", "X-Amz-Expires=9000")
        with self.assertRaisesRegex(TokenError, "expired"):
            check(signed, later=timedelta(minutes=16))


_SLEEP = b"DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$\0"


class GateTest(unittest.TestCase):
    """The gate before a real server, spoken to byte by byte."""

    @classmethod
    def setUpClass(cls) -> None:
        logging.getLogger("rds_gate").setLevel(logging.ERROR)
        # Readable on the way for the user that the server runs as.
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        root = Path(folder.name)
        root.chmod(0o755)
        process.become_subreaper()
        cls.server = Database(root / "postgres", root / "log")
        cls.addClassCleanup(cls.server.stop)
        cls.server.begin()
        cls.server.finish()
        certificates = root / "gate"
        certificates.mkdir(mode=0o700)
        passwords = {cls.server.user: cls.server.user_password}
        cls.gate = RdsGate(
            lambda: Server(cls.server.port, passwords),
            certificates,
            region=REGION,
            secret_of=SECRETS.get,
            may_connect=lambda key_id, user: key_id == "AKIDPERMANENT",
        )

    def connect(self) -> socket.socket:
        client = socket.create_connection((LOOPBACK, self.gate.port), timeout=10)
        self.addCleanup(client.close)
        return client

    def encrypted(self, host: str = LOOPBACK) -> ssl.SSLSocket:
        client = self.connect()
        client.sendall(struct.pack("!II", 8, 80877103))
        self.assertEqual(client.recv(1), b"S")
        context = ssl.create_default_context(cafile=str(self.gate.ca))
        encrypted = context.wrap_socket(client, server_hostname=host)
        self.addCleanup(encrypted.close)
        return encrypted

    def log_in(self, signed: str) -> ssl.SSLSocket:
        client = self.encrypted()
        client.sendall(startup("millrace"))
        self.assertEqual(read_message(client), (b"R", struct.pack("!I", 3)))
        client.sendall(message(b"p", signed.encode() + b"\0"))
        return client

    def session(self) -> ssl.SSLSocket:
        """A session that waits for its first statement."""
        client = self.log_in(token(port=self.gate.port))
        self.assertEqual(read_message(client), (b"R", struct.pack("!I", 0)))
        while read_message(client)[0] != b"Z":
            pass
        return client

    def test_a_good_token_opens_a_session_of_the_real_server(self) -> None:
        client = self.session()
        client.sendall(message(b"Q", b"SELECT current_user || '@' || current_database()\0"))
        rows = []
        while (received := read_message(client))[0] != b"C":
            if received[0] == b"D":
                rows.append(received[1])
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows[0].endswith(b"millrace@millrace"))

    def test_a_statement_can_be_cancelled(self) -> None:
        client = self.log_in(token(port=self.gate.port))
        while (received := read_message(client))[0] != b"K":
            pass
        client.sendall(message(b"Q", _SLEEP))
        # A request that comes before the statement runs is lost.
        while read_message(client)[0] != b"N":
            pass
        request = struct.pack("!II", len(received[1]) + 8, 80877102) + received[1]
        self.encrypted().sendall(request)
        while (received := read_message(client))[0] != b"E":
            pass
        self.assertIn(b"C57014\0", received[1])

    def test_a_wrong_token_is_an_error_with_a_state(self) -> None:
        for signed in (
            token(port=self.gate.port, user="root"),
            token(port=self.gate.port, key="ASIATEMPORARY"),
            self.server.user_password,
        ):
            kind, body = read_message(self.log_in(signed))
            self.assertEqual(kind, b"E")
            self.assertIn(b"C28000\0", body)
            self.assertIn(b'MPAM authentication failed for user "millrace"', body)

    def test_a_user_who_is_none_of_iam_has_to_convince_the_server_itself(self) -> None:
        client = self.encrypted()
        client.sendall(startup("somebody"))
        kind, body = read_message(client)
        # What PostgreSQL asks for, and the gate does not: a proof of the password by SCRAM.
        self.assertEqual((kind, body[:4]), (b"R", struct.pack("!I", 10)))

    def test_plain_text_is_refused(self) -> None:
        client = self.connect()
        client.sendall(startup("millrace"))
        kind, body = read_message(client)
        self.assertEqual(kind, b"E")
        self.assertIn(b"C28000\0", body)
        self.assertIn(b"no encryption", body)
        self.assertEqual(client.recv(1), b"")

    def test_bytes_smuggled_in_before_tls_are_no_message(self) -> None:
        client = self.connect()
        client.sendall(struct.pack("!II", 8, 80877103) + startup("millrace"))
        self.assertEqual(client.recv(1), b"S")
        # Taken for a handshake, which they are not: an alert or the end, never a request.
        self.assertNotEqual(client.recv(1), b"R")

    def test_the_certificate_is_for_loopback_and_of_its_own_authority(self) -> None:
        self.encrypted("localhost")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.encrypted("example.com")
        client = self.connect()
        client.sendall(struct.pack("!II", 8, 80877103))
        self.assertEqual(client.recv(1), b"S")
        with self.assertRaises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(client, server_hostname=LOOPBACK)

    def test_the_key_is_private(self) -> None:
        mode = os.stat(self.gate.ca.with_name("server.pem")).st_mode
        self.assertEqual(mode & 0o777, 0o600)


def startup(user: str) -> bytes:
    """The packet that opens a session."""
    body = f"user\0{user}\0database\0millrace\0\0".encode()
    return struct.pack("!II", len(body) + 8, 3 << 16) + body


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def read_message(client: Any) -> tuple[bytes, bytes]:
    """The next message of the server: its kind and its content."""
    kind, length = struct.unpack("!cI", read(client, 5))
    return kind, read(client, length - 4)


def read(client: Any, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = client.recv(count - len(received))
        if not piece:
            raise EOFError
        received += piece
    return received
