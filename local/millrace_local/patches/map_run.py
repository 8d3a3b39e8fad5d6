"""A Distributed Map that failed starts no further items.

On AWS a Map Run without tolerated failures fails with its first failed item: what is pending is
never started. The emulator runs all items to their end before it looks. For a source that breaks
in its first chunk, that is the whole film encoded for nothing, and minutes instead of seconds
until the job says so. Here an item that has not started yet, fails at once.
"""

from __future__ import annotations

from typing import Any

import ministack.services.stepfunctions as stepfunctions

_original = stepfunctions._run_sub_machine


def _run_sub_machine(states: Any, start_at: str, input_data: Any, execution: Any, ctx: Any) -> Any:
    run = stepfunctions._map_runs.get(execution.get("mapRunArn") or "")
    if run is not None and _has_failed(run):
        raise stepfunctions._ExecutionError(
            "States.TaskFailed", "not started: another item of the Map Run has failed"
        )
    return _original(states, start_at, input_data, execution, ctx)


def _has_failed(run: dict[str, Any]) -> bool:
    tolerates = run["toleratedFailureCount"] or run["toleratedFailurePercentage"]
    return not tolerates and run["executionCounts"]["failed"] > 0


def apply() -> None:
    """Puts the check in front of every item."""
    stepfunctions._run_sub_machine = _run_sub_machine
