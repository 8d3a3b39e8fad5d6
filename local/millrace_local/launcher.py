"""The emulator's process: MiniStack with our patches.

Started by the supervisor, which holds the other end of standard input. When that end closes,
for whatever reason (the supervisor was killed, too), everything started from here is killed and
the process ends. No signal is needed for that, so no signal handler of the emulator's can get
in the way.
"""

from __future__ import annotations

import os
import sys
import threading

from . import database_gate, function_log, patches
from .emulator import ACCOUNT, REGION
from .patches import process_group
from .process import become_subreaper, kill_descendants


def _end_with_supervisor() -> None:
    while os.read(0, 1):
        pass
    process_group.close()
    kill_descendants(os.getpid())
    os._exit(0)


def main() -> None:
    """Applies the patches and serves until the supervisor goes."""
    become_subreaper()
    threading.Thread(target=_end_with_supervisor, daemon=True, name="supervisor-watch").start()
    patches.apply_all()
    function_log.apply()
    database_gate.open_gate(ACCOUNT, REGION)
    from ministack.app import main as serve

    # The emulator parses the command line itself.
    sys.argv = ["ministack"]
    serve()


if __name__ == "__main__":
    main()
