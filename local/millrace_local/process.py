"""Child processes that never outlive their owner.

Linux re-parents the children of a dead process to the nearest *subreaper* among its ancestors.
The supervisor and the emulator both are one, so that everything started below them, ffmpeg
included, stays a descendant until it is dead, whoever of its parents was killed before. Hence
"kill what is left" is a walk over ``/proc`` and needs no lists that could be out of date.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Orphaned descendants become children of this process instead of init's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def start_time(pid: int) -> int | None:
    """When ``pid`` started, in clock ticks after boot; None where there is no such process.

    A pid alone is no identity: it may belong to somebody else by now. With its start time it is.
    """
    fields = _stat(pid)
    # proc(5): field 22 of /proc/pid/stat; the list begins behind field 2.
    return int(fields[19]) if fields else None


def is_running(pid: int, started: int) -> bool:
    """Whether exactly this process is there and not a zombie."""
    fields = _stat(pid)
    return fields is not None and int(fields[19]) == started and fields[0] not in ("Z", "X")


def state(pid: int) -> str | None:
    """The state letter of proc(5): R, S, Z for a zombie; None where there is no such process."""
    fields = _stat(pid)
    return fields[0] if fields else None


def arguments(pid: int) -> list[str]:
    """The command line; empty for a process that has gone."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return []
    return text.rstrip("\0").split("\0")


def descendants(root: int) -> set[int]:
    """All living descendants of ``root``."""
    children: dict[int, list[int]] = {}
    for pid, state, parent in _all():
        if state not in ("Z", "X"):
            children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    todo = [root]
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def zombies(parent: int) -> set[int]:
    """The children of ``parent`` that ended and were not waited for."""
    return {pid for pid, state, owner in _all() if state == "Z" and owner == parent}


def kill_descendants(root: int, *, keep: Iterable[int] = (), patience: float = 5.0) -> set[int]:
    """Kills every descendant of ``root``; returns those that are still there after ``patience``.

    Call it in a subreaper for itself. Repeats, because a process may fork between being found
    and being killed.
    """
    kept = set(keep)
    deadline = time.monotonic() + patience
    while True:
        alive = descendants(root) - kept
        if not alive or time.monotonic() > deadline:
            return alive
        for pid in alive:
            send(pid, signal.SIGKILL)
        time.sleep(0.01)


def send(pid: int, number: int) -> None:
    """Sends a signal; a process that has gone meanwhile is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def stop(child: subprocess.Popen[bytes], number: int, patience: float) -> None:
    """Asks a child to stop, waits, and kills it where asking was not enough."""
    if child.poll() is None:
        send(child.pid, number)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _all() -> Iterator[tuple[int, str, int]]:
    """Every process: its number, state letter, and parent."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields:
                yield int(entry), fields[0], int(fields[1])


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field, the command name, may itself contain spaces and parentheses.
    return text.rpartition(")")[2].split()
