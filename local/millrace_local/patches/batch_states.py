"""Batch jobs in a state machine.

The emulator has neither ``batch:submitJob`` nor Batch among its SDK integrations. Here are
``batch:submitJob``, with ``.sync``, and ``aws-sdk:batch:`` for the calls about jobs;
``.waitForTaskToken`` comes with ``task_token``. A ``.sync`` task whose state times out leaves its
job running, which on AWS it does not.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html
"""

from __future__ import annotations

import json
import time
from typing import Any

import ministack.services.batch as batch
import ministack.services.stepfunctions as stepfunctions

from . import batch_model
from .batch_jobs import ENDED, FAILED

_OPTIMIZED = "arn:aws:states:::batch:submitJob"
_SDK = "arn:aws:states:::aws-sdk:batch:"
_OPERATIONS = ("SubmitJob", "DescribeJobs", "TerminateJob", "CancelJob")
_POLL = 0.05


def _call(operation: str, parameters: Any) -> dict[str, Any]:
    """One call of the API with a state's parameters.

    Raises:
        stepfunctions._ExecutionError: it was refused.
    """
    handler = batch._DISPATCH[f"/v1/{operation.lower()}"]
    status, _, body = handler(batch_model.to_wire(operation, parameters))
    answer = json.loads(body)
    if status != 200:
        raise stepfunctions._ExecutionError("Batch.ClientException", answer["message"])
    return batch_model.from_wire(operation, answer)


def _submit_job(resource: str, parameters: Any) -> dict[str, Any]:
    submitted = _call("SubmitJob", parameters)
    if not resource.endswith(".sync"):
        return submitted
    job = _wait_for_end(submitted["JobId"])
    if job["Status"] == FAILED:
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(job))
    return job


def _wait_for_end(job_id: str) -> dict[str, Any]:
    while batch._jobs[job_id]["status"] not in ENDED:
        time.sleep(_POLL)
    described = _call("DescribeJobs", {"Jobs": [job_id]})
    job: dict[str, Any] = described["Jobs"][0]
    return job


def _sdk_call(resource: str, parameters: Any) -> dict[str, Any]:
    action = resource.removeprefix(_SDK)
    return _call(action[:1].upper() + action[1:], parameters)


def apply() -> None:
    """Adds the integrations."""
    stepfunctions._SERVICE_DISPATCH[_OPTIMIZED] = _submit_job
    for operation in _OPERATIONS:
        action = operation[:1].lower() + operation[1:]
        stepfunctions._SERVICE_DISPATCH[f"{_SDK}{action}"] = _sdk_call
