"""The style of managed login in a template.

The emulator's CloudFormation does not know it, so a template with a user pool that people can sign
in to on AWS can't be deployed. Here it is only noted: the emulator's own sign-in has one look.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-managedloginbranding.html
"""

from __future__ import annotations

import uuid
from typing import Any

import ministack.services.cloudformation.provisioners as provisioners


def _create(logical_id: str, properties: Any, stack: str) -> tuple[str, dict[str, str]]:
    del logical_id, stack
    style = str(uuid.uuid4())
    # What `Ref` is on AWS.
    return f"{properties['UserPoolId']}|{style}", {"ManagedLoginBrandingId": style}


def _update(physical_id: str, old: Any, new: Any, stack: str) -> tuple[str, dict[str, str]]:
    del old, new, stack
    return physical_id, {"ManagedLoginBrandingId": physical_id.rpartition("|")[2]}


def _delete(physical_id: str, properties: Any) -> None:
    del physical_id, properties


def apply() -> None:
    """Adds the resource type."""
    provisioners._RESOURCE_HANDLERS["AWS::Cognito::ManagedLoginBranding"] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
