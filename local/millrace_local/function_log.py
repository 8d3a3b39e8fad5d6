"""What functions and Batch jobs log, in a file.

The emulator keeps it in CloudWatch Logs, as AWS does, where it is gone with the stack. After a
failed test the file is still there.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import ministack.services.lambda_svc as lambda_svc

VARIABLE = "LOCAL_FUNCTION_LOG"

_original = lambda_svc._emit_lambda_logs
_writing = threading.Lock()


def _emit_lambda_logs(
    func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **more: Any
) -> None:
    name = (func.get("config") or func).get("FunctionName", "unknown")
    write(name, request_id, log_text, failed=error, duration_ms=duration_ms)
    _original(func, request_id, log_text, error, duration_ms, **more)


def write(name: str, identity: str, text: str, *, failed: bool, duration_ms: int) -> None:
    """Appends what one run of ``name`` logged; does nothing where there is no such file."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    outcome = "failed" if failed else "ended"
    with _writing, open(path, "a", encoding="utf-8") as file:
        file.write(f"--- {name} {identity} {outcome} after {duration_ms} ms\n")
        if text:
            file.write(text.rstrip("\n") + "\n")


def apply() -> None:
    """Writes every invocation's log to the file, too."""
    if os.environ.get(VARIABLE):
        lambda_svc._emit_lambda_logs = _emit_lambda_logs
