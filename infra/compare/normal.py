"""One form for what two templates say in different ways.

What may differ between the templates is here and nowhere else:

=====================================  ==========================================================
where files were uploaded to           only which local file it is
``Metadata``                           of tools, not of the system
tags ``…:createdBy``                   SAM's mark
``arn:aws:iam::aws:policy/…``          SAM writes the partition of the region that it runs for
``Path`` of a managed policy           the CDK writes the default
``DeletionPolicy`` that is missing     is ``Delete``, as is ``UpdateReplacePolicy``
``DependsOn`` of what is referred to   the reference is enough
a role's inline policies               are one set of permissions; names and ``Sid`` are labels
empty lists                            say nothing
the order of a container's variables   they are a set
=====================================  ==========================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Any

_AWS_POLICY = "arn:aws:iam::aws:policy/"
_CREATED_BY = ("lambda:createdBy", "stateMachine:createdBy")
# Where a resource has an uploaded file: its property, and what that calls the key.
_FILES = {
    "AWS::Lambda::Function": ("Code", "S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", "S3Key"),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", "Key"),
}


@dataclass(frozen=True)
class Resource:
    """A resource in the one form."""

    kind: str
    deletion_policy: str
    update_replace_policy: str
    depends_on: tuple[str, ...]
    properties: Json


class Normalizer:
    """Brings one template into the one form.

    ``names`` has for each logical id the name that both templates know the resource by, ``files``
    for each key of an upload the file that it is.
    """

    def __init__(self, names: Mapping[str, str], files: Mapping[str, str]) -> None:
        self._names = names
        self._files = files

    def resource(self, resource: Mapping[str, Json]) -> Resource:
        """The resource in the one form."""
        kind = resource["Type"]
        given = dict(resource.get("Properties", {}))
        if kind in _FILES:
            name, key = _FILES[kind]
            given[name] = f"file {self._files[self.value(given[name])[key]]}"
        referred = set(references(given))
        depends = resource.get("DependsOn", [])
        depends = [depends] if isinstance(depends, str) else depends
        properties = self.value(given)
        if kind == "AWS::IAM::Role":
            properties = _role(properties)
        if kind == "AWS::IAM::ManagedPolicy" and properties.get("Path") == "/":
            del properties["Path"]
        return Resource(
            kind=kind,
            deletion_policy=resource.get("DeletionPolicy", "Delete"),
            update_replace_policy=resource.get("UpdateReplacePolicy", "Delete"),
            depends_on=tuple(sorted(self._name(each) for each in depends if each not in referred)),
            properties=properties,
        )

    def value(self, value: Json) -> Json:
        """A value in the one form: scalars are text, references are ``${Name}`` in text."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            return _text(value)
        if len(value) == 1:
            ((function, arguments),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, arguments)
        if "Statement" in value:
            return sorted(permissions(self._plain(value["Statement"])))
        return self._plain_map(value)

    def _plain(self, value: Json) -> Json:
        values = value if isinstance(value, list) else [value]
        return [self.value(each) for each in values]

    def _plain_map(self, value: Mapping[str, Json]) -> Json:
        normal = {}
        for key, each in value.items():
            inner = self.value(each)
            if key == "Tags":
                inner = [tag for tag in inner if tag["Key"] not in _CREATED_BY]
            if key == "Environment" and isinstance(inner, list):
                inner = sorted(inner, key=lambda variable: str(variable["Name"]))
            if inner != []:
                normal[key] = inner
        return normal

    def _call(self, function: str, arguments: Json) -> Json:
        if function == "Ref":
            return f"${{{self._name(arguments)}}}"
        if function == "Fn::GetAtt":
            name, attribute = arguments if isinstance(arguments, list) else arguments.split(".", 1)
            return f"${{{self._name(name)}.{attribute}}}"
        if function == "Fn::Sub":
            return self._sub(arguments)
        inner = self.value(arguments)
        if function == "Fn::Join":
            separator, parts = inner
            # Else it is a list that only CloudFormation knows.
            if isinstance(parts, list):
                return separator.join(parts)
        if function == "Fn::Split" and "${" not in inner[1]:
            return inner[1].split(inner[0])
        if function == "Fn::Select" and isinstance(inner[1], list):
            return inner[1][int(inner[0])]
        return f"${{{function}({json.dumps(inner)})}}"

    def _sub(self, arguments: Json) -> str:
        text, variables = arguments if isinstance(arguments, list) else (arguments, {})

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return str(self.value(variables[name]))
            return str(self._call("Fn::GetAtt" if "." in name else "Ref", name))

        return re.sub(r"\$\{([^!}]+)\}", replacement, text)

    def _name(self, logical_id: str) -> str:
        return self._names.get(logical_id, logical_id)


def references(value: Json) -> Iterator[str]:
    """The logical ids that a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else each.split(".")[0]
            elif key == "Fn::Sub":
                text = each[0] if isinstance(each, list) else each
                yield from (found.split(".")[0] for found in re.findall(r"\$\{([^!}]+)\}", text))
                yield from references(each)
            else:
                yield from references(each)


def permissions(statements: list[Json]) -> Iterator[str]:
    """A line for each single permission: one effect, principal, action and resource."""
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    for statement in statements:
        if unknown := set(statement) - known:
            raise ValueError(f"a statement with {sorted(unknown)}")
        label = f"[{statement['Sid']}] " if "Sid" in statement else ""
        condition = json.dumps(statement.get("Condition", {}), sort_keys=True)
        for principal in _principals(statement.get("Principal")):
            for action in _list(statement["Action"]):
                for resource in _list(statement.get("Resource", "")):
                    yield f"{label}{statement['Effect']} {principal} {action} on {resource} if {condition}"


def _principals(principal: Json) -> list[str]:
    if isinstance(principal, dict):
        return [f"{kind} {name}" for kind, names in principal.items() for name in _list(names)]
    return [principal or "the role"]


def _role(properties: dict[str, Json]) -> Json:
    """A role whose inline policies are one set without labels."""
    inline = [each["PolicyDocument"] for each in properties.pop("Policies", [])]
    own = {_unlabelled(line) for document in inline for line in document}
    trust = {_unlabelled(line) for line in properties["AssumeRolePolicyDocument"]}
    managed = [
        arn.replace(_AWS_POLICY, _AWS_POLICY.replace(":aws:", ":${AWS::Partition}:", 1))
        for arn in properties.pop("ManagedPolicyArns", [])
    ]
    return {
        **properties,
        "AssumeRolePolicyDocument": sorted(trust),
        "ManagedPolicyArns": sorted(managed),
        "permissions": sorted(own),
    }


def _unlabelled(line: str) -> str:
    return re.sub(r"^\[\w+\] ", "", line)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
