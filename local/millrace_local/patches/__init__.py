"""Changes to the emulator's own code, made in its process before it starts.

Each module closes one gap between the emulator and AWS that would let a test pass here and fail
there (or the other way round), says which, and has a test in ``local/tests`` that fails without
it. They touch private functions, so they hold for exactly one version.
"""

from __future__ import annotations

from importlib.metadata import version

from . import (
    api_permission,
    batch,
    batch_resources,
    batch_states,
    host_capacity,
    managed_login,
    map_run,
    process_group,
    s3_memory,
    secret_versions,
    task_token,
)

PINNED = "1.5.33"


def apply_all() -> None:
    """Applies every patch.

    Raises:
        RuntimeError: another version of the emulator is installed.
    """
    installed = version("ministack")
    if installed != PINNED:
        raise RuntimeError(
            f"MiniStack {installed} is installed, but local/millrace_local/patches is written "
            f"for {PINNED}: install local/requirements.txt, or review each patch and its test"
        )
    process_group.apply()
    host_capacity.apply()
    map_run.apply()
    task_token.apply()
    s3_memory.apply()
    batch.apply()
    batch_resources.apply()
    batch_states.apply()
    managed_login.apply()
    api_permission.apply()
    secret_versions.apply()
