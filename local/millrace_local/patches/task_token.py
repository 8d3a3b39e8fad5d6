"""Task tokens that belong to one attempt, and heartbeats that are waited for.

On AWS each attempt of a ``.waitForTaskToken`` state has a token of its own. It fails with
``States.HeartbeatTimeout`` when no SendTaskHeartbeat comes for ``HeartbeatSeconds``, and from the
end of the attempt on, for whatever reason, its token answers ``TaskTimedOut``: that is how a
worker learns that its result is not wanted any more. The emulator gives the same token to every
retry, so a late worker completes somebody else's attempt, and it never looks at heartbeats: a
dead worker is waited for until the end of ``TimeoutSeconds``. It also ignores
``HeartbeatSecondsPath`` and ``TimeoutSecondsPath``, and waits for the token of a function whose
invocation has failed. And it asks whether a caller of SendTask* may do that to ``*``, which no
policy that names a state machine allows; on AWS it is the state machine that waits.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ministack.core.iam_actions as iam_actions
import ministack.services.stepfunctions as stepfunctions
from ministack.core.responses import error_response_json, new_uuid

_CALLBACK = ".waitForTaskToken"
_DURATIONS = ("TimeoutSeconds", "HeartbeatSeconds")
# What the emulator waits, too, where a state names no time: longer than any execution here.
_FOREVER = 99_999.0


@dataclass(frozen=True)
class _Task:
    """The state that this thread executes."""

    context: dict[str, Any]
    """Its context object, ``$$``."""
    execution: dict[str, Any]


@dataclass
class _Attempt:
    """One attempt of a state that waits for its token."""

    execution: dict[str, Any]
    answered: threading.Event = field(default_factory=threading.Event)
    """Success or failure was sent."""
    heard: float = field(default_factory=time.monotonic)
    """When it began or sent its last heartbeat, in seconds of the monotonic clock."""
    closed: bool = False

    def takes_calls(self) -> bool:
        """Whether it still waits for its worker."""
        return not self.closed and self.execution["status"] == "RUNNING"


_current: contextvars.ContextVar[_Task] = contextvars.ContextVar("task")
# Every token that was ever given out; a closed one must be told from one that never was.
_attempts: dict[str, _Attempt] = {}
# An attempt either hears its worker or times out, never both.
_deciding = threading.Lock()
_original_execute = stepfunctions._execute_task
_original_resource = iam_actions.extract_resource_arn


def _execute_task(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
    if _CALLBACK not in state.get("Resource", ""):
        return _original_execute(state, raw_input, execution, context)
    # Branches of a Parallel share one context object; the token is this state's alone.
    own = dict(context)
    token = _current.set(_Task(own, execution))
    try:
        return _original_execute(_with_durations(state, raw_input, own), raw_input, execution, own)
    finally:
        _current.reset(token)


def _with_durations(state: Any, raw_input: Any, context: Any) -> dict[str, Any]:
    """The state with its times as numbers, whether it gives them as such, a path, or JSONata."""
    resolved = dict(state)
    for name in _DURATIONS:
        path = state.get(f"{name}Path")
        if path is not None:
            effective = stepfunctions._apply_input_path(state, raw_input, context)
            resolved[name] = stepfunctions._resolve_path_or_ctx(path, effective, context)
        elif isinstance(state.get(name), str):
            resolved[name] = stepfunctions._apply_jsonata_template(state[name], raw_input, context)
    return resolved


def _invoke_with_callback(resource: str, input_data: Any, token: str, state: Any) -> Any:
    task = _current.get()
    attempt = _Attempt(task.execution)
    # The emulator's own record, which its SendTask* handlers fill.
    record = {"event": attempt.answered, "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[token] = record
    _attempts[token] = attempt
    try:
        stepfunctions._invoke_resource(resource.replace(_CALLBACK, ""), input_data)
        _wait(attempt, state)
    finally:
        attempt.closed = True
        stepfunctions._task_tokens.pop(token, None)
        # The next attempt's; its parameters are resolved after this one has failed.
        task.context["Task"] = {"Token": new_uuid()}
    if record["error"]:
        raise stepfunctions._ExecutionError(record["error"]["Error"], record["error"]["Cause"])
    return json.loads(record["result"])


def _wait(attempt: _Attempt, state: Any) -> None:
    """Returns when the worker has answered.

    Raises:
        stepfunctions._ExecutionError: States.Timeout or States.HeartbeatTimeout.
    """
    timeout = float(state.get("TimeoutSeconds", _FOREVER))
    heartbeat = float(state.get("HeartbeatSeconds", _FOREVER))
    deadline = attempt.heard + timeout
    while not attempt.answered.wait(min(deadline, attempt.heard + heartbeat) - time.monotonic()):
        with _deciding:
            if attempt.answered.is_set():
                return
            now = time.monotonic()
            if now >= deadline:
                attempt.closed = True
                raise stepfunctions._ExecutionError(
                    "States.Timeout", f"no answer within {timeout} s"
                )
            if now >= attempt.heard + heartbeat:
                attempt.closed = True
                raise stepfunctions._ExecutionError(
                    "States.HeartbeatTimeout", f"no heartbeat for {heartbeat} s"
                )


def _guarded(original: Callable[[Any], Any], *, closes: bool) -> Callable[[Any], Any]:
    """A SendTask* handler that refuses the token of an attempt which has ended."""

    def answer(data: Any) -> Any:
        attempt = _attempts.get(data.get("taskToken"))
        if attempt is None:
            # An activity's, or none at all.
            return original(data)
        with _deciding:
            if not attempt.takes_calls():
                return error_response_json(
                    "TaskTimedOut",
                    "Task Timed Out: 'Provided task does not exist anymore'",
                    400,
                )
            attempt.heard = time.monotonic()
            attempt.closed = closes
            return original(data)

    return answer


def _extract_resource_arn(
    service: str, method: str, path: str, headers: Any, body: bytes, *more: Any
) -> str:
    """What a caller needs the permission for; for a token, the state machine that gave it out."""
    if service == "states":
        attempt = _attempts.get(iam_actions._safe_json_field(body, "taskToken"))
        if attempt is not None:
            return str(attempt.execution["stateMachineArn"])
    return str(_original_resource(service, method, path, headers, body, *more))


def apply() -> None:
    """Gives each attempt its token, waits for its heartbeats, and closes it with the attempt."""
    stepfunctions._execute_task = _execute_task
    stepfunctions._invoke_with_callback = _invoke_with_callback
    iam_actions.extract_resource_arn = _extract_resource_arn
    for name, closes in (("success", True), ("failure", True), ("heartbeat", False)):
        handler = f"_send_task_{name}"
        setattr(stepfunctions, handler, _guarded(getattr(stepfunctions, handler), closes=closes))
