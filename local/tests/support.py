"""An emulator and functions for tests."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from millrace_local import process
from millrace_local.emulator import REGION, Emulator

STOCK = "ministack"
"""The emulator as it is installed."""
PATCHED = "millrace_local.launcher"
"""The emulator as the stack runs it."""

# A function in a script: it answers each event with what `handle` returns.
_RUNTIME = """#!{python} -I
import json, os, subprocess, sys, time, urllib.request
sys.path.extend({path!r})
{source}
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(base + "next") as response:
        request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
    try:
        kind, answer = "response", handle(event)
    except Exception as error:
        kind, answer = "error", {{"errorType": type(error).__name__, "errorMessage": str(error)}}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(base + request + "/" + kind, body)).read()
"""


def bootstrap(source: str) -> bytes:
    """An executable that speaks the Lambda Runtime API; ``source`` defines ``handle(event)``."""
    return _RUNTIME.format(python=sys.executable, path=sys.path, source=source).encode()


class Cloud:
    """Clients of one emulator, with all permissions."""

    def __init__(
        self,
        endpoint: str,
        access_key_id: str,
        secret_access_key: str,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.stop = stop
        """Stops the emulator, as the supervisor does."""
        self._session = Session()
        self._arguments: dict[str, Any] = {
            "region_name": REGION,
            "endpoint_url": endpoint,
            "aws_access_key_id": access_key_id,
            "aws_secret_access_key": secret_access_key,
            "config": Config(retries={"max_attempts": 0}, read_timeout=60),
        }

    def client(self, service: str) -> Any:
        """A client of ``service``."""
        return self._session.create_client(service, **self._arguments)

    def invoke(self, function: str, event: Any) -> Any:
        """What the function answered, or what went wrong as ``{"errorType": …}``."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(answer["Payload"])

    def create_role(self, name: str, service: str) -> str:
        """A role that may do everything."""
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
            },
        }
        iam = self.client("iam")
        return str(
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"][
                "Arn"
            ]
        )

    def as_user(self, name: str, action: str, resource: str) -> Cloud:
        """The same emulator for a new user, who may do this one thing."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        allow = {"Effect": "Allow", "Action": action, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        endpoint = self._arguments["endpoint_url"]
        return Cloud(endpoint, key["AccessKeyId"], key["SecretAccessKey"])

    def create_function(self, name: str, source: str, **settings: Any) -> str:
        """A function made of ``source``; returns its ARN."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, bootstrap(source))
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=self.create_role(f"{name}-role", "lambda.amazonaws.com"),
            Code={"ZipFile": package.getvalue()},
            **settings,
        )
        return str(created["FunctionArn"])

    def execute(self, definition: dict[str, Any], seconds: float = 30.0) -> dict[str, Any]:
        """Runs a state machine to its end; returns the execution's description."""
        states = self.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"machine-{time.monotonic_ns()}",
            definition=json.dumps(definition),
            roleArn=self.create_role(f"machine-{time.monotonic_ns()}", "states.amazonaws.com"),
        )["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        ended: list[dict[str, Any]] = []

        def has_ended() -> bool:
            description = states.describe_execution(executionArn=execution)
            ended[:] = [description]
            return bool(description["status"] != "RUNNING")

        wait_until(has_ended, seconds)
        return ended[0]


@contextlib.contextmanager
def emulator(module: str, **settings: Any) -> Iterator[Cloud]:
    """A running emulator, stock or patched, in a folder that goes with it.

    ``settings`` are further fields of ``Emulator``.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        server = Emulator(Path(folder) / "tmp", log=log, module=module, **settings)
        process.become_subreaper()
        server.begin()
        try:
            server.finish()
            key = (server.access_key_id, server.secret_access_key)
            yield Cloud(server.endpoint, *key, stop=server.stop)
        finally:
            if server.child is not None:
                # The stock emulator does not notice the end of its standard input.
                process.send(server.child.pid, signal.SIGKILL)
            server.stop()
            process.kill_descendants(os.getpid())


def error_code(call: Callable[..., Any], **arguments: Any) -> str:
    """The code of the error that a client's call answers; ``none`` where it succeeds."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "none"


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Returns when the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {seconds} s")
        time.sleep(0.02)
