"""``python -m millrace_local``: the supervisor of one stack.

Started by ``cargo xtask``, not by people. On standard input it waits for a line that says which
build of the functions to deploy, and notices the end of its caller. On standard output it prints one JSON object per
line: ``{"step": …}`` while it works, then ``{"ready": {}}`` or ``{"error": …}``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .supervisor import Settings, Supervisor


def main() -> int:
    """Runs the supervisor until the stack has gone."""
    parser = argparse.ArgumentParser(prog="millrace_local")
    parser.add_argument("--name", required=True)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    for path in ("folder", "logs", "cache", "template", "binaries", "ffmpeg", "ffprobe"):
        parser.add_argument(f"--{path}", required=True, type=Path)
    parser.add_argument("--web", type=Path)
    arguments = vars(parser.parse_args())
    pairs = (pair.partition("=") for pair in arguments.pop("parameter"))
    settings = Settings(**arguments, parameters={name: value for name, _, value in pairs})

    settings.logs.mkdir(parents=True, exist_ok=True)
    # Out of the caller's terminal: its Ctrl-C is for the caller, who tells us by going away.
    if os.getsid(0) != os.getpid():
        os.setsid()
    return Supervisor(settings, sys.stdout).run()


if __name__ == "__main__":
    sys.exit(main())
