"""One AWS Batch job as a native process.

In place of the container image an executable of this machine runs: ``LOCAL_BATCH_IMAGES``, a
JSON object in the emulator's environment, names one per repository. The job has the environment,
the command and the permissions that it has on AWS; no memory or processor limit, and no file
system of its own.

https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
"""

from __future__ import annotations

import contextvars
import json
import os
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import ministack.services.batch as batch
from ministack.core.responses import get_account_id, get_region
from ministack.services import sts

from .. import function_log
from . import host_capacity, process_group

IMAGES = "LOCAL_BATCH_IMAGES"

SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
ENDED = (SUCCEEDED, FAILED)

# Between SIGTERM and SIGKILL, in seconds. On AWS it is 30; not worth waiting for.
_GRACE = 5.0
_POLL = 0.05
# Whose the emulator itself has; a job without a role has none.
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# A job is RUNNABLE until this machine has a processor for it.
_slots = threading.BoundedSemaphore(host_capacity.SLOTS)


@dataclass(frozen=True)
class Container:
    """What a job runs: its definition, with the overrides of its submission."""

    image: str
    command: list[str]
    environment: dict[str, str]
    role: str | None
    """The ARN of the job role."""

    @property
    def repository(self) -> str:
        """The last part of the image's name, without tag and digest."""
        return self.image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]


@dataclass(frozen=True)
class _Outcome:
    """How an attempt ended."""

    exit_code: int | None
    """None where the process did not start."""
    reason: str
    may_retry: bool = True


@dataclass
class Job:
    """One submitted job; its record is in the emulator's own list."""

    id: str
    container: Container
    attempts: int
    """How often it is tried."""
    seconds: float | None
    """How long an attempt may take."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _stop_reason: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """What DescribeJobs answers."""
        found: dict[str, Any] = batch._jobs[self.id]
        return found

    def start(self) -> None:
        """Runs it in a thread of its own, in the caller's account and region."""
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), daemon=True, name=self.id).start()

    def stop(self, reason: str, *, mark: str) -> None:
        """Ends it as failed; ``mark`` is what the record says about who asked for it."""
        self._stop_reason = reason
        self._change(**{mark: True})
        self._stopping.set()

    def _run(self) -> None:
        self._change(status="RUNNABLE")
        if not self._wait_for_processor():
            self._change(status=FAILED, statusReason=self._stop_reason, stoppedAt=batch._now_ms())
            return
        try:
            outcome = self._run_attempts()
        finally:
            _slots.release()
        self._change(
            status=SUCCEEDED if outcome.exit_code == 0 else FAILED,
            statusReason=outcome.reason,
            stoppedAt=batch._now_ms(),
        )

    def _wait_for_processor(self) -> bool:
        """False where the job was stopped meanwhile."""
        while not _slots.acquire(timeout=_POLL):
            if self._stopping.is_set():
                return False
        return True

    def _run_attempts(self) -> _Outcome:
        for number in range(1, self.attempts + 1):
            outcome = self._run_attempt(number)
            if outcome.exit_code == 0 or not outcome.may_retry:
                break
        return outcome

    def _run_attempt(self, number: int) -> _Outcome:
        started = batch._now_ms()
        self._change(status="RUNNING", startedAt=started)
        with tempfile.TemporaryFile() as output:
            outcome = self._run_process(number, output)
            output.seek(0)
            text = output.read().decode(errors="replace")
        ended = batch._now_ms()
        function_log.write(
            self.container.repository,
            f"{self.id}:{number}",
            text or outcome.reason,
            failed=outcome.exit_code != 0,
            duration_ms=ended - started,
        )
        exit_code = {} if outcome.exit_code is None else {"exitCode": outcome.exit_code}
        attempt = {
            "startedAt": started,
            "stoppedAt": ended,
            "statusReason": outcome.reason,
            "container": exit_code,
        }
        self._change(
            attempts=[*self.record["attempts"], attempt],
            container=self.record["container"] | exit_code,
        )
        return outcome

    def _run_process(self, number: int, output: Any) -> _Outcome:
        executable = json.loads(os.environ.get(IMAGES, "{}")).get(self.container.repository)
        if executable is None:
            missing = self.container.image
            return _Outcome(None, f"CannotPullContainerError: {IMAGES} lacks {missing}")
        try:
            child = process_group.spawn(
                [executable, *self.container.command],
                env=self._environment(number),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            return _Outcome(None, f"CannotStartContainerError: {error}")
        try:
            return self._watch(child)
        finally:
            # A container ends with its first process, and everything else in it.
            process_group.kill(child)
            child.wait()

    def _watch(self, child: subprocess.Popen[Any]) -> _Outcome:
        deadline = None if self.seconds is None else time.monotonic() + self.seconds
        while child.poll() is None:
            if self._stopping.wait(_POLL):
                return _Outcome(_terminate(child), self._stop_reason, may_retry=False)
            if deadline is not None and time.monotonic() > deadline:
                # As on AWS: what took too long once is not tried again.
                reason = "Job attempt duration exceeded timeout"
                return _Outcome(_terminate(child), reason, may_retry=False)
        return _Outcome(_exit_code(child), "Essential container in task exited")

    def _environment(self, number: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in _CREDENTIALS}
        return {
            **inherited,
            "AWS_REGION": get_region(),
            "AWS_DEFAULT_REGION": get_region(),
            **self._credentials(),
            **self.container.environment,
            "AWS_BATCH_JOB_ID": self.id,
            "AWS_BATCH_JOB_ATTEMPT": str(number),
            "AWS_BATCH_JQ_NAME": self.record["jobQueue"].rsplit("/", 1)[-1],
            # As for functions: whatever the definition says, it calls this emulator.
            "AWS_ENDPOINT_URL": os.environ.get("AWS_ENDPOINT_URL", ""),
        }

    def _credentials(self) -> dict[str, str]:
        """A session of the job role, as functions get one of theirs."""
        if self.container.role is None:
            return {}
        role = self.container.role.rsplit("/", 1)[-1]
        # In IAM, the prefix of a temporary key.
        access_key = f"ASIA{secrets.token_hex(8).upper()}"
        secret_key, token = secrets.token_hex(20), secrets.token_hex(32)
        session = {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role}/{self.id}",
            "UserId": f"{role}:{self.id}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        }
        sts.register_session(access_key, session)
        return dict(zip(_CREDENTIALS, (access_key, secret_key, token), strict=True))

    def _change(self, **changes: Any) -> None:
        # A new record, never a changed one: another thread may be writing it out as JSON.
        batch._jobs[self.id] = self.record | changes


def _terminate(child: subprocess.Popen[Any]) -> int:
    """SIGTERM to the whole group, then SIGKILL; returns the exit code."""
    try:
        # Not reaped yet, so the number still is this group's.
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process_group.kill(child)
        child.wait()
    return _exit_code(child)


def _exit_code(child: subprocess.Popen[Any]) -> int:
    """As a container runtime counts it: 128 plus the number of the signal that ended it."""
    code: int = child.returncode
    return 128 - code if code < 0 else code
