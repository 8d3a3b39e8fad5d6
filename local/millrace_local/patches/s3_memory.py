"""A large answer is written in pieces, so a reader that leaves early costs nothing.

ffmpeg reads an MPEG-TS by asking for everything from an offset on and closing the connection
when it has seen enough, several hundred times for one film. The emulator hands each answer to
its HTTP server in one piece. The server (Hypercorn) gives that to the socket at once, sees the
connection reset, keeps the error, whose traceback holds the piece, and waits 75 seconds for the
next request of a connection that is not there any more. So each of those reads costs the rest
of the film in memory: 24 GB for one of 700 MB. Here what is kept is one piece, and the writing
ends with the connection.
"""

from __future__ import annotations

from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, RawData

# Bytes; a few times what a socket takes at once, so that the loop costs nothing.
_PIECE = 256 * 1024

_original = TCPServer.protocol_send


async def _protocol_send(self: Any, event: Event) -> None:
    if not isinstance(event, RawData) or len(event.data) <= _PIECE:
        await _original(self, event)
        return
    data = memoryview(event.data)
    for start in range(0, len(data), _PIECE):
        if self.writer.is_closing():
            return
        await _original(self, RawData(data=bytes(data[start : start + _PIECE])))


def apply() -> None:
    """Puts the cutting in front of the socket."""
    TCPServer.protocol_send = _protocol_send
