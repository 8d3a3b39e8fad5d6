"""The template as a file: what the emulator accepts and ignores, and what has to match others."""

from __future__ import annotations

import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from millrace_local import template

ROOT = Path(__file__).parent.parent.parent
BUCKETS = ("UploadsBucket", "WorkBucket", "MediaBucket")


class TemplateFile(unittest.TestCase):
    """Properties that no run on the emulator could show."""

    resources: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.resources = template.load(ROOT / "infra/sam/template.yaml")["Resources"]

    def properties(self, name: str) -> dict[str, Any]:
        return dict(self.resources[name]["Properties"])

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource["Properties"]

    def test_the_state_machine_gets_a_value_for_each_name_in_it(self) -> None:
        definition = (ROOT / "statemachine/transcode.asl.json").read_text()
        names = set(re.findall(r"\$\{(\w+)\}", definition))
        self.assertTrue(names)
        self.assertLessEqual(names, set(self.properties("StateMachine")["DefinitionSubstitutions"]))

    def test_each_function_crate_is_deployed_once(self) -> None:
        crates = sorted(path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml"))
        deployed = sorted(
            Path(properties["CodeUri"]).name
            for _, properties in self.of_type("AWS::Serverless::Function")
        )
        self.assertEqual(deployed, crates)

    def test_no_bucket_is_public_or_unencrypted(self) -> None:
        for name in BUCKETS:
            with self.subTest(name):
                properties = self.properties(name)
                self.assertEqual(set(properties["PublicAccessBlockConfiguration"].values()), {True})
                self.assertEqual(len(properties["PublicAccessBlockConfiguration"]), 4)
                self.assertIn("BucketEncryption", properties)

    def test_unfinished_uploads_do_not_stay_forever(self) -> None:
        for name in BUCKETS:
            with self.subTest(name):
                rules = self.properties(name)["LifecycleConfiguration"]["Rules"]
                self.assertTrue(any("AbortIncompleteMultipartUpload" in rule for rule in rules))

    def test_work_expires_and_nothing_else_does(self) -> None:
        expiring = [
            name
            for name in BUCKETS
            for rule in self.properties(name)["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        ]
        self.assertEqual(expiring, ["WorkBucket"])

    def test_what_cannot_be_made_again_survives_the_stack(self) -> None:
        for name in ("UploadsBucket", "MediaBucket", "Table"):
            with self.subTest(name):
                resource = self.resources[name]
                self.assertEqual(resource["DeletionPolicy"], "Retain")
                self.assertEqual(resource["UpdateReplacePolicy"], "Retain")

    def test_the_table_expires_items_and_can_be_restored(self) -> None:
        properties = self.properties("Table")
        self.assertEqual(
            properties["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True}
        )
        self.assertTrue(
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        )

    def test_all_logs_are_ours_and_expire(self) -> None:
        groups = dict(self.of_type("AWS::Logs::LogGroup"))
        for name, properties in groups.items():
            self.assertIn("RetentionInDays", properties, name)
        for name, properties in self.of_type("AWS::Serverless::Function"):
            self.assertIn(properties["LoggingConfig"]["LogGroup"]["Ref"], groups, name)

    def test_no_role_is_allowed_everything_of_a_service(self) -> None:
        for name, statement in self.allowing_statements():
            with self.subTest(name, sid=statement["Sid"]):
                for action in _list(statement["Action"]):
                    self.assertNotIn("*", action)

    def test_only_log_delivery_is_allowed_on_any_resource(self) -> None:
        anywhere = {
            (name, statement["Sid"])
            for name, statement in self.allowing_statements()
            if "*" in _list(statement["Resource"])
        }
        self.assertEqual(anywhere, {("StateMachine", "DeliverLogs")})

    def test_a_function_times_out_before_its_task_does(self) -> None:
        """Else Step Functions would start a second one beside the first."""
        definition = (ROOT / "statemachine/transcode.asl.json").read_text()
        pattern = r'"FunctionName": "\$\{(\w+)Arn\}".*?"TimeoutSeconds": (\d+)'
        tasks = re.findall(pattern, definition, re.DOTALL)
        self.assertTrue(tasks)
        for function, seconds in tasks:
            with self.subTest(function):
                self.assertLess(self.properties(function)["Timeout"], int(seconds))

    def allowing_statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each statement of a role, with the resource that declares it."""
        for name, resource in self.resources.items():
            properties = resource["Properties"]
            policies = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            policies += [each for each in properties.get("Policies", []) if "Statement" in each]
            for policy in policies:
                for statement in policy["Statement"]:
                    if statement["Effect"] == "Allow":
                        yield name, statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
