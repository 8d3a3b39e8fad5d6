"""What functions log, in a file.

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
    outcome = "failed" if error else "ended"
    with _writing, open(os.environ[VARIABLE], "a", encoding="utf-8") as file:
        file.write(f"--- {name} {request_id} {outcome} after {duration_ms} ms\n")
        if log_text:
            file.write(log_text.rstrip("\n") + "\n")
    _original(func, request_id, log_text, error, duration_ms, **more)


def apply() -> None:
    """Writes every invocation's log to the file, too."""
    if os.environ.get(VARIABLE):
        lambda_svc._emit_lambda_logs = _emit_lambda_logs
