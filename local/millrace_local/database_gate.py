"""The gate before the stack's PostgreSQL, in the emulator's process.

It is there because the emulator knows what the gate has to: which secret belongs to an access key,
and what the policies of its owner allow. So the token that a function signs with its role's
credentials is checked against the template's own policy.

The supervisor opens the gate's socket, which is inherited, and writes the server's port and the
passwords into the gate's folder when it has them.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from pathlib import Path

from .gate_socket import SERVER, VARIABLE


def open_gate(account: str, region: str) -> None:
    """Opens the gate beside what this process does next, where the supervisor wants one."""
    # Functions inherit the environment, and have no business with this.
    settings = json.loads(os.environ.pop(VARIABLE, "{}"))
    if settings:
        folder = Path(settings["folder"])
        listener = socket.socket(fileno=settings["listener"])
        threading.Thread(
            target=_open, args=(folder, listener, account, region), daemon=True, name="gate"
        ).start()


def _open(folder: Path, listener: socket.socket, account: str, region: str) -> None:
    # Here, beside the emulator's own start, and not before it.
    from ministack.core import iam_evaluator

    from .rds_gate import RdsGate, Secret, Server

    def secret_of(key_id: str) -> Secret | None:
        known = iam_evaluator.resolve_credential(key_id, account)
        if isinstance(known, iam_evaluator.CredentialResolutionError):
            return None
        return Secret(known.secret_access_key, known.session_token)

    def may_connect(key_id: str, user: str) -> bool:
        # The template does not know the resource id of a server that is not its own.
        resource = f"arn:aws:rds-db:{region}:{account}:dbuser:local/{user}"
        action = "rds-db:connect"
        return iam_evaluator.enforce(key_id, action, "rds-db", region, resource) is None

    # A predecessor that did not get its port has left its own.
    for name in ("ca.pem", "server.pem"):
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
    RdsGate(
        lambda: Server(**json.loads((folder / SERVER).read_text())),
        folder,
        region=region,
        secret_of=secret_of,
        may_connect=may_connect,
        listener=listener,
    )
