"""Deploys the template into the emulator as CloudFormation does on AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session

from . import package, template
from .emulator import REGION, Emulator
from .errors import StackError

_DEPLOY_SECONDS = 60.0


@dataclass
class Deployment:
    """What is deployed, and from where."""

    stack: str
    template: Path
    binaries: Path
    """The folder with one executable per function, named as the last part of its CodeUri."""
    cache: Path

    @property
    def bucket(self) -> str:
        """Where the packages are uploaded to."""
        return f"{self.stack}-artifacts"


def pack(deployment: Deployment) -> None:
    """Packs the functions. Needs no emulator, so it runs while that starts."""
    binaries = [deployment.binaries / name for name in _function_names(deployment)]
    # Compressing releases the interpreter lock.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda binary: package.function_zip(binary, deployment.cache), binaries))
    package.forget_old(deployment.cache)


def upload(deployment: Deployment, emulator: Emulator) -> None:
    """Uploads the packages, as ``sam package`` does."""
    s3 = client("s3", emulator)
    s3.create_bucket(Bucket=deployment.bucket)

    def put(kind: str, path: Path) -> str:
        packed = _packed(deployment, kind, path)
        with packed.open("rb") as file:
            s3.put_object(Bucket=deployment.bucket, Key=packed.name, Body=file)
        return ""

    _with_local_files(deployment, put)


def keep_login(name: str, user: str, password: str, emulator: Emulator) -> str:
    """Keeps a login as RDS keeps its master's; returns the secret's ARN."""
    login = json.dumps({"username": user, "password": password})
    secrets = client("secretsmanager", emulator)
    return str(secrets.create_secret(Name=name, SecretString=login)["ARN"])


def deploy(
    deployment: Deployment, parameters: dict[str, str], emulator: Emulator
) -> dict[str, str]:
    """Creates the stack from uploaded packages, waits, and returns the template's outputs.

    Raises:
        StackError: a resource could not be created; the text names it and why.
    """
    body = _with_local_files(
        deployment,
        lambda kind, path: f"s3://{deployment.bucket}/{_packed(deployment, kind, path).name}",
    )
    # As `sam deploy` does: a template in the call itself may have 51,200 bytes.
    s3 = client("s3", emulator)
    s3.put_object(Bucket=deployment.bucket, Key="template.json", Body=json.dumps(body).encode())
    cloudformation = client("cloudformation", emulator)
    cloudformation.create_stack(
        StackName=deployment.stack,
        TemplateURL=f"{emulator.endpoint}/{deployment.bucket}/template.json",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        OnFailure="DO_NOTHING",
    )
    stack = _wait(deployment.stack, cloudformation)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def client(service: str, emulator: Emulator) -> Any:
    """A client of one of the emulator's services, with the rights of an administrator."""
    return Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=emulator.endpoint,
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        config=Config(
            retries={"max_attempts": 1},
            # On loopback nobody changes a body on its way; hashing packages twice takes longer
            # than sending them.
            request_checksum_calculation="when_required",
            s3={"addressing_style": "path", "payload_signing_enabled": False},
        ),
    )


def _function_names(deployment: Deployment) -> list[str]:
    names: list[str] = []

    def collect(kind: str, path: Path) -> str:
        if kind == "AWS::Serverless::Function":
            names.append(path.name)
        return ""

    _with_local_files(deployment, collect)
    return names


def _with_local_files(
    deployment: Deployment, replacement: Callable[[str, Path], str]
) -> template.Template:
    """The template, with what `replacement` gives in the place of each local file."""
    body = template.load(deployment.template)
    template.replace_local_files(body, deployment.template.parent, replacement)
    return body


def _packed(deployment: Deployment, kind: str, path: Path) -> Path:
    if kind == "AWS::Serverless::Function":
        return package.function_zip(deployment.binaries / path.name, deployment.cache)
    if kind == "AWS::Serverless::LayerVersion":
        return package.placeholder_zip(deployment.cache)
    return path


def _wait(stack: str, cloudformation: Any) -> dict[str, Any]:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while time.monotonic() < deadline:
        description: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        status = description["StackStatus"]
        if status == "CREATE_COMPLETE":
            return description
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    raise StackError("\n  ".join([f"the template could not be deployed ({status}):", *reasons]))
