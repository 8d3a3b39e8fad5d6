"""Batch jobs in the emulator, as it is installed and as we patch it.

The job is a script; its first argument says what it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace_local import process
from millrace_local.emulator import ACCOUNT, REGION
from millrace_local.patches import host_capacity

from .support import PATCHED, STOCK, Cloud, emulator, error_code, wait_until

_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tools/encoder:1.2"

# Each attempt appends what it was given to the file that REPORT names.
_JOB = """#!{python} -I
import json, os, signal, subprocess, sys
sys.path.extend({path!r})
if sys.argv[1] == "ignore":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"]) if sys.argv[1] in ("wait", "ignore") else None
report = {{"arguments": sys.argv[1:], "child": child and child.pid, **os.environ}}
with open(os.environ["REPORT"], "a") as file:
    file.write(json.dumps(report) + "\\n")
print("attempt", os.environ["AWS_BATCH_JOB_ATTEMPT"], flush=True)

def client(service):
    from botocore.session import Session
    return Session().create_client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])

if child:
    child.wait()
elif sys.argv[1] == "fail":
    sys.exit(3)
elif sys.argv[1] == "fail-first" and os.environ["AWS_BATCH_JOB_ATTEMPT"] == "1":
    sys.exit(3)
elif sys.argv[1] == "list":
    client("s3").list_buckets()
elif sys.argv[1] == "answer":
    client("stepfunctions").send_task_success(taskToken=os.environ["TOKEN"], output='"answered"')
"""


@dataclass
class Batch:
    """A job queue, and definitions of jobs that run the script."""

    cloud: Cloud
    folder: Path

    def __post_init__(self) -> None:
        self.client = self.cloud.client("batch")
        self.client.create_compute_environment(computeEnvironmentName="machines", type="MANAGED")
        self.client.create_job_queue(
            jobQueueName="queue",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "machines"}],
        )

    @property
    def reports(self) -> list[dict[str, Any]]:
        """What each attempt was given."""
        path = self.folder / "report"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def define(self, *command: str, image: str = _IMAGE, **settings: Any) -> str:
        """Registers a definition; returns its ARN."""
        properties = {
            "image": image,
            "command": list(command),
            "environment": _pairs(REPORT=str(self.folder / "report"), SPEED="slow", KIND="movie"),
            **settings.pop("properties", {}),
        }
        definition = self.client.register_job_definition(
            jobDefinitionName="encode", type="container", containerProperties=properties, **settings
        )
        return str(definition["jobDefinitionArn"])

    def submit(self, definition: str, **settings: Any) -> str:
        """Submits a job; returns its number."""
        job = self.client.submit_job(
            jobName="job", jobQueue="queue", jobDefinition=definition, **settings
        )
        return str(job["jobId"])

    def describe(self, job: str) -> dict[str, Any]:
        """The job as it is now."""
        described: dict[str, Any] = self.client.describe_jobs(jobs=[job])["jobs"][0]
        return described

    def wait(self, job: str, *statuses: str) -> dict[str, Any]:
        """The job, once it has one of ``statuses``; without any, once it has ended."""
        wanted = statuses or ("SUCCEEDED", "FAILED")
        wait_until(lambda: self.describe(job)["status"] in wanted, seconds=20.0)
        return self.describe(job)

    def wait_for_children(self, count: int = 1) -> list[int]:
        """The processes that waiting jobs have started, once ``count`` jobs have."""
        wait_until(lambda: len(self.reports) >= count)
        return [report["child"] for report in self.reports]


def _pairs(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


@contextlib.contextmanager
def _batch(module: str) -> Iterator[Batch]:
    """An emulator with the script as the image's executable."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "encoder"
        script.write_text(_JOB.format(python=sys.executable, path=sys.path))
        script.chmod(0o755)
        log = folder / "functions.log"
        with emulator(module, images={"encoder": script}, function_log=log) as cloud:
            yield Batch(cloud, folder)


def _has_gone(pid: int) -> bool:
    return pid not in process.descendants(os.getpid())


class Jobs(unittest.TestCase):
    """A submitted job is a process."""

    def status_of_failing_job(self, module: str) -> str:
        with _batch(module) as batch:
            return str(batch.wait(batch.submit(batch.define("fail")))["status"])

    def test_stock_a_job_succeeds_without_running(self) -> None:
        self.assertEqual(self.status_of_failing_job(STOCK), "SUCCEEDED")

    def test_patched_a_job_fails_as_its_process_does(self) -> None:
        self.assertEqual(self.status_of_failing_job(PATCHED), "FAILED")

    def test_patched_a_job_has_the_environment_and_command_of_its_submission(self) -> None:
        with _batch(PATCHED) as batch:
            definition = batch.define("run", "Ref::input", parameters={"input": "none"})
            job = batch.submit(
                definition,
                parameters={"input": "film.mp4"},
                containerOverrides={
                    "environment": _pairs(SPEED="fast", TOKEN="t"),
                    "resourceRequirements": [{"type": "GPU", "value": "1"}],
                },
            )
            ended = batch.wait(job)
            report = batch.reports[0]
            log = (batch.folder / "functions.log").read_text()
        self.assertEqual(ended["status"], "SUCCEEDED")
        self.assertEqual(ended["container"]["exitCode"], 0)
        self.assertEqual(
            ended["container"]["resourceRequirements"], [{"type": "GPU", "value": "1"}]
        )
        self.assertEqual(report["arguments"], ["run", "film.mp4"])
        self.assertEqual(
            (report["KIND"], report["SPEED"], report["TOKEN"]), ("movie", "fast", "t")
        )
        self.assertEqual(report["AWS_BATCH_JOB_ID"], job)
        self.assertEqual(report["AWS_BATCH_JQ_NAME"], "queue")
        self.assertEqual(report["AWS_REGION"], REGION)
        self.assertIn(f"--- encoder {job}:1 ended after", log)
        self.assertIn("attempt 1\n", log)

    def test_patched_a_failed_attempt_is_retried(self) -> None:
        with _batch(PATCHED) as batch:
            definition = batch.define("fail-first", retryStrategy={"attempts": 3})
            ended = batch.wait(batch.submit(definition))
        self.assertEqual(ended["status"], "SUCCEEDED")
        exit_codes = [attempt["container"]["exitCode"] for attempt in ended["attempts"]]
        self.assertEqual(exit_codes, [3, 0])

    def test_patched_an_image_without_executable_fails_with_a_reason(self) -> None:
        with _batch(PATCHED) as batch:
            ended = batch.wait(batch.submit(batch.define("run", image="elsewhere/decoder:1")))
        self.assertEqual(ended["status"], "FAILED")
        self.assertIn("CannotPullContainerError", ended["statusReason"])

    def test_patched_a_queue_or_definition_that_is_not_there_is_refused(self) -> None:
        with _batch(PATCHED) as batch:
            definition = batch.define("run")
            for queue, wanted in (("nowhere", definition), ("queue", "nothing:1")):
                with self.subTest(queue=queue):
                    refused = error_code(
                        batch.client.submit_job, jobName="j", jobQueue=queue, jobDefinition=wanted
                    )
                    self.assertEqual(refused, "ClientException")

    def test_patched_a_job_may_do_what_its_role_allows(self) -> None:
        with _batch(PATCHED) as batch:
            role = batch.cloud.create_role("job-role", "ecs-tasks.amazonaws.com")
            definition = batch.define("list", properties={"jobRoleArn": role})
            self.assertEqual(batch.wait(batch.submit(definition))["status"], "FAILED")
            self.assertIn("AccessDenied", (batch.folder / "functions.log").read_text())
            allow = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
            batch.cloud.client("iam").put_role_policy(
                RoleName="job-role",
                PolicyName="list",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}),
            )
            self.assertEqual(batch.wait(batch.submit(definition))["status"], "SUCCEEDED")

    def test_patched_a_job_without_a_role_has_no_credentials(self) -> None:
        with _batch(PATCHED) as batch:
            batch.wait(batch.submit(batch.define("run")))
            self.assertNotIn("AWS_SECRET_ACCESS_KEY", batch.reports[0])


class Stopping(unittest.TestCase):
    """A job ends with all that it started."""

    def test_patched_a_timeout_takes_the_whole_group_along_and_is_not_retried(self) -> None:
        with _batch(PATCHED) as batch:
            definition = batch.define("wait", retryStrategy={"attempts": 2})
            job = batch.submit(definition, timeout={"attemptDurationSeconds": 1})
            [child] = batch.wait_for_children()
            ended = batch.wait(job)
            self.assertEqual(ended["statusReason"], "Job attempt duration exceeded timeout")
            self.assertEqual(len(ended["attempts"]), 1)
            self.assertTrue(_has_gone(child))

    def test_patched_terminate_asks_first_and_kills_then(self) -> None:
        for what, exit_code in (("wait", 143), ("ignore", 137)):
            with self.subTest(what), _batch(PATCHED) as batch:
                job = batch.submit(batch.define(what))
                [child] = batch.wait_for_children()
                batch.client.terminate_job(jobId=job, reason="not wanted any more")
                ended = batch.wait(job)
                self.assertEqual(ended["statusReason"], "not wanted any more")
                self.assertEqual(ended["container"]["exitCode"], exit_code)
                self.assertTrue(ended["isTerminated"])
                self.assertTrue(_has_gone(child))

    def test_patched_cancel_ends_waiting_jobs_only(self) -> None:
        with _batch(PATCHED) as batch:
            definition = batch.define("wait")
            running = [batch.submit(definition) for _ in range(host_capacity.SLOTS)]
            batch.wait_for_children(len(running))
            waiting = batch.submit(definition)
            batch.wait(waiting, "RUNNABLE")
            for job in (waiting, running[0]):
                batch.client.cancel_job(jobId=job, reason="changed my mind")
            ended = batch.wait(waiting)
            self.assertEqual(
                (ended["status"], ended["statusReason"]), ("FAILED", "changed my mind")
            )
            time.sleep(0.2)
            self.assertEqual(batch.describe(running[0])["status"], "RUNNING")

    def test_patched_jobs_end_with_the_emulator(self) -> None:
        with _batch(PATCHED) as batch:
            batch.submit(batch.define("wait"))
            [child] = batch.wait_for_children()
            batch.cloud.stop()
            self.assertTrue(_has_gone(child))


class Resources(unittest.TestCase):
    """A template may have compute environments, queues and job definitions."""

    TEMPLATE = {
        "Resources": {
            "Machines": {
                "Type": "AWS::Batch::ComputeEnvironment",
                "Properties": {"Type": "MANAGED"},
            },
            "Queue": {
                "Type": "AWS::Batch::JobQueue",
                "Properties": {
                    "Priority": 1,
                    "ComputeEnvironmentOrder": [
                        {"Order": 1, "ComputeEnvironment": {"Ref": "Machines"}}
                    ],
                },
            },
            "Encode": {
                "Type": "AWS::Batch::JobDefinition",
                "Properties": {
                    "JobDefinitionName": "encode",
                    "Type": "container",
                    "Parameters": {"Input": "none"},
                    "RetryStrategy": {"Attempts": 2},
                    "ContainerProperties": {
                        "Image": _IMAGE,
                        "Command": ["fail", "Ref::Input"],
                        "ResourceRequirements": [{"Type": "VCPU", "Value": "4"}],
                    },
                },
            },
        },
        "Outputs": {
            "Machines": {"Value": {"Fn::GetAtt": ["Machines", "ComputeEnvironmentArn"]}},
            "Queue": {"Value": {"Fn::GetAtt": ["Queue", "JobQueueArn"]}},
            "Encode": {"Value": {"Ref": "Encode"}},
        },
    }

    def deploy(self, cloud: Cloud, *, update: bool = False, **environment: str) -> dict[str, Any]:
        """Creates or updates the stack; returns its description."""
        body = json.loads(json.dumps(self.TEMPLATE))
        container = body["Resources"]["Encode"]["Properties"]["ContainerProperties"]
        container["Environment"] = [
            {"Name": name, "Value": value} for name, value in environment.items()
        ]
        cloudformation = cloud.client("cloudformation")
        call = cloudformation.update_stack if update else cloudformation.create_stack
        call(StackName="stack", TemplateBody=json.dumps(body))

        def describe() -> dict[str, Any]:
            stack: dict[str, Any] = cloudformation.describe_stacks(StackName="stack")["Stacks"][0]
            return stack

        wait_until(lambda: not describe()["StackStatus"].endswith("_IN_PROGRESS"))
        return describe()

    def test_stock_such_a_template_is_refused(self) -> None:
        with _batch(STOCK) as batch:
            self.assertEqual(error_code(self.deploy, cloud=batch.cloud), "ValidationError")

    def test_patched_references_are_arns_and_jobs_run_by_them(self) -> None:
        with _batch(PATCHED) as batch:
            stack = self.deploy(batch.cloud, REPORT=str(batch.folder / "report"))
            self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE")
            outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
            prefix = f"arn:aws:batch:{REGION}:{ACCOUNT}"
            self.assertEqual(
                outputs,
                {
                    "Machines": f"{prefix}:compute-environment/stack-Machines",
                    "Queue": f"{prefix}:job-queue/stack-Queue",
                    "Encode": f"{prefix}:job-definition/encode:1",
                },
            )
            job = batch.client.submit_job(
                jobName="job",
                jobQueue=outputs["Queue"],
                jobDefinition=outputs["Encode"],
                parameters={"Input": "film.mp4"},
            )["jobId"]
            ended = batch.wait(job)
            self.assertEqual(len(ended["attempts"]), 2)
            self.assertEqual(batch.reports[0]["arguments"], ["fail", "film.mp4"])

    def test_patched_an_update_registers_the_next_revision(self) -> None:
        with _batch(PATCHED) as batch:
            self.deploy(batch.cloud, SPEED="slow")
            stack = self.deploy(batch.cloud, SPEED="fast", update=True)
            self.assertEqual(stack["StackStatus"], "UPDATE_COMPLETE")
            definitions = batch.client.describe_job_definitions(jobDefinitionName="encode")
            statuses = [item["status"] for item in definitions["jobDefinitions"]]
            self.assertEqual(statuses, ["INACTIVE", "ACTIVE"])


class States(unittest.TestCase):
    """A state machine submits jobs, and waits for them in three ways."""

    def run_task(
        self, batch: Batch, resource: str, command: str, pairs: Any = ()
    ) -> dict[str, Any]:
        """Runs a state machine of one task that submits a job; returns the ended execution."""
        role = batch.cloud.create_role("job-role", "ecs-tasks.amazonaws.com")
        machines = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine-*"
        allow = {"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": machines}
        batch.cloud.client("iam").put_role_policy(
            RoleName="job-role",
            PolicyName="answer",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}),
        )
        task = {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Parameters": {
                "JobName": "job",
                "JobQueue": "queue",
                "JobDefinition": batch.define("run", properties={"jobRoleArn": role}),
                "ContainerOverrides": {
                    "Command": [command],
                    "Environment": [{"Name": "SPEED", "Value": "fast"}, *pairs],
                    "ResourceRequirements": [{"Type": "GPU", "Value": "1"}],
                },
            },
            "TimeoutSeconds": 20,
            "End": True,
        }
        return batch.cloud.execute({"StartAt": "Encode", "States": {"Encode": task}})

    def test_stock_jobs_cannot_be_submitted(self) -> None:
        for resource in ("batch:submitJob.sync", "aws-sdk:batch:submitJob.waitForTaskToken"):
            with self.subTest(resource), _batch(STOCK) as batch:
                ended = self.run_task(batch, resource, "run")
                self.assertEqual((ended["status"], ended["error"]), ("FAILED", "States.Runtime"))

    def test_patched_submit_does_not_wait(self) -> None:
        for resource in ("batch:submitJob", "aws-sdk:batch:submitJob"):
            with self.subTest(resource), _batch(PATCHED) as batch:
                ended = self.run_task(batch, resource, "wait")
                self.assertEqual(ended["status"], "SUCCEEDED")
                output = json.loads(ended["output"])
                self.assertEqual(set(output), {"JobId", "JobName", "JobArn"})
                batch.wait(output["JobId"], "RUNNING")
                batch.wait_for_children()
                self.assertEqual(batch.reports[0]["SPEED"], "fast")

    def test_patched_sync_waits_for_the_end(self) -> None:
        with _batch(PATCHED) as batch:
            ended = self.run_task(batch, "batch:submitJob.sync", "run")
            self.assertEqual(ended["status"], "SUCCEEDED")
            output = json.loads(ended["output"])
            self.assertEqual(output["Status"], "SUCCEEDED")
            self.assertEqual(output["Container"]["ExitCode"], 0)

    def test_patched_sync_fails_with_the_job(self) -> None:
        with _batch(PATCHED) as batch:
            ended = self.run_task(batch, "batch:submitJob.sync", "fail")
            self.assertEqual((ended["status"], ended["error"]), ("FAILED", "States.TaskFailed"))
            self.assertEqual(json.loads(ended["cause"])["Container"]["ExitCode"], 3)

    def test_patched_a_job_answers_with_its_token(self) -> None:
        token = {"Name": "TOKEN", "Value.$": "$$.Task.Token"}
        with _batch(PATCHED) as batch:
            resource = "aws-sdk:batch:submitJob.waitForTaskToken"
            ended = self.run_task(batch, resource, "answer", pairs=[token])
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", '"answered"'))
