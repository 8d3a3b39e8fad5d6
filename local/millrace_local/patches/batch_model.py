"""The names of Batch's fields: camel case in its API, Pascal case in templates and states."""

from __future__ import annotations

from typing import Any

import ministack.services.stepfunctions as stepfunctions


def to_wire(operation: str, value: dict[str, Any]) -> dict[str, Any]:
    """The request of ``operation`` with the API's names. Keys of maps are data and stay."""
    shape = _operation(operation).input_shape
    renamed: dict[str, Any] = stepfunctions._sdk_json_param_value(value, shape)
    return renamed


def from_wire(operation: str, value: dict[str, Any]) -> dict[str, Any]:
    """The answer of ``operation`` as a state sees it."""
    shape = _operation(operation).output_shape
    renamed: dict[str, Any] = stepfunctions._sdk_json_value(value, shape)
    return renamed


def _operation(name: str) -> Any:
    return stepfunctions._service_model("batch").operation_model(name)
