"""A whole stack, from the real template, with scripts in place of the function binaries."""

from __future__ import annotations

import json
import signal
import tempfile
import time
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from millrace_local import process

from .permissions import (
    ALLOWED,
    FORBIDDEN,
    ITEM,
    NOBODY,
    READ_OWNERS_PASSWORD,
    TRIGGERS_OWN,
    UPDATE_RECORD,
    Call,
)
from .stacks import FUNCTIONS, Running, alive, everything_below, with_binaries
from .support import Cloud, wait_until

# The words of the services for "no".
_DENIED = ("AccessDenied", "UnauthorizedOperation")


class Lifetime(unittest.TestCase):
    """No process and no file survives a stack, however it ends."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = with_binaries(Path(temporary.name))

    def start(self, name: str) -> Running:
        running = Running(self.folder, name)
        self.addCleanup(running.close)
        return running

    def start_and_keep_busy(self) -> tuple[Running, set[int]]:
        """A stack with a function whose child sleeps, and all its processes."""
        running = self.start("busy")
        stack = running.wait_until_ready()
        cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])
        cloud.client("lambda").invoke(
            FunctionName=stack["outputs"]["EncodeVideoFunction"],
            InvocationType="Event",
            Payload=json.dumps({"do": "sleep"}),
        )
        pid = running.process.pid

        def sleeps() -> bool:
            programs = {process.arguments(child)[0] for child in process.descendants(pid)}
            return "sleep" in programs

        wait_until(sleeps)
        return running, everything_below(pid)

    def test_a_stopped_stack_leaves_nothing(self) -> None:
        running, pids = self.start_and_keep_busy()
        running.process.send_signal(signal.SIGTERM)
        self.assertEqual(running.process.wait(20), 0)
        self.assertEqual(alive(pids), set())
        self.assertFalse(running.folder.exists())

    def test_a_killed_supervisor_leaves_no_process(self) -> None:
        running, pids = self.start_and_keep_busy()
        running.process.kill()
        wait_until(lambda: not alive(pids))

    def test_a_killed_emulator_ends_the_stack(self) -> None:
        running, pids = self.start_and_keep_busy()
        for pid in process.descendants(running.process.pid):
            if "millrace_local.launcher" in process.arguments(pid):
                process.send(pid, signal.SIGKILL)
        self.assertEqual(running.process.wait(20), 1)
        self.assertEqual(alive(pids), set())
        self.assertFalse(running.folder.exists())

    def test_a_caller_that_goes_takes_the_unfinished_stack_along(self) -> None:
        for seconds, moment in ((0.2, "building"), (1.0, "building"), (0, "built"), (0, "deploying")):
            with self.subTest(seconds=seconds, moment=moment):
                running = self.start("unfinished")
                if moment != "building":
                    running.say_built()
                if moment == "deploying":
                    running.wait_for_step("deploying the template")
                time.sleep(seconds)
                pids = everything_below(running.process.pid)
                assert running.process.stdin is not None
                running.process.stdin.close()
                running.process.wait(20)
                self.assertEqual(alive(pids), set())
                self.assertFalse(running.folder.exists())

    def test_a_second_supervisor_of_the_same_name_is_refused(self) -> None:
        first = self.start("same")
        first.wait_until_ready()
        second = self.start("same")
        assert second.process.stdout is not None
        self.assertIn("already running", second.process.stdout.read().decode())
        self.assertEqual(second.process.wait(20), 1)
        self.assertTrue((first.folder / "stack.json").exists())

    def test_two_stacks_run_side_by_side(self) -> None:
        names = ("one", "two")
        running = [self.start(name) for name in names]
        stacks = [each.wait_until_ready() for each in running]
        for stack in stacks:
            cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])
            seen = cloud.invoke(stack["outputs"]["UpdateMetadataFunction"], {"do": "environment"})
            self.assertEqual(seen["MILLRACE_MEDIA_BUCKET"], stack["outputs"]["MediaBucket"])
            self.assertEqual(int(seen["MILLRACE_DATABASE_PORT"]), stack["database"]["port"])
        running[0].close()
        self.assertTrue((running[1].folder / "stack.json").exists())
        cloud.invoke(stacks[1]["outputs"]["SegmentFunction"], {"do": "environment"})


class Template(unittest.TestCase):
    """What the template declares, seen from inside its functions."""

    running: ClassVar[Running]
    stack: ClassVar[dict[str, Any]]
    outputs: ClassVar[dict[str, str]]
    cloud: ClassVar[Cloud]

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.running = Running(with_binaries(Path(temporary.name)), "template")
        cls.addClassCleanup(cls.running.close)
        cls.stack = cls.running.wait_until_ready()
        cls.outputs = cls.stack["outputs"]
        cls.cloud = Cloud(
            cls.stack["endpoint"], cls.stack["access_key_id"], cls.stack["secret_access_key"]
        )

    def may(self, function: str, service: str, operation: str, **arguments: Any) -> bool:
        """Whether the function's role allows the call."""
        return self.allowed(function, [(service, operation, arguments)])[0]

    def allowed(self, function: str, calls: Sequence[Call]) -> list[bool]:
        """For each of the calls, whether the function's role allows it."""
        event = {"do": "call", "calls": [self.filled_in(call) for call in calls]}
        answers = self.cloud.invoke(self.outputs[function], event)
        self.assertIsInstance(answers, list, answers)
        # Any other error came after the permission.
        return [not any(word in answer for word in _DENIED) for answer in answers]

    def filled_in(self, value: Any) -> Any:
        """The value with the template's outputs in the places of their names."""
        if isinstance(value, str):
            return value.format_map(self.outputs)
        if isinstance(value, dict):
            return {self.filled_in(key): self.filled_in(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled_in(each) for each in value]
        return value

    def test_what_is_forbidden_is_denied(self) -> None:
        functions = {name.title().replace("-", "") for name in FUNCTIONS}
        self.assertEqual(set(FORBIDDEN), functions)
        for name, own in FORBIDDEN.items():
            calls = (*NOBODY, *own)
            allowed = self.allowed(f"{name}Function", calls)
            wrong = [call for call, may in zip(calls, allowed, strict=True) if may]
            self.assertEqual(wrong, [], name)

    def test_what_trigger_alone_may_is_allowed_to_it(self) -> None:
        allowed = self.allowed("TriggerFunction", TRIGGERS_OWN)
        self.assertEqual(allowed, [True] * len(TRIGGERS_OWN))

    def test_what_api_and_events_need_is_allowed_to_them(self) -> None:
        for name, calls in ALLOWED.items():
            allowed = self.allowed(f"{name}Function", calls)
            wrong = [call for call, may in zip(calls, allowed, strict=True) if not may]
            self.assertEqual(wrong, [], name)

    def test_only_who_signs_access_or_makes_the_key_reads_it(self) -> None:
        seen = self.cloud.invoke(self.outputs["PlayApiFunction"], {"do": "environment"})
        read = {"SecretId": seen["MILLRACE_SIGNING_SECRET"]}
        write = {**read, "SecretString": "another"}
        for name in FORBIDDEN:
            with self.subTest(name):
                calls = (
                    ("secretsmanager", "get_secret_value", read),
                    ("secretsmanager", "put_secret_value", write),
                )
                expected = [name in ("PlayApi", "SigningKey"), name == "SigningKey"]
                self.assertEqual(self.allowed(f"{name}Function", calls), expected)

    def test_stages_reach_the_objects_of_jobs_and_no_others(self) -> None:
        work = self.outputs["WorkBucket"]
        stages = ("Segment", "EncodeVideo", "EncodeAudio", "Thumbnail", "AssembleManifest")
        for stage in stages:
            function = f"{stage}Function"
            with self.subTest(function):
                for key, allowed in (("jobs/1/plan.json", True), ("elsewhere", False)):
                    self.assertEqual(
                        self.may(function, "s3", "put_object", Bucket=work, Key=key), allowed
                    )
                    self.assertEqual(
                        self.may(function, "s3", "get_object", Bucket=work, Key=key), allowed
                    )

    def test_only_the_functions_that_look_at_uploads_read_them_and_none_writes_them(self) -> None:
        uploads = self.outputs["UploadsBucket"]
        reading = {"Trigger", "Segment", "EncodeVideo", "EncodeAudio", "Thumbnail"}
        for name in ("AssembleManifest", "UpdateMetadata", *sorted(reading)):
            with self.subTest(name):
                arguments = {"Bucket": uploads, "Key": "a"}
                self.assertEqual(
                    self.may(f"{name}Function", "s3", "get_object", **arguments), name in reading
                )
                self.assertFalse(self.may(f"{name}Function", "s3", "put_object", **arguments))

    def test_only_publishing_functions_write_media(self) -> None:
        arguments = {"Bucket": self.outputs["MediaBucket"], "Key": "assets/a"}
        publishing = {"EncodeVideo", "EncodeAudio", "Thumbnail", "AssembleManifest"}
        for name in ("Trigger", "Segment", "UpdateMetadata", *sorted(publishing)):
            with self.subTest(name):
                self.assertEqual(
                    self.may(f"{name}Function", "s3", "put_object", **arguments),
                    name in publishing,
                )

    def test_a_missing_source_is_not_found_and_not_forbidden(self) -> None:
        arguments = {"Bucket": self.outputs["UploadsBucket"], "Key": "missing"}
        self.assertTrue(self.may("SegmentFunction", "s3", "get_object", **arguments))

    def test_migrate_alone_reads_the_password_of_the_schema_s_owner(self) -> None:
        for name in FORBIDDEN:
            with self.subTest(name):
                allowed = self.allowed(f"{name}Function", [READ_OWNERS_PASSWORD])
                self.assertEqual(allowed, [name == "Migrate"])

    def test_update_metadata_alone_opens_the_database_and_as_its_own_user(self) -> None:
        place = self.stack["database"]
        for name in FORBIDDEN:
            for user in ("millrace", "millrace_master"):
                with self.subTest(name, user=user):
                    to = (place["host"], place["port"], user, place["ca"])
                    event = {"do": "log in", "to": to}
                    said = self.cloud.invoke(self.outputs[f"{name}Function"], event)
                    self.assertIsInstance(said, str, said)
                    opened = said.startswith("R\0\0\0\x08\0\0\0\0")
                    self.assertEqual(opened, (name, user) == ("UpdateMetadata", "millrace"), said)

    def test_those_who_write_records_may(self) -> None:
        for name in set(FORBIDDEN) - {"Migrate", "SigningKey", "Announce", "DeliverWebhook"}:
            with self.subTest(name):
                self.assertEqual(self.allowed(f"{name}Function", [UPDATE_RECORD]), [True])
        put = {"TableName": self.outputs["Table"], "Item": ITEM}
        transaction = {"TransactItems": [{"Put": put}]}
        self.assertTrue(self.may("TriggerFunction", "dynamodb", "put_item", **put))
        self.assertTrue(
            self.may("UpdateMetadataFunction", "dynamodb", "transact_write_items", **transaction)
        )

    def noted(self, text: str) -> bool:
        """Whether trigger noted the text."""
        key = {"pk": {"S": "JOB#noted"}, "sk": {"S": text}}
        answer = self.cloud.client("dynamodb").get_item(TableName=self.outputs["Table"], Key=key)
        return "Item" in answer

    def test_trigger_is_told_of_an_upload_by_eventbridge(self) -> None:
        key = "owner/another film, 100%.mp4"
        self.cloud.client("s3").put_object(Bucket=self.outputs["UploadsBucket"], Key=key, Body=b"")
        wait_until(lambda: self.noted(f"Object Created: {key}"))

    def test_trigger_is_told_what_the_uploads_queue_gets(self) -> None:
        queue = self.cloud.client("sqs")
        queue.send_message(QueueUrl=self.outputs["UploadsQueueUrl"], MessageBody="a message")
        wait_until(lambda: self.noted("a message"), seconds=20)

    def test_an_event_that_cannot_be_processed_ends_in_the_queue(self) -> None:
        key = "owner/a film, 100%.mp4"
        self.cloud.client("s3").put_object(Bucket=self.outputs["UploadsBucket"], Key=key, Body=b"")
        queue = self.cloud.client("sqs")
        found: list[Any] = []

        def arrived() -> bool:
            answer = queue.receive_message(QueueUrl=self.outputs["FailedEventsQueueUrl"])
            bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
            found.extend(body for body in bodies if "requestPayload" in body)
            return bool(found)

        wait_until(arrived, seconds=20)
        self.assertEqual(found[0]["requestContext"]["approximateInvokeCount"], 3)
        record = found[0]["requestPayload"]["Records"][0]
        self.assertEqual(record["s3"]["object"]["key"], "owner/a+film%2C+100%25.mp4")

    def test_each_function_is_told_what_it_uses_and_no_more(self) -> None:
        stage = {"WORK_BUCKET", "TABLE", "LOG"}
        encoder = stage | {"MEDIA_BUCKET", "FFMPEG", "FFPROBE"}
        server = {f"DATABASE_{part}" for part in ("HOST", "PORT", "NAME", "CA")}
        login = {f"DATABASE_{part}" for part in ("USER", "AUTH", "PASSWORD")}
        api = {"TABLE", "STATE_MACHINE_ARN", "MAX_UPLOAD_BYTES", "LOG"}
        viewing = {"WORK_BUCKET", "ORIGIN", "STACK"}
        keys = {"SIGNING_SECRET", "SIGNING_KEY_ID", "SIGNING_KEY_GENERATION"}
        keys |= {f"OIDC_{part}" for part in ("ISSUER", "CLIENT", "DISCOVERY")}
        capacity = {"BATCH", "ENCODER_MEMORY_MB", "ENCODER_SECONDS"}
        expected = {
            "Trigger": {"TABLE", "STATE_MACHINE_ARN", "UPLOADS_BUCKET", "SWEEP_DAYS", "LOG"},
            "Segment": stage | {"FFMPEG", "FFPROBE"} | capacity,
            "EncodeVideo": encoder,
            "EncodeAudio": encoder,
            "Thumbnail": encoder,
            "AssembleManifest": stage | {"MEDIA_BUCKET"},
            "UpdateMetadata": stage | {"MEDIA_BUCKET"} | server | login,
            "Migrate": {"DATABASE_OWNER_SECRET", "LOG"} | server,
            "SigningKey": {"LOG"},
            "UploadApi": api | {"UPLOADS_BUCKET"},
            "PlayApi": api | viewing | keys | {"MEDIA_BUCKET", "PRIVATE_WEBHOOKS"},
            "Caption": {"TABLE", "MEDIA_BUCKET", "LOG"},
            "Announce": {"TABLE", "EVENT_BUS", "WEBHOOKS_QUEUE_URL", "LOG"},
            "DeliverWebhook": {"TABLE", "WEBHOOKS_QUEUE_URL", "PRIVATE_WEBHOOKS", "LOG"},
        }
        for name, variables in expected.items():
            with self.subTest(name):
                seen = self.cloud.invoke(self.outputs[f"{name}Function"], {"do": "environment"})
                names = {variable.removeprefix("MILLRACE_") for variable in seen}
                self.assertEqual(names, variables)
