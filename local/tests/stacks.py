"""Whole stacks for tests, with scripts in place of the function binaries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from millrace_local import process

from .support import bootstrap

ROOT = Path(__file__).parent.parent.parent
FUNCTIONS = (
    "trigger",
    "segment",
    "encode-video",
    "encode-audio",
    "thumbnail",
    "assemble-manifest",
    "caption",
    "update-metadata",
    "migrate",
    "signing-key",
    "upload-api",
    "play-api",
    "announce",
    "deliver-webhook",
)

# Does what its event says, with the permissions of its role.
PROBE = """
# Any public key: nothing is signed here.
KEY = '''-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU+Yzlc6X8FwQEfkS8KlxJRKRl5kM
HmS62fj8/waDZgUY9tdyuQbjCYQ3FEURzMxPwuu4wyUNAu4/IdbB2EHLgA==
-----END PUBLIC KEY-----
'''

def call(service, operation, arguments):
    from botocore.exceptions import ClientError
    try:
        getattr(SESSION.create_client(service), operation)(**arguments)
        return "allowed"
    except ClientError as error:
        return str(error)

def note(text):
    item = {"pk": {"S": "JOB#noted"}, "sk": {"S": text}}
    arguments = {"TableName": os.environ["MILLRACE_TABLE"], "Item": item}
    return call("dynamodb", "put_item", arguments)

def log_in(host, port, user, ca):
    # What the server says to a token that is signed with the role's credentials.
    import socket, ssl, struct
    client = SESSION.create_client("rds")
    token = client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    plain = socket.create_connection((host, port), timeout=10)
    plain.sendall(struct.pack("!II", 8, 80877103))
    assert plain.recv(1) == b"S"
    server = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=host)
    body = f"user\\0{user}\\0database\\0millrace\\0\\0".encode()
    server.sendall(struct.pack("!II", len(body) + 8, 3 << 16) + body)
    assert server.recv(9)[:1] == b"R"
    server.sendall(b"p" + struct.pack("!I", len(token) + 5) + token.encode() + b"\\0")
    return server.recv(4096).decode(errors="replace")

def answer(event):
    reply = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    data = {"Generation": "1", "PublicKey": KEY}
    reply |= {"Status": "SUCCESS", "PhysicalResourceId": "resource", "Data": data}
    body = json.dumps(reply).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))

def echo(event):
    # An answer of the API: what came.
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    said = {"statusCode": 200, "headers": {"X-Function": name}}
    return said | {"cookies": ["a=1; Path=/", "b=2"], "body": json.dumps(event)}

def handle(event):
    if "routeKey" in event:
        return echo(event)
    if "ResponseURL" in event:
        return answer(event)
    if "detail-type" in event:
        return note(event["detail-type"] + ": " + event["detail"]["object"]["key"])
    if "Records" in event:
        record = event["Records"][0]
        if record["eventSource"] == "aws:sqs":
            return note(record["body"])
        raise ValueError("cannot process this event")
    if event["do"] == "sleep":
        subprocess.run(["sleep", "1000"])
    elif event["do"] == "environment":
        return {name: value for name, value in os.environ.items() if name.startswith("MILLRACE_")}
    elif event["do"] == "log in":
        return log_in(*event["to"])
    else:
        return [call(*each) for each in event["calls"]]

from botocore.session import Session
# It keeps the descriptions of the services, which take longer to read than a call.
SESSION = Session()
"""


class Running:
    """A supervisor as ``cargo xtask`` starts it."""

    def __init__(self, folder: Path, name: str, *parameters: str) -> None:
        self.folder = folder / name
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "millrace_local",
                "--name",
                name,
                "--folder",
                str(self.folder),
                "--logs",
                str(folder / "logs" / name),
                "--cache",
                str(folder / "packages"),
                "--template",
                str(ROOT / "infra/sam/template.yaml"),
                "--binaries",
                str(folder / "bin"),
                "--ffmpeg",
                "/nowhere/ffmpeg",
                "--ffprobe",
                "/nowhere/ffprobe",
                *(f"--parameter={parameter}" for parameter in parameters),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT / "local")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def say_built(self) -> None:
        """What the caller says when the functions are there."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"build 1\n")
        self.process.stdin.flush()

    def wait_until_ready(self) -> dict[str, Any]:
        """The stack's description, once the functions are said to be built."""
        self.say_built()
        assert self.process.stdout is not None
        messages = [json.loads(line) for line in self.process.stdout]
        if "ready" not in messages[-1]:
            raise AssertionError(f"the stack did not come up: {messages}")
        return dict(json.loads((self.folder / "stack.json").read_text()))

    def wait_for_step(self, step: str) -> None:
        """Returns when it says that it begins with a step."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if json.loads(line).get("step") == step:
                return
        raise AssertionError(f"it never came to {step}")

    def close(self) -> None:
        """Takes it down and closes our ends of its pipes."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def with_binaries(folder: Path) -> Path:
    """``folder``, with an executable for each function."""
    (folder / "bin").mkdir()
    for name in FUNCTIONS:
        path = folder / "bin" / name
        path.write_bytes(bootstrap(PROBE))
        path.chmod(0o755)
    return folder


def everything_below(pid: int) -> set[int]:
    """A process and what it started."""
    return {pid} | process.descendants(pid)


def alive(pids: set[int]) -> set[int]:
    """Those that still run. They were ours, so their numbers are not reused that quickly."""
    return {pid for pid in pids if process.state(pid) not in (None, "Z", "X")}
