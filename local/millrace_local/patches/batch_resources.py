"""Compute environments, job queues and job definitions in a template.

The emulator's CloudFormation does not know them, so a template with a Batch job can't be deployed.
``Ref`` is the ARN for all three of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ministack.services.batch as batch
import ministack.services.cloudformation.provisioners as provisioners

from . import batch_model
from .batch import Answer, find_definition

Resource = tuple[str, dict[str, str]]
"""What ``Ref`` is, and what ``Fn::GetAtt`` is for each attribute."""


def _create_compute_environment(logical_id: str, properties: Any, stack: str) -> Resource:
    return _create(
        "CreateComputeEnvironment",
        batch._create_compute_environment,
        "computeEnvironment",
        {"ComputeEnvironmentName": f"{stack}-{logical_id}"} | properties,
    )


def _create_job_queue(logical_id: str, properties: Any, stack: str) -> Resource:
    return _create(
        "CreateJobQueue",
        batch._create_job_queue,
        "jobQueue",
        {"JobQueueName": f"{stack}-{logical_id}"} | properties,
    )


def _create_job_definition(logical_id: str, properties: Any, stack: str) -> Resource:
    return _create(
        "RegisterJobDefinition",
        batch._register_job_definition,
        "jobDefinition",
        {"JobDefinitionName": f"{stack}-{logical_id}"} | properties,
    )


def _create(
    operation: str, handler: Callable[[Any], Answer], kind: str, properties: dict[str, Any]
) -> Resource:
    """Calls the API with a resource's properties.

    Raises:
        ValueError: the API refuses them; the stack's event says why.
    """
    status, _, body = handler(batch_model.to_wire(operation, properties))
    answer = json.loads(body)
    if status != 200:
        raise ValueError(answer["message"])
    arn = answer[f"{kind}Arn"]
    attribute = f"{kind[:1].upper()}{kind[1:]}Arn"
    return arn, {attribute: arn}


def _update_compute_environment(
    physical_id: str, old: Any, new: Any, stack: str, logical_id: str
) -> Resource:
    _delete_compute_environment(physical_id, old)
    return _create_compute_environment(logical_id, new, stack)


def _update_job_queue(
    physical_id: str, old: Any, new: Any, stack: str, logical_id: str
) -> Resource:
    _delete_job_queue(physical_id, old)
    return _create_job_queue(logical_id, new, stack)


def _update_job_definition(
    physical_id: str, old: Any, new: Any, stack: str, logical_id: str
) -> Resource:
    # As on AWS: the next revision of the same name, and the old one is not active any more.
    created = _create_job_definition(logical_id, new, stack)
    _delete_job_definition(physical_id, old)
    return created


def _delete_compute_environment(physical_id: str, properties: Any) -> None:
    del properties
    batch._compute_envs.pop(physical_id.rsplit("/", 1)[-1], None)


def _delete_job_queue(physical_id: str, properties: Any) -> None:
    del properties
    batch._job_queues.pop(physical_id.rsplit("/", 1)[-1], None)


def _delete_job_definition(physical_id: str, properties: Any) -> None:
    del properties
    definition = find_definition(physical_id)
    if definition is not None:
        definition["status"] = "INACTIVE"


def apply() -> None:
    """Adds the three resource types."""
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::Batch::ComputeEnvironment": {
            "create": _create_compute_environment,
            "update": _update_compute_environment,
            "update_with_logical_id": True,
            "delete": _delete_compute_environment,
        },
        "AWS::Batch::JobQueue": {
            "create": _create_job_queue,
            "update": _update_job_queue,
            "update_with_logical_id": True,
            "delete": _delete_job_queue,
        },
        "AWS::Batch::JobDefinition": {
            "create": _create_job_definition,
            "update": _update_job_definition,
            "update_with_logical_id": True,
            "delete": _delete_job_definition,
        },
    }
