"""The template's Batch jobs."""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .stacks import Running, with_binaries
from .support import Cloud, wait_until


class HeavyWork(unittest.TestCase):
    """With ``HeavyEncoder=cpu``, the template's Batch jobs run the executable of that name."""

    # Says what it was told, and what its role allows.
    JOB = """#!{python} -I
import json, os, sys
sys.path.extend({path!r})
from botocore.exceptions import ClientError
from botocore.session import Session
s3 = Session().create_client("s3")
def put(bucket, key):
    try:
        s3.put_object(Bucket=os.environ[bucket], Key=key)
        return "allowed"
    except ClientError as error:
        return error.response["Error"]["Code"]
print(json.dumps({{
    "told": sorted(name for name in os.environ if name.startswith("MILLRACE_")),
    "job's": put("MILLRACE_WORK_BUCKET", "jobs/1/a"),
    "another's": put("MILLRACE_WORK_BUCKET", "elsewhere"),
}}))
"""

    def test_a_heavy_job_has_its_variables_and_its_role(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = with_binaries(Path(name))
            job = folder / "bin/heavy-encode"
            job.write_text(self.JOB.format(python=sys.executable, path=sys.path))
            job.chmod(0o755)
            running = Running(folder, "heavy", "HeavyEncoder=cpu")
            self.addCleanup(running.close)
            stack = running.wait_until_ready()
            said = self.run_job(stack)
            running.close()
        # Task token and input are the state machine's to give.
        self.assertEqual(
            said["told"],
            [
                "MILLRACE_DEADLINE_SECONDS",
                "MILLRACE_FFMPEG",
                "MILLRACE_FFPROBE",
                "MILLRACE_HEARTBEAT_SECONDS",
                "MILLRACE_LOG",
                "MILLRACE_MEDIA_BUCKET",
                "MILLRACE_STAGE",
                "MILLRACE_TABLE",
                "MILLRACE_WORK_BUCKET",
            ],
        )
        self.assertEqual((said["job's"], said["another's"]), ("allowed", "AccessDenied"))

    def run_job(self, stack: dict[str, Any]) -> dict[str, Any]:
        """What the last line says that the stack's only heavy-encode job prints."""
        cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])
        batch = cloud.client("batch")
        queue = batch.describe_job_queues()["jobQueues"][0]["jobQueueName"]
        definition = f"millrace-{stack['name']}-heavy-encode"
        job = batch.submit_job(jobName="a", jobQueue=queue, jobDefinition=definition)["jobId"]

        def status() -> str:
            return str(batch.describe_jobs(jobs=[job])["jobs"][0]["status"])

        wait_until(lambda: status() in ("SUCCEEDED", "FAILED"))
        lines = Path(stack["log"]).read_text().splitlines()
        self.assertEqual(status(), "SUCCEEDED", lines)
        return dict(json.loads(lines[-1]))


if __name__ == "__main__":
    unittest.main()
