"""Each patch against the emulator as it is installed.

The ``stock`` test of a pair pins down what the emulator does wrong, the ``patched`` one that we
put it right. When a stock test fails after an update of the emulator, its patch is not needed
any more.
"""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import SplitResult, urlsplit

from millrace_local import patches, process
from millrace_local.emulator import ACCOUNT, REGION
from millrace_local.patches import host_capacity

from .support import PATCHED, STOCK, Cloud, emulator, error_code, wait_until


class Version(unittest.TestCase):
    """The patches hold for one version."""

    def test_another_version_of_the_emulator_is_refused(self) -> None:
        with mock.patch.object(patches, "version", return_value="1.5.34"):
            with self.assertRaisesRegex(RuntimeError, "1.5.34 is installed.*written for 1.5.33"):
                patches.apply_all()


class ProcessGroup(unittest.TestCase):
    """What a function started ends with it."""

    SOURCE = """
def handle(event):
    child = subprocess.Popen(["sleep", "1000"])
    with open(event["file"], "w") as file:
        file.write(str(child.pid))
    if event["then"] == "crash":
        os._exit(1)
    child.wait()
"""

    def child_outlives(self, cloud: Cloud, then: str) -> bool:
        """Whether the function's child is there after the invocation failed."""
        cloud.create_function("f", self.SOURCE, Timeout=1)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pid"
            failure = cloud.invoke("f", {"file": str(file), "then": then})
            child = int(file.read_text())
        self.assertIn("errorType", failure)
        try:
            wait_until(lambda: child not in process.descendants(os.getpid()), seconds=1.0)
        except AssertionError:
            return True
        return False

    def test_stock_a_child_outlives_a_timeout(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertTrue(self.child_outlives(cloud, "wait"))

    def test_patched_a_timeout_takes_the_child_along(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertFalse(self.child_outlives(cloud, "wait"))

    def test_stock_a_child_outlives_a_crash(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertTrue(self.child_outlives(cloud, "crash"))

    def test_patched_a_crash_takes_the_child_along(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertFalse(self.child_outlives(cloud, "crash"))


class HostCapacity(unittest.TestCase):
    """Encoders share this machine's processors instead of timing out together."""

    SOURCE = """
def handle(event):
    mark = os.path.join(event["folder"], "running-" + str(event["index"]))
    with open(mark, "w"):
        time.sleep(0.7)
    at_once = len([name for name in os.listdir(event["folder"]) if name.startswith("running")])
    os.rename(mark, os.path.join(event["folder"], str(at_once) + "-" + str(event["index"])))
"""

    def most_at_once(self, cloud: Cloud, memory: int) -> int:
        """How many of several invocations run at the same time."""
        function = cloud.create_function("f", self.SOURCE, MemorySize=memory, Timeout=30)
        with tempfile.TemporaryDirectory() as folder:
            task = {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "TimeoutSeconds": 60,
                "End": True,
            }
            count = 2 * host_capacity.SLOTS
            items = [{"folder": folder, "index": index} for index in range(count)]
            ended = cloud.execute(_map({"Encode": task}, "Encode", items))
            self.assertEqual(ended["status"], "SUCCEEDED")
            return max(int(path.name.partition("-")[0]) for path in Path(folder).iterdir())

    def test_stock_all_encoders_run_at_once(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertGreater(self.most_at_once(cloud, 3072), host_capacity.SLOTS)

    def test_patched_encoders_wait_for_a_processor(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertLessEqual(self.most_at_once(cloud, 3072), host_capacity.SLOTS)

    def test_patched_small_functions_do_not_wait(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertGreater(self.most_at_once(cloud, 512), host_capacity.SLOTS)


class MapRun(unittest.TestCase):
    """A Distributed Map ends with its first failure."""

    SOURCE = """
def handle(event):
    with open(event["folder"] + "/" + str(event["index"]), "w"):
        pass
    raise ValueError("broken source")
"""

    def invocations(self, cloud: Cloud) -> int:
        """How many of ten items are started, one at a time, when the first one fails."""
        function = cloud.create_function("f", self.SOURCE, Timeout=30)
        with tempfile.TemporaryDirectory() as folder:
            task = {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "End": True,
            }
            items = [{"folder": folder, "index": index} for index in range(10)]
            ended = cloud.execute(_map({"Encode": task}, "Encode", items, MaxConcurrency=1))
            self.assertEqual(ended["status"], "FAILED")
            self.assertEqual(ended["error"], "States.ExceedToleratedFailureThreshold")
            return len(list(Path(folder).iterdir()))

    def test_stock_all_items_run_after_a_failure(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertEqual(self.invocations(cloud), 10)

    def test_patched_no_item_starts_after_a_failure(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertEqual(self.invocations(cloud), 1)


class TaskToken(unittest.TestCase):
    """A task token belongs to one attempt, and an attempt has to send heartbeats."""

    def setUp(self) -> None:
        self.attempts = 0

    def run_worker(
        self,
        cloud: Cloud,
        work: Callable[[Any, int, str], None],
        *,
        in_map: bool = False,
        **settings: Any,
    ) -> dict[str, Any]:
        """Runs a state that sends its token to a queue.

        ``work(client, attempt, token)`` is what the worker does with the tokens it receives, the
        attempts counted from 0. Returns the ended execution.
        """
        queue = cloud.client("sqs").create_queue(QueueName="workers")["QueueUrl"]
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
            "End": True,
            **settings,
        }
        if in_map:
            machine = _map({"Wait": task}, "Wait", [{}])
        else:
            start = {"Type": "Pass", "Result": {"beat": 1, "limit": 1}, "Next": "Wait"}
            machine = {"StartAt": "Start", "States": {"Start": start, "Wait": task}}
        stop = threading.Event()
        worker = threading.Thread(target=self.receive, args=(cloud, queue, work, stop))
        worker.start()
        try:
            return cloud.execute(machine)
        finally:
            stop.set()
            worker.join()

    def receive(
        self,
        cloud: Cloud,
        queue: str,
        work: Callable[[Any, int, str], None],
        stop: threading.Event,
    ) -> None:
        """Hands each token in the queue to ``work`` until told to stop."""
        states = cloud.client("stepfunctions")
        sqs = cloud.client("sqs")
        while not stop.wait(0.02):
            for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
                self.attempts += 1
                work(states, self.attempts - 1, message["Body"])

    def first_token_after_retry(self, cloud: Cloud) -> str:
        """What SendTaskSuccess with the first attempt's token answers during the second one."""
        tokens: list[str] = []
        answers: list[str] = []

        def work(states: Any, attempt: int, token: str) -> None:
            tokens.append(token)
            if attempt == 0:
                states.send_task_failure(taskToken=token, error="First")
                return
            answers.append(error_code(states.send_task_success, taskToken=tokens[0], output="1"))
            answers.append(error_code(states.send_task_success, taskToken=token, output="2"))

        retry = [{"ErrorEquals": ["First"], "IntervalSeconds": 0, "MaxAttempts": 1}]
        ended = self.run_worker(cloud, work, Retry=retry)
        self.assertEqual(ended["status"], "SUCCEEDED")
        return f"{answers[0]}, output {ended['output']}"

    def test_stock_a_late_worker_completes_the_next_attempt(self) -> None:
        with emulator(STOCK) as cloud:
            # Which of the two answers counts then is a matter of who comes first.
            self.assertRegex(self.first_token_after_retry(cloud), "^none, output [12]$")

    def test_patched_the_token_of_an_ended_attempt_is_refused(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertEqual(self.first_token_after_retry(cloud), "TaskTimedOut, output 2")

    def answers_of_users(self, cloud: Cloud) -> list[str]:
        """What two workers are told, who may answer other machines, and this one."""
        machines = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
        users = [
            cloud.as_user(name, "states:SendTaskSuccess", f"{machines}{name}-*")
            for name in ("other", "machine")
        ]
        answers: list[str] = []

        def work(states: Any, attempt: int, token: str) -> None:
            del states, attempt
            for user in users:
                call = user.client("stepfunctions").send_task_success
                answers.append(error_code(call, taskToken=token, output="1"))

        self.run_worker(cloud, work, TimeoutSeconds=2)
        return answers

    def test_stock_a_worker_of_one_machine_is_denied(self) -> None:
        denied = "AccessDeniedException"
        with emulator(STOCK) as cloud:
            self.assertEqual(self.answers_of_users(cloud), [denied, denied])

    def test_patched_a_worker_may_answer_its_machine(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertEqual(self.answers_of_users(cloud), ["AccessDeniedException", "none"])

    def error_of_silence(self, cloud: Cloud, **settings: Any) -> str:
        """How an attempt ends whose worker never answers."""
        ended = self.run_worker(cloud, lambda *_: None, **settings)
        self.assertEqual(ended["status"], "FAILED")
        return str(ended["error"])

    def test_stock_heartbeats_are_not_waited_for(self) -> None:
        with emulator(STOCK) as cloud:
            error = self.error_of_silence(cloud, HeartbeatSeconds=1, TimeoutSeconds=3)
            self.assertEqual(error, "States.Timeout")

    def test_patched_a_missing_heartbeat_ends_the_attempt(self) -> None:
        with emulator(PATCHED) as cloud:
            error = self.error_of_silence(cloud, HeartbeatSeconds=1, TimeoutSeconds=3)
            self.assertEqual(error, "States.HeartbeatTimeout")

    def error_of_broken_function(self, cloud: Cloud) -> str:
        """How an attempt ends whose function fails before it has told anybody its token."""
        function = cloud.create_function("f", "def handle(event): raise ValueError('broken')")
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": function, "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 2,
            "End": True,
        }
        return str(cloud.execute({"StartAt": "Wait", "States": {"Wait": task}})["error"])

    def test_stock_a_failed_function_is_waited_for(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertEqual(self.error_of_broken_function(cloud), "States.Timeout")

    def test_patched_a_failed_function_ends_the_attempt(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertEqual(self.error_of_broken_function(cloud), "ValueError")

    def test_patched_times_are_read_from_paths(self) -> None:
        for settings, expected in (
            ({"HeartbeatSecondsPath": "$.beat", "TimeoutSeconds": 9}, "States.HeartbeatTimeout"),
            ({"TimeoutSecondsPath": "$.limit"}, "States.Timeout"),
        ):
            with self.subTest(expected), emulator(PATCHED) as cloud:
                self.assertEqual(self.error_of_silence(cloud, **settings), expected)

    def test_patched_heartbeats_keep_an_attempt_alive(self) -> None:
        def work(states: Any, attempt: int, token: str) -> None:
            for _ in range(5):
                time.sleep(0.4)
                states.send_task_heartbeat(taskToken=token)
            states.send_task_success(taskToken=token, output=json.dumps(attempt))

        with emulator(PATCHED) as cloud:
            ended = self.run_worker(cloud, work, HeartbeatSeconds=1)
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", "0"))

    def test_patched_a_map_child_is_retried_after_a_missing_heartbeat(self) -> None:
        tokens: list[str] = []

        def work(states: Any, attempt: int, token: str) -> None:
            tokens.append(token)
            if attempt == 1:
                states.send_task_success(taskToken=token, output=json.dumps(attempt))

        retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 0}]
        with emulator(PATCHED) as cloud:
            ended = self.run_worker(cloud, work, in_map=True, HeartbeatSeconds=1, Retry=retry)
            dead = cloud.client("stepfunctions")
            self.assertEqual(
                error_code(dead.send_task_heartbeat, taskToken=tokens[0]), "TaskTimedOut"
            )
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", "[1]"))


class S3Memory(unittest.TestCase):
    """A client that asks for the rest of an object and leaves early costs no memory."""

    MEGABYTES = 20
    READS = 30

    def growth(self, cloud: Cloud) -> int:
        """By how many MB the emulator grows with reads that are broken off at their beginning."""
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="films")
        s3.put_object(Bucket="films", Key="film.ts", Body=bytes(self.MEGABYTES << 20))
        url = urlsplit(
            s3.generate_presigned_url("get_object", {"Bucket": "films", "Key": "film.ts"})
        )
        before = self.resident()
        for index in range(self.READS):
            self.read_beginning(url, 1000 * index)
        return self.resident() - before

    def read_beginning(self, url: SplitResult, offset: int) -> None:
        """Asks for everything from ``offset`` on and closes after the first bytes."""
        connection = http.client.HTTPConnection(str(url.hostname), int(url.port or 0))
        connection.request(
            "GET", f"{url.path}?{url.query}", headers={"Range": f"bytes={offset}-"}
        )
        response = connection.getresponse()
        self.assertEqual(response.status, 206)
        self.assertEqual(len(response.read(100_000)), 100_000)
        response.close()
        connection.close()

    def resident(self) -> int:
        """The memory of the emulator in MB."""
        pages = 0
        for pid in process.descendants(os.getpid()):
            # proc(5): the second field is the resident set size.
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    def test_stock_each_read_keeps_the_rest_of_the_object(self) -> None:
        with emulator(STOCK) as cloud:
            self.assertGreater(self.growth(cloud), self.MEGABYTES * self.READS // 2)

    def test_patched_broken_off_reads_leave_nothing(self) -> None:
        with emulator(PATCHED) as cloud:
            self.assertLess(self.growth(cloud), 5 * self.MEGABYTES)

    def test_patched_a_large_object_arrives_whole(self) -> None:
        body = os.urandom(1 << 20) * 5 + b"end"
        with emulator(PATCHED) as cloud:
            s3 = cloud.client("s3")
            s3.create_bucket(Bucket="films")
            s3.put_object(Bucket="films", Key="film.ts", Body=body)
            self.assertEqual(s3.get_object(Bucket="films", Key="film.ts")["Body"].read(), body)


def _map(states: dict[str, Any], start: str, items: list[Any], **more: Any) -> dict[str, Any]:
    """A state machine with a Distributed Map over ``items``."""
    return {
        "StartAt": "Items",
        "States": {
            "Items": {"Type": "Pass", "Result": items, "Next": "Map"},
            "Map": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": start,
                    "States": states,
                },
                "End": True,
                **more,
            },
        },
    }
