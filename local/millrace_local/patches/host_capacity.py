"""Encoders wait for a free processor of this machine before their clock starts.

On AWS each invocation has processors of its own, so a Map over a hundred chunks runs a hundred
encoders at full speed. The emulator starts as many here, on the few processors that there are:
each gets a fraction of one, memory runs out, and in the end all of them time out. Here a task
that invokes a function with more than one processor's worth of memory waits, outside of its
``TimeoutSeconds``, until fewer than one of them per processor is running.

It holds for tasks with ``TimeoutSeconds``, which every task of ours has. The other functions
are never held up, so a job's small steps go on while another job encodes.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import ministack.services.lambda_svc as lambda_svc
import ministack.services.stepfunctions as stepfunctions

# Lambda gives one processor per so many MB of memory.
_MB_PER_PROCESSOR = 1769
_INVOKE = "arn:aws:states:::lambda:invoke"

# Two at least: a picture and its sound are encoded side by side.
SLOTS = max(2, len(os.sched_getaffinity(0)))

_slots = threading.BoundedSemaphore(SLOTS)
_original = stepfunctions._invoke_resource_with_timeout


def _invoke_resource_with_timeout(resource: str, input_data: Any, timeout: Any) -> Any:
    if resource != _INVOKE or not _is_encoder(input_data):
        return _original(resource, input_data, timeout)
    with _slots:
        return _original(resource, input_data, timeout)


def _is_encoder(input_data: Any) -> bool:
    reference = input_data.get("FunctionName") if isinstance(input_data, dict) else None
    if not isinstance(reference, str):
        return False
    _, config, _ = lambda_svc._get_func_record_for_ref(reference)
    return bool(config) and int(config.get("MemorySize", 128)) > _MB_PER_PROCESSOR


def apply() -> None:
    """Puts the wait in front of every task."""
    stepfunctions._invoke_resource_with_timeout = _invoke_resource_with_timeout
