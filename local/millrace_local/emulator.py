"""The AWS emulator as a child process of the supervisor."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .errors import StackError
from .gate_socket import VARIABLE as GATE_VARIABLE
from .gate_socket import GateSocket
from .ports import LOOPBACK, free_port
from .process import stop

REGION = "us-east-1"
ACCOUNT = "000000000000"
# Every account has these. Nothing is in a network here; naming them saves creating one.
DEFAULT_VPC = "vpc-00000001"
DEFAULT_SUBNETS = ("subnet-00000001", "subnet-00000002")

_START_SECONDS = 30.0
_ATTEMPTS = 3


@dataclass
class Emulator:
    """One MiniStack on a free loopback port, everything in memory, permissions enforced."""

    temporary: Path
    """Where functions and the emulator put temporary files; goes with the stack."""
    log: Path
    function_log: Path | None = None
    module: str = "millrace_local.launcher"
    """What to run; the tests of the patches run ``ministack`` for comparison."""
    images: dict[str, Path] = field(default_factory=dict)
    """The executable that a Batch job runs in place of each image, by the repository's name."""
    gate: GateSocket | None = None
    """What lets clients in to the database: by credentials that only the emulator knows."""
    port: int = 0
    access_key_id: str = "AKIALOCALSTACKROOT00"
    secret_access_key: str = field(default_factory=lambda: secrets.token_hex(20))
    _server: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The base URL of every service. A number: for a name the SDK prefixes the bucket."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def child(self) -> subprocess.Popen[bytes] | None:
        """The emulator's process."""
        return self._server

    def begin(self) -> None:
        """Starts the process and returns before it serves."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", self.module],
                cwd=self.temporary,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[self.gate.listener.fileno()] if self.gate else [],
                start_new_session=True,
            )

    def finish(self) -> None:
        """Waits until it serves; takes another port where somebody else took this one.

        Raises:
            StackError: it does not serve; the text ends with its log.
        """
        for _ in range(_ATTEMPTS):
            if self._serves():
                return
            self.stop()
            self.begin()
        self.stop()
        lines = self.log.read_text(errors="replace").splitlines()
        raise StackError(
            "\n  ".join([f"the emulator did not start; the end of {self.log}:", *lines[-8:]])
        )

    def stop(self) -> None:
        """Stops it together with all functions and what they started."""
        child = self._server
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        # Its own end is on its way already; the signal only comes when that takes too long.
        try:
            child.wait(6.0)
        except subprocess.TimeoutExpired:
            stop(child, signal.SIGKILL, patience=1.0)
        self._server = None

    def _serves(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                return False
            if self._answers() and (self.gate is None or self.gate.ca.exists()):
                return True
            time.sleep(0.02)
        return False

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2.0)
        try:
            connection.request("GET", "/_ministack/health")
            response = connection.getresponse()
            return response.status == 200 and isinstance(json.load(response), dict)
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        # Functions inherit it. So it holds nothing of the caller's: a function that works here
        # only because of a variable in somebody's shell would fail on AWS.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.temporary),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            # Loopback only; the default is every interface.
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # What every function is told to call.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": REGION,
            # Neither a profile of the caller's nor a metadata service is asked for credentials.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # Policies are enforced: a call that the template does not grant is denied.
            "AUTH": "true",
            # Listeners on fixed ports that nothing here needs.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # It looks for containers to clean up; the ones of another program are not ours.
            "DOCKER_HOST": f"unix://{self.temporary}/no-docker.sock",
            # On AWS a failed event is retried after one and two minutes. Not worth waiting for.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "LOG_LEVEL": "INFO",
            "LOCAL_FUNCTION_LOG": str(self.function_log or ""),
            "LOCAL_BATCH_IMAGES": json.dumps(self.images, default=str),
            GATE_VARIABLE: self.gate.settings() if self.gate else "{}",
        }
