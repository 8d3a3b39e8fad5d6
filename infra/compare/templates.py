"""The two templates, as CloudFormation would see them for one configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from millrace_local import template
from samtranslator.metrics.metrics import Metrics
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from .conditions import Resolver
from .normal import Normalizer, Resource

Json = Any
_HIDDEN = ("Resource", "Default")


@dataclass(frozen=True)
class System:
    """What a template deploys, in the one form that both are compared in."""

    resources: Mapping[str, Resource]
    outputs: Mapping[str, Json]


def expand(path: Path) -> dict[str, Json]:
    """The SAM template with the resources that SAM makes of its own, as ``sam deploy`` sends it."""
    body = template.load(path)
    template.replace_local_files(body, path.parent, lambda _, file: f"s3://files/{file.name}")
    # The region decides nothing but the partition in the ARNs of AWS's own policies.
    session = boto3.Session(region_name="us-east-1")
    metrics = Metrics("compare")
    translator = Translator({}, Parser(), boto_session=session, metrics=metrics)
    expanded: dict[str, Json] = translator.translate(body, {})
    # To nobody. It complains where that is left out.
    metrics.publish()
    return expanded


def from_sam(expanded: Mapping[str, Json], parameters: Mapping[str, str]) -> System:
    """What the expanded SAM template deploys with these parameters."""
    resolver = Resolver(expanded, parameters)
    resources = resolver.resources(expanded)
    names = {logical_id: sam_name(logical_id, each) for logical_id, each in resources.items()}
    return _system(resources, resolver.outputs(expanded), names, _SameName())


def from_cdk(folder: Path) -> System:
    """What the app deploys that was synthesized into ``folder``."""
    body = json.loads((folder / "millrace.template.json").read_text())
    assets = json.loads((folder / "millrace.assets.json").read_text())["files"]
    files = {
        each["destinations"][place]["objectKey"]: Path(each["source"]["path"]).name
        for each in assets.values()
        for place in each["destinations"]
    }
    resources = body["Resources"]
    names = {logical_id: _cdk_name(each) for logical_id, each in resources.items()}
    return _system(resources, body["Outputs"], names, files)


class _SameName(dict[str, str]):
    """Files that were uploaded under their own names."""

    def __missing__(self, key: str) -> str:
        return key


def _system(
    resources: Mapping[str, Json],
    outputs: Mapping[str, Json],
    names: Mapping[str, str],
    files: Mapping[str, str],
) -> System:
    if len(set(names.values())) < len(names):
        raise ValueError("two resources have the same name")
    normalizer = Normalizer(names, files)
    return System(
        {names[logical_id]: normalizer.resource(each) for logical_id, each in resources.items()},
        {name: normalizer.value(each) for name, each in outputs.items()},
    )


def sam_name(logical_id: str, resource: Mapping[str, Json]) -> str:
    """The name in the template: SAM puts a hash behind that of a layer."""
    if resource["Type"] == "AWS::Lambda::LayerVersion":
        return str(resource["Properties"]["LayerName"])
    return logical_id


def _cdk_name(resource: Mapping[str, Json]) -> str:
    """The last part of the construct's path that says something."""
    parts = resource["Metadata"]["aws:cdk:path"].split("/")
    return str([part for part in parts if part not in _HIDDEN][-1])
