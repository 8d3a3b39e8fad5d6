"""A function's execution environment ends with everything that runs in it.

On AWS a timeout, or the end of an idle environment, takes the whole sandbox away. The emulator
signals the function's process only: an ffmpeg that it started lives on, and goes on writing to
a file or a pipe that nobody reads. Here each environment is a process group of its own, and the
group is killed. At once and with SIGKILL, because that is what a function sees on AWS: nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import Any

import ministack.core.lambda_runtime as lambda_runtime

from ..process import descendants, send

_original_signal = lambda_runtime._signal
_spawning = threading.Lock()
_closed = False


class _Subprocess:
    """The module ``subprocess`` as ``lambda_runtime`` sees it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, *args: Any, **kwargs: Any) -> subprocess.Popen[Any]:  # noqa: N802
        return spawn(*args, **kwargs)


def spawn(*args: Any, **kwargs: Any) -> subprocess.Popen[Any]:
    """``subprocess.Popen`` of a process group that ends with the emulator.

    Raises:
        OSError: there is no such program, or the emulator is stopping.
    """
    with _spawning:
        if _closed:
            raise OSError("the emulator is stopping")
        return subprocess.Popen(*args, start_new_session=True, **kwargs)


def kill(proc: subprocess.Popen[Any] | None) -> None:
    """Kills the process, and what it started, also where itself it has ended already."""
    if proc is None:
        return
    if proc.poll() is None:
        # Not reaped yet, so the number still is this group's.
        try:
            os.killpg(proc.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            _original_signal(proc)
        return
    # It ended by itself; what it started may live. Its number may have been given away since,
    # hence only processes that are below us and in its session.
    for pid in descendants(os.getpid()):
        if _session(pid) == proc.pid:
            send(pid, signal.SIGKILL)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def close() -> None:
    """No environment starts from now on. Used when the emulator stops."""
    global _closed
    with _spawning:
        _closed = True


def apply() -> None:
    """Makes every worker process a session leader, and every kill a kill of its group."""
    lambda_runtime.subprocess = _Subprocess()
    lambda_runtime._signal = kill
