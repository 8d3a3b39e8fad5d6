"""A whole stack, from the real template, with scripts in place of the function binaries."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

from millrace_local import process

from .support import Cloud, bootstrap, wait_until

ROOT = Path(__file__).parent.parent.parent
FUNCTIONS = (
    "trigger",
    "segment",
    "encode-video",
    "encode-audio",
    "thumbnail",
    "assemble-manifest",
    "update-metadata",
)

# Does what its event says, with the permissions of its role.
PROBE = """
def handle(event):
    if "Records" in event:
        raise ValueError("cannot process this event")
    if event["do"] == "sleep":
        subprocess.run(["sleep", "1000"])
    elif event["do"] == "environment":
        return {name: value for name, value in os.environ.items() if name.startswith("MILLRACE_")}
    else:
        from botocore.session import Session
        client = Session().create_client(event["service"])
        getattr(client, event["do"])(**event["with"])
        return "allowed"
"""


class Running:
    """A supervisor as ``cargo xtask`` starts it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "millrace_local",
                "--name",
                name,
                "--folder",
                str(self.folder),
                "--logs",
                str(folder / "logs" / name),
                "--cache",
                str(folder / "packages"),
                "--template",
                str(ROOT / "infra/sam/template.yaml"),
                "--binaries",
                str(folder / "bin"),
                "--ffmpeg",
                "/nowhere/ffmpeg",
                "--ffprobe",
                "/nowhere/ffprobe",
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT / "local")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def wait_until_ready(self) -> dict[str, Any]:
        """The stack's description."""
        assert self.process.stdout is not None
        messages = [json.loads(line) for line in self.process.stdout]
        if "ready" not in messages[-1]:
            raise AssertionError(f"the stack did not come up: {messages}")
        return dict(json.loads((self.folder / "stack.json").read_text()))

    def close(self) -> None:
        """Takes it down and closes our ends of its pipes."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def with_binaries(folder: Path) -> Path:
    """``folder``, with an executable for each function."""
    (folder / "bin").mkdir()
    for name in FUNCTIONS:
        path = folder / "bin" / name
        path.write_bytes(bootstrap(PROBE))
        path.chmod(0o755)
    return folder


def everything_below(pid: int) -> set[int]:
    """A process and what it started."""
    return {pid} | process.descendants(pid)


def alive(pids: set[int]) -> set[int]:
    """Those that still run. They were ours, so their numbers are not reused that quickly."""
    return {pid for pid in pids if process.state(pid) not in (None, "Z", "X")}


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
        for seconds in (0.2, 0.6, 1.0, 1.4):
            with self.subTest(seconds=seconds):
                running = self.start("unfinished")
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
        event = {"do": operation, "service": service, "with": arguments}
        answer = self.cloud.invoke(self.outputs[function], event)
        if answer == "allowed":
            return True
        denied = "AccessDenied" in answer["errorMessage"]
        # Any other error came after the permission.
        self.assertTrue(denied or "NoSuchKey" in answer["errorMessage"], answer)
        return not denied

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

    def test_only_trigger_starts_executions(self) -> None:
        machine = self.outputs["StateMachineArn"]
        for name in ("Segment", "UpdateMetadata"):
            with self.subTest(name):
                self.assertFalse(
                    self.may(
                        f"{name}Function",
                        "stepfunctions",
                        "start_execution",
                        stateMachineArn=machine,
                    )
                )

    def test_only_update_metadata_and_trigger_create_records(self) -> None:
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        put = {"TableName": self.outputs["Table"], "Item": item}
        transaction = {"TransactItems": [{"Put": put}]}
        self.assertTrue(self.may("TriggerFunction", "dynamodb", "put_item", **put))
        self.assertTrue(
            self.may("UpdateMetadataFunction", "dynamodb", "transact_write_items", **transaction)
        )
        self.assertFalse(self.may("SegmentFunction", "dynamodb", "put_item", **put))

    def test_an_event_that_cannot_be_processed_ends_in_the_queue(self) -> None:
        key = "owner/a film, 100%.mp4"
        self.cloud.client("s3").put_object(Bucket=self.outputs["UploadsBucket"], Key=key, Body=b"")
        queue = self.cloud.client("sqs")
        found: list[Any] = []

        def arrived() -> bool:
            answer = queue.receive_message(QueueUrl=self.outputs["FailedEventsQueueUrl"])
            found.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
            return bool(found)

        wait_until(arrived, seconds=20)
        self.assertEqual(found[0]["requestContext"]["approximateInvokeCount"], 3)
        record = found[0]["requestPayload"]["Records"][0]
        self.assertEqual(record["s3"]["object"]["key"], "owner/a+film%2C+100%25.mp4")

    def test_each_function_is_told_what_it_uses_and_no_more(self) -> None:
        stage = {"WORK_BUCKET", "TABLE", "LOG"}
        encoder = stage | {"MEDIA_BUCKET", "FFMPEG", "FFPROBE"}
        parts = ("HOST", "PORT", "NAME", "USER", "AUTH", "PASSWORD")
        database = {f"DATABASE_{part}" for part in parts}
        expected = {
            "Trigger": {"TABLE", "STATE_MACHINE_ARN", "LOG"},
            "Segment": stage | {"FFMPEG", "FFPROBE"},
            "EncodeVideo": encoder,
            "EncodeAudio": encoder,
            "Thumbnail": encoder,
            "AssembleManifest": stage | {"MEDIA_BUCKET"},
            "UpdateMetadata": stage | {"MEDIA_BUCKET"} | database,
        }
        for name, variables in expected.items():
            with self.subTest(name):
                seen = self.cloud.invoke(self.outputs[f"{name}Function"], {"do": "environment"})
                names = {variable.removeprefix("MILLRACE_") for variable in seen}
                self.assertEqual(names, variables)
