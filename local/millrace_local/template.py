"""Reading the SAM template, and the rewriting that ``sam package`` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Template = dict[str, Any]
"""A template as CloudFormation sees it as JSON: intrinsic functions in their long form."""

# Where a resource names local files, and as what they are uploaded.
_LOCAL_FILES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with CloudFormation's short forms (``!Ref``, ``!Sub``)."""


def _intrinsic(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path: Path) -> Template:
    """The template in ``path``."""
    with path.open("rb") as file:
        # A subclass of the safe loader: no tag makes an object.
        loaded: Template = yaml.load(file, Loader=_Loader)
    return loaded


def replace_local_files(
    template: Template, folder: Path, upload: Callable[[str, Path], str]
) -> None:
    """Replaces each local path by the URL that ``upload(resource type, path)`` returns.

    Paths are relative to ``folder``, the template's own.
    """
    for resource in template["Resources"].values():
        name = _LOCAL_FILES.get(resource["Type"])
        value = resource["Properties"].get(name) if name else None
        if isinstance(value, str) and not value.startswith("s3://"):
            resource["Properties"][name] = upload(resource["Type"], (folder / value).resolve())
