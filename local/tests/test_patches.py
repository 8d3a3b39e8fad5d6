"""Each patch against the emulator as it is installed.

The ``stock`` test of a pair pins down what the emulator does wrong, the ``patched`` one that we
put it right. When a stock test fails after an update of the emulator, its patch is not needed
any more.
"""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from millrace_local import patches, process
from millrace_local.patches import host_capacity

from .support import PATCHED, STOCK, Cloud, emulator, wait_until


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
