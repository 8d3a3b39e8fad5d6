"""SAM template and CDK app deploy the same system, and a difference would be seen.

``MILLRACE_CDK_TEMPLATES`` names the folder that ``infra/cdk/bin/templates.ts`` has written.
"""

from __future__ import annotations

import copy
import json
import os
import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from .difference import differences
from .templates import System, expand, from_cdk, from_sam, sam_name

Json = Any
HERE = Path(__file__).parent
SAM = HERE.parent / "sam/template.yaml"
CONFIGURATIONS = json.loads((HERE / "configurations.json").read_text())


class Templates(unittest.TestCase):
    """Both templates, read once."""

    expanded: ClassVar[dict[str, Json]]
    synthesized: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        cls.expanded = expand(SAM)
        cls.synthesized = Path(os.environ["MILLRACE_CDK_TEMPLATES"])

    def systems(self, name: str) -> tuple[System, System]:
        """What SAM and what the CDK deploy for a configuration."""
        (parameters,) = (each["parameters"] for each in CONFIGURATIONS if each["name"] == name)
        return from_sam(self.expanded, parameters), from_cdk(self.synthesized / name)


class Equal(Templates):
    """They are equal for all configurations."""

    def test_both_deploy_the_same(self) -> None:
        for configuration in CONFIGURATIONS:
            with self.subTest(configuration["name"]):
                sam, cdk = self.systems(configuration["name"])
                found = differences(sam, cdk)
                self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_configurations_change_each_parameter_and_turn_on_each_resource(self) -> None:
        changed = {name for each in CONFIGURATIONS for name in each["parameters"]}
        self.assertEqual(changed, set(self.expanded["Parameters"]))
        met = {name for each in CONFIGURATIONS for name in self.systems(each["name"])[0].resources}
        declared = {sam_name(*each) for each in self.expanded["Resources"].items()}
        self.assertEqual(met, declared)

    def test_settings_and_parameters_have_the_same_limits(self) -> None:
        limits = json.loads((self.synthesized / "limits.json").read_text())
        settings = {name[0].upper() + name[1:]: _limits(each) for name, each in limits.items()}
        parameters = {
            name: {
                "default": str(each.get("Default")),
                "allowed": [str(value) for value in each.get("AllowedValues", [])],
                "minimum": each.get("MinValue"),
                "maximum": each.get("MaxValue"),
                "pattern": each.get("AllowedPattern"),
            }
            for name, each in self.expanded["Parameters"].items()
            if not each.get("NoEcho")
        }
        self.assertEqual(settings, parameters)


def _limits(setting: dict[str, Json]) -> dict[str, Json]:
    """A setting's limits in the words of the SAM template, which has no list and no truth value."""
    default = setting["default"]
    allowed = setting.get("allowed", [])
    if isinstance(default, bool):
        default, allowed = str(default).lower(), ["true", "false"]
    if isinstance(default, list):
        default = ",".join(default)
    return {
        "default": str(default),
        "allowed": [str(value) for value in allowed],
        "minimum": setting.get("minimum"),
        "maximum": setting.get("maximum"),
        "pattern": setting.get("pattern"),
    }


Change = Callable[[dict[str, Json]], None]


def _set(path: str, value: Json) -> Change:
    """Sets what is at a path of resource, then properties."""

    def change(resources: dict[str, Json]) -> None:
        name, *steps, last = path.split(".")
        place = resources[name]
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if last not in place:
            raise KeyError(path)
        place[last] = value

    return change


def _statement(name: str, sid: str, key: str, value: Json) -> Change:
    """Sets a part of the statement with this ``Sid``, wherever the resource has it."""

    def change(resources: dict[str, Json]) -> None:
        found = [each for each in _statements(resources[name]) if each.get("Sid") == sid]
        if len(found) != 1:
            raise KeyError(f"{name} has {len(found)} statements {sid}")
        found[0][key] = value

    return change


def _statements(value: Json) -> list[dict[str, Json]]:
    if isinstance(value, list):
        return [statement for each in value for statement in _statements(each)]
    if isinstance(value, dict):
        own = [value] if "Effect" in value else []
        return own + [statement for each in value.values() for statement in _statements(each)]
    return []


# Changes of the SAM template, and how the line about each begins.
CHANGES: tuple[tuple[str, Change], ...] = (
    ("Table: only in CDK", lambda resources: resources.pop("Table")),
    (
        "Another: only in SAM",
        lambda resources: resources.update(Another={"Type": "AWS::SQS::Queue"}),
    ),
    ("Table.kind", _set("Table.Type", "AWS::DynamoDB::GlobalTable")),
    ("Table.deletion_policy", _set("Table.DeletionPolicy", "Delete")),
    ("MediaBucket.update_replace_policy", _set("MediaBucket.UpdateReplacePolicy", "Delete")),
    ("UploadsBucket.depends_on", lambda resources: resources["UploadsBucket"].pop("DependsOn")),
    ("SegmentFunction.properties.Timeout", _set("SegmentFunction.Properties.Timeout", 901)),
    (
        "SegmentFunction.properties.Code",
        _set("SegmentFunction.Properties.Code.S3Key", "encode-video"),
    ),
    (
        "SegmentFunction.properties.Environment.Variables.MILLRACE_TABLE",
        _set(
            "SegmentFunction.Properties.Environment.Variables.MILLRACE_TABLE",
            {"Ref": "WorkBucket"},
        ),
    ),
    (
        "StateMachine.properties.DefinitionSubstitutions.SegmentFunctionArn",
        _set(
            "StateMachine.Properties.DefinitionSubstitutions.SegmentFunctionArn",
            {"Fn::GetAtt": ["ThumbnailFunction", "Arn"]},
        ),
    ),
    (
        "StateMachineRole.properties.permissions: only in SAM",
        _statement("StateMachineRole", "ReadChunkLists", "Action", ["s3:GetObject", "s3:PutObject"]),
    ),
    (
        "TriggerFunctionRole.properties.permissions: only in SAM",
        _statement("TriggerFunctionRole", "TakeMessages", "Resource", "*"),
    ),
    (
        "WorkOnJob.properties.PolicyDocument: only in CDK",
        _statement("WorkOnJob", "Heartbeat", "Condition", {}),
    ),
    (
        "MediaBucketPolicy.properties.PolicyDocument: only in SAM",
        _statement("MediaBucketPolicy", "NothingGoesForGood", "Effect", "Allow"),
    ),
    (
        "TriggerFunctionRole.properties.ManagedPolicyArns: only in CDK",
        lambda resources: resources["TriggerFunctionRole"]["Properties"]["ManagedPolicyArns"].pop(),
    ),
    (
        "TriggerFunctionRole.properties.AssumeRolePolicyDocument: only in SAM",
        _set(
            "TriggerFunctionRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal",
            {"AWS": "*"},
        ),
    ),
    (
        "Vpc.properties.CidrBlock: SAM has 10.71.0.0/16, CDK has 10.70.0.0/16",
        _set("Vpc.Properties.CidrBlock", "10.71.0.0/16"),
    ),
    ("AssetsRoute.properties.AuthorizationType", _set("AssetsRoute.Properties.AuthorizationType", "NONE")),
    (
        "UploadsQueueAgeAlarm.properties.Threshold",
        _set("UploadsQueueAgeAlarm.Properties.Threshold", 901),
    ),
)


class Different(Templates):
    """Each change of one template is found and named."""

    def test_a_change_of_the_sam_template_is_named(self) -> None:
        _, cdk = self.systems("defaults")
        for expected, change in CHANGES:
            with self.subTest(expected):
                changed = copy.deepcopy(self.expanded)
                change(changed["Resources"])
                found = differences(from_sam(changed, {}), cdk)
                self.assertTrue(any(line.startswith(expected) for line in found), found)

    def test_a_resource_that_only_one_has_is_named(self) -> None:
        sam, cdk = self.systems("defaults")
        for name in sam.resources:
            rest = {other: each for other, each in cdk.resources.items() if other != name}
            found = differences(sam, replace(cdk, resources=rest))
            self.assertEqual([line.split(":")[0] for line in found], [name])

    def test_another_output_is_named(self) -> None:
        sam, cdk = self.systems("defaults")
        outputs = {**cdk.outputs, "Table": {"Value": "${WorkBucket}"}}
        found = differences(sam, replace(cdk, outputs=outputs))
        self.assertTrue(found)
        self.assertTrue(all(line.startswith("Outputs.Table") for line in found), found)

    def test_another_configuration_is_another_system(self) -> None:
        sam, _ = self.systems("defaults")
        for configuration in CONFIGURATIONS:
            if configuration["name"] != "defaults":
                with self.subTest(configuration["name"]):
                    _, cdk = self.systems(configuration["name"])
                    self.assertTrue(differences(sam, cdk))
