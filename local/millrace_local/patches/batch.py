"""AWS Batch runs its jobs.

In the emulator a job has succeeded as soon as it is submitted, without definition, queue,
command or environment: a pipeline with a Batch job passes here whatever that job would do. Here
it is a process (``batch_jobs``), with retries, a timeout, CancelJob and TerminateJob.

Not done: array jobs, dependencies between jobs, ``evaluateOnExit``, fair shares, and the least
timeout of 60 seconds.

https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import re
from typing import Any

import ministack.services.batch as batch
from ministack.core.responses import error_response_json, new_uuid

from .batch_jobs import ENDED, Container, Job

Answer = Any
"""Status, headers and body, as the emulator's handlers return them."""

_WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
# What the emulator forgets of a definition.
_DEFINITION_FIELDS = ("parameters", "retryStrategy", "timeout", "platformCapabilities")
_REFERENCE = re.compile(r"Ref::(\w+)")

_jobs: dict[str, Job] = {}
_original_register = batch._register_job_definition


def _register_job_definition(request: dict[str, Any]) -> Answer:
    answer = _original_register(request)
    if answer[0] == 200:
        kept = {name: request[name] for name in _DEFINITION_FIELDS if name in request}
        batch._job_definitions[request["jobDefinitionName"]][-1].update(kept)
    return answer


def submit_job(request: dict[str, Any]) -> Answer:
    """SubmitJob: the job begins as soon as this machine has a processor for it."""
    if not request.get("jobName"):
        return _refusal("jobName is required")
    queue = _find_queue(request.get("jobQueue"))
    if queue is None:
        return _refusal(f"Job queue {request.get('jobQueue')} does not exist or is disabled")
    definition = find_definition(request.get("jobDefinition"))
    if definition is None:
        return _refusal(f"Job definition {request.get('jobDefinition')} is not active")
    record, job = _new_job(request, queue, definition)
    batch._jobs[job.id] = record
    _jobs[job.id] = job
    job.start()
    return batch._json(200, {name: record[name] for name in ("jobId", "jobName", "jobArn")})


def _terminate_job(request: dict[str, Any]) -> Answer:
    return _stop(request, "isTerminated")


def _cancel_job(request: dict[str, Any]) -> Answer:
    return _stop(request, "isCancelled", only=_WAITING)


def _stop(request: dict[str, Any], mark: str, only: tuple[str, ...] = ()) -> Answer:
    """Stops a job that has not ended; with ``only``, one in such a status."""
    job = _jobs.get(request.get("jobId", ""))
    if job is None or job.id not in batch._jobs:
        return _refusal(f"Job {request.get('jobId')} not found")
    if not request.get("reason"):
        return _refusal("reason is required")
    status = job.record["status"]
    if status not in ENDED and (not only or status in only):
        job.stop(request["reason"], mark=mark)
    return batch._json(200, {})


def _new_job(
    request: dict[str, Any], queue: dict[str, Any], definition: dict[str, Any]
) -> tuple[dict[str, Any], Job]:
    properties = definition["containerProperties"]
    overrides = request.get("containerOverrides") or {}
    parameters = definition.get("parameters", {}) | (request.get("parameters") or {})
    retries = request.get("retryStrategy") or definition.get("retryStrategy") or {}
    timeout = request.get("timeout") or definition.get("timeout") or {}
    seconds = timeout.get("attemptDurationSeconds")
    command = overrides.get("command") or properties.get("command") or []
    container = Container(
        image=properties.get("image", ""),
        command=[_with_parameters(part, parameters) for part in command],
        environment=_by("name", properties, overrides, "environment"),
        role=properties.get("jobRoleArn"),
    )
    job_id = new_uuid()
    record = {
        "jobId": job_id,
        "jobArn": batch._job_arn(job_id),
        "jobName": request["jobName"],
        "jobQueue": queue["jobQueueArn"],
        "jobDefinition": definition["jobDefinitionArn"],
        "status": "SUBMITTED",
        "createdAt": batch._now_ms(),
        "attempts": [],
        "parameters": parameters,
        "retryStrategy": {"attempts": int(retries.get("attempts", 1))},
        "timeout": timeout,
        "tags": request.get("tags") or {},
        "container": {
            "image": container.image,
            "command": container.command,
            "environment": _pairs("name", container.environment),
            "resourceRequirements": _pairs(
                "type", _by("type", properties, overrides, "resourceRequirements")
            ),
        },
    }
    return record, Job(
        id=job_id,
        container=container,
        attempts=record["retryStrategy"]["attempts"],
        seconds=None if seconds is None else float(seconds),
    )


def _by(key: str, properties: Any, overrides: Any, name: str) -> dict[str, str]:
    """A list of ``{key, "value"}``, overrides last, as a dictionary."""
    pairs = [*(properties.get(name) or []), *(overrides.get(name) or [])]
    return {pair[key]: str(pair["value"]) for pair in pairs}


def _pairs(key: str, values: dict[str, str]) -> list[dict[str, str]]:
    return [{key: name, "value": value} for name, value in values.items()]


def _with_parameters(part: str, parameters: dict[str, str]) -> str:
    """``Ref::name`` in a command stands for the parameter of that name."""
    return _REFERENCE.sub(lambda match: parameters.get(match[1], match[0]), part)


def _find_queue(reference: str | None) -> dict[str, Any] | None:
    name, error = batch._job_queue_name_from_ref(reference)
    queue: dict[str, Any] | None = None if error else batch._job_queues.get(name or "")
    return queue if queue is not None and queue["state"] == "ENABLED" else None


def find_definition(reference: str | None) -> dict[str, Any] | None:
    """The active revision that a name, ``name:revision``, or an ARN means; the latest of a name."""
    name, _, revision = (reference or "").rsplit("/", 1)[-1].partition(":")
    active: list[dict[str, Any]] = [
        definition
        for definition in batch._job_definitions.get(name, [])
        if definition["status"] == "ACTIVE" and revision in ("", str(definition["revision"]))
    ]
    return active[-1] if active else None


def _refusal(message: str) -> Answer:
    return error_response_json("ClientException", message, 400)


def apply() -> None:
    """Puts the jobs in the place of their stubs."""
    batch._register_job_definition = _register_job_definition
    batch._DISPATCH |= {
        "/v1/registerjobdefinition": _register_job_definition,
        "/v1/submitjob": submit_job,
        "/v1/terminatejob": _terminate_job,
        "/v1/canceljob": _cancel_job,
    }
