"""The CDK app, synthesised and deployed beside the SAM template in one emulator.

``MILLRACE_NODE`` names Node.js; without it, or before the app is compiled, there is nothing to test.
`cargo xtask test` runs this when both are there.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from millrace_local.emulator import ACCOUNT, REGION

from . import test_stack
from .stacks import FUNCTIONS, ROOT, Running, with_binaries
from .support import Cloud, wait_until

APP = ROOT / "infra/cdk"
NODE = os.environ.get("MILLRACE_NODE", "")
STACK = "millrace-by-cdk"
# What `cdk bootstrap` creates, by the CDK's own names.
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"


def checkout(folder: Path, binaries: Path) -> Path:
    """As much of a checkout as the app reads, with scripts in place of the functions."""
    for name in FUNCTIONS:
        package = folder / "target/lambda" / name
        package.mkdir(parents=True)
        shutil.copy(binaries / name, package / "bootstrap")
    shutil.copytree(ROOT / "statemachine", folder / "statemachine")
    for name in ("ffmpeg", "rds-ca"):
        layer = folder / "layers" / name
        layer.mkdir(parents=True)
        (layer / "README").write_text(f"{name}: not mounted here")
    return folder


def settings(stack: dict[str, Any]) -> dict[str, str]:
    """Those of the stack that SAM made, as the app's context."""
    database = stack["database"]
    return {
        "stackName": STACK,
        "requireTls": "false",
        "databaseHost": database["host"],
        "databasePort": str(database["port"]),
        "databaseName": database["name"],
        "databaseUser": database["user"],
        "databaseOwnerSecretArn": database["owner_secret"],
        "databaseCaPath": database["ca"],
        "origin": stack["page"].rstrip("/"),
        "signingKeyId": "local",
        "oidcDiscovery": f"{stack['page']}.well-known/openid-configuration",
    }


def synthesise(context: dict[str, str], out: Path) -> dict[str, Any]:
    """Runs the app as the CDK's command line does; returns its template."""
    environment = {**os.environ, "CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([NODE, "build/bin/millrace.js"], cwd=APP, env=environment, check=True)
    return dict(json.loads((out / f"{STACK}.template.json").read_text()))


def assets(out: Path) -> Iterator[tuple[str, bytes]]:
    """Key and content of each file that the app wants uploaded."""
    files = json.loads((out / f"{STACK}.assets.json").read_text())["files"]
    for file in files.values():
        path = out / file["source"]["path"]
        content = zipped(path) if file["source"]["packaging"] == "zip" else path.read_bytes()
        for place in file["destinations"].values():
            yield place["objectKey"], content


def zipped(folder: Path) -> bytes:
    """A package with the folder's files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


@unittest.skipUnless(NODE and (APP / "build/bin/millrace.js").is_file(), "needs the compiled app")
class Deployed(test_stack.Template):
    """What ``test_stack`` sees of SAM's stack from inside its functions, seen of the app's."""

    sam: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = with_binaries(Path(temporary.name))
        cls.running = Running(folder, "template")
        cls.addClassCleanup(cls.running.close)
        stack = cls.stack = cls.running.wait_until_ready()
        cls.sam = stack["outputs"]
        cls.cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])
        root = checkout(folder / "checkout", folder / "bin")
        out = folder / "out"
        template = synthesise(settings(stack) | {"checkout": str(root)}, out)
        cls.outputs = cls.deploy(template, out)

    @classmethod
    def deploy(cls, template: dict[str, Any], out: Path) -> dict[str, str]:
        """Uploads and creates as `cdk deploy` does, and returns the outputs."""
        cls.cloud.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="21", Type="String")
        s3 = cls.cloud.client("s3")
        s3.create_bucket(Bucket=ASSETS)
        for key, content in assets(out):
            s3.put_object(Bucket=ASSETS, Key=key, Body=content)
        s3.put_object(Bucket=ASSETS, Key="template.json", Body=json.dumps(template).encode())
        cloudformation = cls.cloud.client("cloudformation")
        url = f"{s3.meta.endpoint_url}/{ASSETS}/template.json"
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
        cloudformation.create_stack(StackName=STACK, TemplateURL=url, Capabilities=capabilities)

        def described() -> dict[str, Any]:
            return dict(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])

        wait_until(lambda: not described()["StackStatus"].endswith("_IN_PROGRESS"), seconds=60)
        if described()["StackStatus"] != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [event for event in events if "FAILED" in event["ResourceStatus"]]
            raise AssertionError(reasons)
        return {each["OutputKey"]: each["OutputValue"] for each in described()["Outputs"]}

    def filled_in(self, value: Any) -> Any:
        """As there, with this stack's state machine in the place of SAM's."""
        filled = super().filled_in(value)
        if isinstance(filled, str):
            return filled.replace("millrace-template-transcode", f"{STACK}-transcode")
        return filled

    def test_it_has_the_outputs_that_sam_has(self) -> None:
        self.assertEqual(set(self.outputs), set(self.sam))
