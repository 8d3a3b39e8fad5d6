"""What every oracle has in common: one JSON line for the verdict, a line for each fault, the exit code.

Exit code 0: no fault; 1: faults; 2: the oracle could not run, so nothing is known.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable

EVERY_FAULT_PRINTED = 20
"""More faults than this are counted only."""


class CannotRun(Exception):
    """The oracle cannot judge; the message says what is missing."""


class Verdict:
    """Faults found, and facts that a reader wants to know."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.facts: dict[str, object] = {}

    def fault(self, message: str) -> None:
        self.faults.append(message)

    def require(self, condition: bool, message: str) -> None:
        """A fault unless `condition` holds."""
        if not condition:
            self.fault(message)


def conclude(name: str, judge: Callable[[Verdict], None]) -> None:
    """Runs `judge`, prints its verdict and exits."""
    verdict = Verdict()
    try:
        judge(verdict)
    except (CannotRun, OSError, subprocess.TimeoutExpired) as error:
        print(f"{name}: could not run: {error}", file=sys.stderr)
        sys.exit(2)
    shown = verdict.faults[:EVERY_FAULT_PRINTED]
    summary = {"judge": name, "pass": not verdict.faults, "faults": shown, **verdict.facts}
    print(json.dumps(summary))
    for fault in shown:
        print(f"  {fault}")
    if len(verdict.faults) > len(shown):
        print(f"  and {len(verdict.faults) - len(shown)} more")
    sys.exit(1 if verdict.faults else 0)


def tool(name: str) -> str:
    """Path of `ffmpeg` or `ffprobe`: as MILLRACE_FFMPEG or MILLRACE_FFPROBE says, else from PATH."""
    return os.environ.get(f"MILLRACE_{name.upper()}", name)


def run(argv: list[str], seconds: float = 900) -> subprocess.CompletedProcess[bytes]:
    """Runs a tool to its end. Its exit code is for the caller to judge."""
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    except FileNotFoundError:
        raise CannotRun(f"{argv[0]} is not there: set MILLRACE_FFMPEG and MILLRACE_FFPROBE") from None


def last_words(process: subprocess.CompletedProcess[bytes]) -> str:
    """The last line that a tool said, for a message."""
    lines = process.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else f"exit code {process.returncode}"
