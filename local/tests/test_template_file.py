"""The template as a file: what the emulator accepts and ignores, and what has to match others."""

from __future__ import annotations

import json
import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from millrace_local import template

ROOT = Path(__file__).parent.parent.parent
BUCKETS = ("UploadsBucket", "WorkBucket", "MediaBucket", "WebBucket")


# The container of AWS Batch.
NOT_FUNCTIONS_OF_THE_TEMPLATE = ("heavy-encode",)


class TemplateFile(unittest.TestCase):
    """Properties that no run on the emulator could show."""

    resources: ClassVar[dict[str, Any]]
    parameters: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        loaded = template.load(ROOT / "infra/sam/template.yaml")
        cls.resources, cls.parameters = loaded["Resources"], loaded["Parameters"]

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
        self.assertEqual(sorted([*deployed, *NOT_FUNCTIONS_OF_THE_TEMPLATE]), crates)

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

    def test_media_survive_a_slip(self) -> None:
        versioning = self.properties("MediaBucket")["VersioningConfiguration"]
        self.assertEqual(versioning, {"Status": "Enabled"})
        statements = self.properties("MediaBucketPolicy")["PolicyDocument"]["Statement"]
        denied = [statement for statement in statements if statement.get("Sid") == "NothingGoesForGood"]
        self.assertEqual(denied[0]["Effect"], "Deny")

    def test_the_database_survives_the_stack_and_takes_tokens_over_tls_only(self) -> None:
        for name, parameters in (
            ("DatabaseInstance", "DatabaseInstanceParameters"),
            ("DatabaseCluster", "DatabaseClusterParameters"),
        ):
            with self.subTest(name):
                self.assertEqual(self.resources[name]["DeletionPolicy"], "Snapshot")
                properties = self.properties(name)
                for protection in (
                    "DeletionProtection",
                    "StorageEncrypted",
                    "EnableIAMDatabaseAuthentication",
                    "ManageMasterUserPassword",
                ):
                    self.assertIs(properties[protection], True, protection)
                forced = self.properties(parameters)["Parameters"]["rds.force_ssl"]
                self.assertEqual(forced, "1")

    def test_an_update_runs_the_newest_migration(self) -> None:
        """CloudFormation asks a custom resource only when one of its properties is another."""
        folder = ROOT / "crates/database/migrations"
        newest = max(int(path.name.partition("_")[0]) for path in folder.glob("*.sql"))
        self.assertEqual(self.properties("Schema")["Version"], str(newest))

    def test_no_job_ends_before_the_schema_is_there(self) -> None:
        self.assertEqual(self.resources["UpdateMetadataFunction"]["DependsOn"], "Schema")

    def test_a_stack_waits_for_an_answer_as_long_as_the_function_may_try(self) -> None:
        for function, resource in (("MigrateFunction", "Schema"), ("SigningKeyFunction", "SigningKey")):
            # Lambda tries an event three times, one and two minutes apart.
            longest = 3 * self.properties(function)["Timeout"] + 180
            self.assertLessEqual(longest, int(self.properties(resource)["ServiceTimeout"]))

    def test_the_network_lets_the_schema_s_answer_out(self) -> None:
        statements = self.properties("S3Endpoint")["PolicyDocument"]["Statement"]
        answer = next(each for each in statements if each["Sid"] == "AnswerCloudFormation")
        self.assertEqual(answer["Action"], "s3:PutObject")
        for resource in map(str, answer["Resource"]):
            self.assertIn("cloudformation-custom-resource-response-", resource)
            self.assertIn("Region", resource)

    def test_no_subnet_has_a_way_to_the_internet(self) -> None:
        kinds = {resource["Type"] for resource in self.resources.values()}
        ways = {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route"}
        self.assertEqual(kinds & ways, set())

    def test_nobody_is_let_in_by_address(self) -> None:
        groups = list(self.of_type("AWS::EC2::SecurityGroup"))
        rules = [rule for _, group in groups for rule in group.get("SecurityGroupIngress", [])]
        rules += [rule for _, rule in self.of_type("AWS::EC2::SecurityGroupIngress")]
        self.assertTrue(rules)
        for rule in rules:
            self.assertIn("SourceSecurityGroupId", rule)

    def test_heavy_jobs_are_retried_by_the_state_machine_alone_and_end(self) -> None:
        jobs = dict(self.of_type("AWS::Batch::JobDefinition"))
        self.assertTrue(jobs)
        for name, properties in jobs.items():
            with self.subTest(name):
                self.assertEqual(properties["RetryStrategy"], {"Attempts": 1})
                self.assertIn("AttemptDurationSeconds", properties["Timeout"])

    def test_the_table_expires_items_and_can_be_restored(self) -> None:
        properties = self.properties("Table")
        self.assertTrue(properties["DeletionProtectionEnabled"])
        self.assertEqual(
            properties["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True}
        )
        self.assertTrue(
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        )

    def test_stages_write_the_records_of_jobs_and_no_documents(self) -> None:
        """By the key's beginning, which the emulator does not look at."""
        writers = {
            name: statement.get("Condition")
            for name, statement in self.allowing_statements()
            if "dynamodb:UpdateItem" in _list(statement["Action"]) and "Principal" not in statement
        }
        jobs = leading_keys("JOB#*")
        self.assertEqual(
            writers,
            {
                "WorkOnJob": jobs,
                "TriggerFunction": None,
                "UpdateMetadataRole": None,
                "KeepRecords": None,
                # What a stream has is noted with the entry.
                "CaptionFunction": leading_keys("ASSET#*"),
                "DeliverWebhookFunction": leading_keys("OWNER#*"),
            },
        )

    def test_announce_reads_what_news_is_about_and_the_webhooks_that_hear_of_it(self) -> None:
        """By the key's beginning, too."""
        reads = {
            action: statement.get("Condition")
            for name, statement in self.allowing_statements()
            for action in _list(statement["Action"])
            if name == "AnnounceFunction" and action in ("dynamodb:GetItem", "dynamodb:Query")
        }
        self.assertEqual(
            reads,
            {
                "dynamodb:GetItem": leading_keys("JOB#*", "ASSET#*"),
                "dynamodb:Query": leading_keys("OWNER#*"),
            },
        )

    def test_heartbeats_are_no_news(self) -> None:
        filters = self.properties("TableToAnnounce")["FilterCriteria"]["Filters"]
        patterns = [json.loads(each["Pattern"])["dynamodb"] for each in filters]
        for pattern in patterns:
            if pattern["Keys"]["sk"]["S"] == ["JOB"]:
                new = pattern.get("NewImage", {}).get("state", {}).get("S", [])
                old = pattern.get("OldImage", {}).get("state", {}).get("S", [])
                self.assertNotIn("running", [*new, *old])
                self.assertTrue(new or old)
        self.assertEqual(len(patterns), 3)

    def test_a_delivery_is_tried_as_often_as_it_is_held_back(self) -> None:
        tries = self.properties("WebhooksQueue")["RedrivePolicy"]["maxReceiveCount"]
        source = (ROOT / "crates/domain/src/webhook.rs").read_text()
        self.assertIn(f"pub const TRIES: u32 = {tries};", source)

    def test_a_message_is_hidden_while_a_function_may_still_work_on_it(self) -> None:
        for function, queue in (
            ("TriggerFunction", "UploadsQueue"),
            ("DeliverWebhookFunction", "WebhooksQueue"),
        ):
            timeout = self.properties(function)["Timeout"]
            self.assertGreaterEqual(self.properties(queue)["VisibilityTimeout"], 6 * timeout)

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

    def test_what_is_allowed_on_any_resource_has_no_resource(self) -> None:
        explained = {
            # The account's log deliveries.
            ("StateMachine", "DeliverLogs"),
            # Lambda asks for it in these words, and the function itself is denied it.
            ("UpdateMetadataRole", "JoinVpc"),
            ("MigrateRole", "JoinVpc"),
            # A login belongs to the account.
            ("HeavyExecutionRole", "LogIn"),
        }
        anywhere = {
            (name, statement["Sid"])
            for name, statement in self.allowing_statements()
            if "*" in _list(statement["Resource"])
        }
        self.assertEqual(anywhere, explained)

    def test_a_function_times_out_before_its_task_does(self) -> None:
        """Else Step Functions would start a second one beside the first."""
        definition = (ROOT / "statemachine/transcode.asl.json").read_text()
        pattern = r'"FunctionName": "\$\{(\w+)Arn\}".*?"TimeoutSeconds": (\d+)'
        tasks = re.findall(pattern, definition, re.DOTALL)
        self.assertTrue(tasks)
        for function, seconds in tasks:
            with self.subTest(function):
                self.assertLess(self.longest(self.properties(function)["Timeout"]), int(seconds))

    def longest(self, timeout: Any) -> int:
        """A timeout, or the largest that its parameter takes."""
        if isinstance(timeout, dict):
            return int(self.parameters[timeout["Ref"]]["MaxValue"])
        return int(timeout)

    def allowing_statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each statement of a role, with the resource that declares it."""
        for name, resource in self.resources.items():
            properties = resource["Properties"]
            policies = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            for each in map(_unconditional, self.policies_of(resource)):
                policy = each.get("PolicyDocument", each)
                policies += [policy] if "Statement" in policy else []
            for policy in policies:
                for statement in map(_unconditional, policy["Statement"]):
                    if statement["Effect"] == "Allow":
                        yield name, statement


    def policies_of(self, resource: dict[str, Any]) -> list[Any]:
        """The inline policies of a role or function; those of a user pool are about passwords."""
        is_pool = resource["Type"] == "AWS::Cognito::UserPool"
        return [] if is_pool else list(resource["Properties"].get("Policies", []))


def _unconditional(value: Any) -> Any:
    """The value, or what it is where its condition holds."""
    return value["Fn::If"][1] if "Fn::If" in value else value


def leading_keys(*patterns: str) -> dict[str, Any]:
    """The condition that only items with such partition keys are reached."""
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(patterns)}}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
