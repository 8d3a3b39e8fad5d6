"""The supervisor's end of the gate before the database (``database_gate.py``).

A module of its own, because a supervisor has no use for what serves the gate, and waits for every
import.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path

from .files import write_json
from .ports import LOOPBACK

VARIABLE = "LOCAL_DATABASE_GATE"
"""Tells the gate's process where it is."""
SERVER = "server.json"
"""The file in the gate's folder that says what is behind it."""


@dataclass
class GateSocket:
    """What the supervisor has of the gate."""

    folder: Path
    """Private; is made."""
    listener: socket.socket = field(default_factory=lambda: socket.create_server((LOOPBACK, 0)))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, mode=0o700)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return int(self.listener.getsockname()[1])

    @property
    def ca(self) -> Path:
        """The authority that clients have to trust; there as soon as the gate is open."""
        return self.folder / "ca.pem"

    def lead_to(self, port: int, passwords: dict[str, str]) -> None:
        """Says which server is behind the gate, and who has to be a user of IAM."""
        server = {"port": port, "passwords": passwords}
        write_json(self.folder / SERVER, server, mode=0o600)

    def settings(self) -> str:
        """For the gate's process, in ``VARIABLE``."""
        return json.dumps({"listener": self.listener.fileno(), "folder": str(self.folder)})
